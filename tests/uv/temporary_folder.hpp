#pragma once

#include <filesystem>
#include <fstream>
#include <gauntlet/uv/fs.hpp>
#include <string>
#include <string_view>
#include <system_error>

namespace gauntlet::uv::test {

/// A fresh folder, gone with all that is in it.
class temporary_folder {
 public:
  temporary_folder() : path_(fs::mkdtemp(std::filesystem::temp_directory_path() / "gauntlet-fs-XXXXXX")) {}
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + '/' + std::string(name); }
  std::string make(std::string_view name, std::string_view contents = {}) const {
    std::ofstream(*this / name, std::ios::binary) << contents;
    return *this / name;
  }

 private:
  std::string path_;
};

}  // namespace gauntlet::uv::test
