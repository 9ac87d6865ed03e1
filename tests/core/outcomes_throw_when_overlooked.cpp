#include <catch2/catch_test_macros.hpp>
#include <gauntlet/outcome.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

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

struct throws_when_moved {
  explicit throws_when_moved(bool now) noexcept : armed(now) {}
  throws_when_moved(const throws_when_moved& other) : armed(other.armed) {
    if (armed) throw std::logic_error("moved");
  }
  throws_when_moved& operator=(const throws_when_moved&) = default;
  ~throws_when_moved() = default;
  bool armed;
};

TEST_CASE("an outcome whose assignment throws keeps what it had") {
  outcome<throws_when_moved, failure> kept = failure("before");
  outcome<throws_when_moved, failure> armed = throws_when_moved(false);
  armed.value().armed = true;
  CHECK_THROWS_AS(kept = std::move(armed), std::logic_error);
  CHECK_FALSE(kept);
  CHECK_THROWS_AS(kept.value(), failure);
}

TEST_CASE("an outcome may be assigned the other kind, and back") {
  outcome<std::string, failure> changing = std::string("value");
  changing = failure("why");
  CHECK_FALSE(changing);
  CHECK_THROWS_AS(changing.value(), failure);
  changing = std::string("again");
  CHECK(changing.error() == nullptr);
  CHECK(changing.value() == "again");
}

}  // namespace
}  // namespace gauntlet::test
