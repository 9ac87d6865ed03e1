#pragma once
/// What the tests of pipes share.

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "support.hpp"

namespace gauntlet::uv::test {

/// Fresh, and gone with the test.
class temporary_folder {
 public:
  temporary_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gauntlet-uv-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() { std::filesystem::remove_all(path_); }

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Of the uv::error that work throws; a default one if it throws none.
template <class Work>
std::error_code error_of(Work&& work) {
  try {
    work();
  } catch (const error& thrown) {
    return thrown.code();
  }
  return {};
}

/// More than the system takes while nobody reads: what is written after it waits.
inline owned_buffer more_than_fits() { return owned_buffer(std::string(std::size_t{4} << 20, 'x')); }

}  // namespace gauntlet::uv::test
