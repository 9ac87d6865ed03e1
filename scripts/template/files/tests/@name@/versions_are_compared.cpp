#include <catch2/catch_test_macros.hpp>
#include <gauntlet/@name@/library.hpp>
#include <gauntlet/error.hpp>

namespace gauntlet::@name@::test {
namespace {

TEST_CASE("a version is at least another") {
  CHECK(is_at_least(parse_version("1.2.3"), parse_version("1.2.3")));
  CHECK(is_at_least(parse_version("1.10"), parse_version("1.9.9")));
  CHECK_FALSE(is_at_least(parse_version("1.2.3"), parse_version("1.2.4")));
  CHECK_FALSE(is_at_least(parse_version("2.0.0-rc1"), parse_version("2.0.0")));
  CHECK(is_at_least(parse_version("2.0.0"), parse_version("2.0.0-rc1")));
}

TEST_CASE("what is no version is misuse") {
  for (const char* const text : {"", "none", "-1.2", "4294967296", "1000000"})
    CHECK_THROWS_AS(parse_version(text), misuse);
}

TEST_CASE("the library that this was compiled for has a version") {
  CHECK(is_at_least(compiled_version(), version{{0, 0, 1}, true}));
}

}  // namespace
}  // namespace gauntlet::@name@::test
