#pragma once
/// What the tests of pipes share.

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <system_error>

#include "support.hpp"
#include "temporary_folder.hpp"

namespace gauntlet::uv::test {

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
