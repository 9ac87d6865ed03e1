#include <catch2/catch_test_macros.hpp>
#include <gauntlet/outcome.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace gauntlet::test {
namespace {

using failure = std::runtime_error;

TEST_CASE("an outcome has a value, or an error that is thrown instead") {
  outcome<std::string, failure> good = std::string("value");
  CHECK(good);
  CHECK(good.error() == nullptr);
  CHECK(good.value() == "value");
  good.value() += 's';
  CHECK(std::move(good).value() == "values");

  outcome<std::string, failure> bad = failure("why");
  CHECK_FALSE(bad);
  REQUIRE(bad.error() != nullptr);
  CHECK(bad.error()->what() == std::string("why"));
  CHECK_THROWS_AS(bad.value(), failure);
  CHECK_THROWS_AS(std::move(bad).value(), failure);
}

TEST_CASE("an outcome without a value is done or throws") {
  const outcome<void, failure> good;
  CHECK(good);
  CHECK_NOTHROW(good.value());
  const outcome<void, failure> bad = failure("why");
  CHECK_FALSE(bad);
  CHECK_THROWS_AS(bad.value(), failure);
}

TEST_CASE("a value that can only be moved") {
  outcome<std::unique_ptr<int>, failure> given = std::make_unique<int>(4);
  const outcome<std::unique_ptr<int>, failure> moved = std::move(given);
  CHECK(moved);
  CHECK(*outcome<std::unique_ptr<int>, failure>(std::make_unique<int>(4)).value() == 4);
}

// Asked for its index, a std::variant of libstdc++ 12 that has nothing turns a signed -1 into a size, as it
// means to: https://github.com/gcc-mirror/gcc/blob/releases/gcc-12.2.0/libstdc++-v3/include/std/variant,
// which UBSan's check of implicit conversions (clang 19) reports where the header is compiled inside our
// sources.
#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if !__has_feature(undefined_behavior_sanitizer)
struct throws_when_moved {
  explicit throws_when_moved(bool now) noexcept : armed(now) {}
  throws_when_moved(const throws_when_moved& other) : armed(other.armed) {
    if (armed) throw std::logic_error("moved");
  }
  throws_when_moved& operator=(const throws_when_moved&) = default;
  ~throws_when_moved() = default;
  bool armed;
};

TEST_CASE("an outcome that an assignment has left with neither throws, too") {
  outcome<throws_when_moved, failure> broken = failure("before");
  outcome<throws_when_moved, failure> armed = throws_when_moved(false);
  armed.value().armed = true;
  CHECK_THROWS_AS(broken = std::move(armed), std::logic_error);
  CHECK_FALSE(broken);
  if (broken.error() == nullptr)
    CHECK_THROWS_AS(broken.value(), std::bad_variant_access);
  else
    CHECK_THROWS_AS(broken.value(), failure);
}
#endif

}  // namespace
}  // namespace gauntlet::test
