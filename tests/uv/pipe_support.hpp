#pragma once
/// What the tests of pipes share.

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <system_error>

#include "support.hpp"
#include "temporary_folder.hpp"

namespace gauntlet::uv::test {

/// More than the system takes while nobody reads: what is written after it waits.
inline owned_buffer more_than_fits() { return owned_buffer(std::string(std::size_t{4} << 20, 'x')); }

}  // namespace gauntlet::uv::test
