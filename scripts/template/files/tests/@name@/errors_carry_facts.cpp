#include <catch2/catch_test_macros.hpp>
#include <gauntlet/@name@/error.hpp>
#include <string_view>

namespace gauntlet::@name@::test {
namespace {

TEST_CASE("an error says what failed, and where") {
  const error failure(errc::failed, "try", "a thing", "for a reason", std::source_location::current());
  CHECK(failure.code() == errc::failed);
  const std::string_view text = failure.what();
  for (const std::string_view fact : {"try", "a thing", "for a reason", "failed"})
    CHECK(text.find(fact) != text.npos);
}

TEST_CASE("a number that is no error of the library's has no name") {
  CHECK(name(errc::failed) == "failed");
  CHECK(name(static_cast<errc>(77)).empty());
  CHECK(@name@_category().message(77) == "unknown error");
}

}  // namespace
}  // namespace gauntlet::@name@::test
