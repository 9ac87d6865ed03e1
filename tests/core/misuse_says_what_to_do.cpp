#include <catch2/catch_test_macros.hpp>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include "gauntlet/error.hpp"

namespace gauntlet {
namespace {

TEST_CASE("misuse says which call, what to do instead, and where the call stands") {
  const auto where = std::source_location::current();
  const misuse mistake("png::decoder::start", "make a new one", where);
  CHECK(std::string(mistake.what()) == "png::decoder::start: make a new one; called from " +
                                           std::string(where.file_name()) + ':' +
                                           std::to_string(where.line()));
  CHECK(mistake.operation() == "png::decoder::start");
  CHECK(mistake.where().line() == where.line());
}

TEST_CASE("misuse is a mistake of the program, not an error of the outside") {
  STATIC_REQUIRE(std::is_base_of_v<std::logic_error, misuse>);
  STATIC_REQUIRE(!std::is_base_of_v<error, misuse>);
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<misuse>);
}

TEST_CASE("a misuse that was moved from still knows its operation") {
  misuse original("uv::tcp::read", "close it first", std::source_location::current());
  const misuse moved = std::move(original);
  CHECK(moved.operation() == "uv::tcp::read");
  CHECK(original.operation() == "uv::tcp::read");  // NOLINT(bugprone-use-after-move): it is what is tested
}

}  // namespace
}  // namespace gauntlet
