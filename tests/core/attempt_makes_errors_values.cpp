#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>

#include "gauntlet/error.hpp"

namespace gauntlet {
namespace {

const std::error_code denied = std::make_error_code(std::errc::permission_denied);

// As a wrapper's own error: it adds a fact.
class special_error : public error {
 public:
  special_error(int fact, std::source_location where)
      : error(denied, "open", "in.png", "", where), fact_(fact) {}
  int fact() const noexcept { return fact_; }

 private:
  int fact_;
};

[[noreturn]] void fail() { throw special_error(42, std::source_location::current()); }

TEST_CASE("attempt hands back what the work answers") {
  const std::expected<int, error> result = attempt([] { return 7; });
  REQUIRE(result.has_value());
  CHECK(*result == 7);
}

TEST_CASE("attempt hands back answers that can only be moved") {
  const auto result = attempt([] { return std::make_unique<int>(7); });
  REQUIRE(result.has_value());
  CHECK(**result == 7);
}

TEST_CASE("attempt of work that answers nothing says whether it came to its end") {
  bool ran = false;
  const std::expected<void, error> result = attempt([&] { ran = true; });
  CHECK(result.has_value());
  CHECK(ran);
  CHECK_FALSE(attempt([] { fail(); }).has_value());
}

TEST_CASE("attempt makes an error a value with all its facts") {
  const auto result = attempt([]() -> int { fail(); });
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code() == denied);
  CHECK(result.error().subject() == "in.png");
  CHECK(std::string(result.error().what()).starts_with("in.png: open: "));
}

TEST_CASE("attempt of a wrapper's own error keeps what that error adds") {
  const auto result = attempt<special_error>([]() -> int { fail(); });
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().fact() == 42);
}

TEST_CASE("attempt lets an error pass that is not of the wanted kind") {
  const auto work = [] { throw error(denied, "open", "in.png", "", std::source_location::current()); };
  CHECK_THROWS_AS(attempt<special_error>(work), error);
}

TEST_CASE("attempt lets every other exception pass") {
  CHECK_THROWS_AS(attempt([] { throw std::runtime_error("mine"); }), std::runtime_error);
  CHECK_THROWS_AS(attempt([] { throw misuse("call", "advice", std::source_location::current()); }), misuse);
  CHECK_THROWS_AS(attempt([] { throw 42; }), int);
}

}  // namespace
}  // namespace gauntlet
