#include <catch2/catch_test_macros.hpp>
#include <exception>
#include <stdexcept>

#include "gauntlet/callback_boundary.hpp"

namespace gauntlet {
namespace {

std::exception_ptr rethrown_by(callback_boundary& boundary) {
  try {
    boundary.rethrow();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

TEST_CASE("work that succeeds leaves nothing to throw") {
  callback_boundary boundary;
  bool ran = false;
  CHECK(boundary.run([&] { ran = true; }));
  CHECK(ran);
  CHECK(rethrown_by(boundary) == nullptr);
}

TEST_CASE("work that throws is answered with false, whatever it throws") {
  callback_boundary boundary;
  CHECK_FALSE(boundary.run([] { throw std::runtime_error("x"); }));
  CHECK_FALSE(boundary.run([] { throw 42; }));
  STATIC_REQUIRE(noexcept(boundary.run([] { throw 42; })));
}

TEST_CASE("the very same exception object comes out again") {
  callback_boundary boundary;
  const std::exception_ptr thrown = std::make_exception_ptr(std::runtime_error("mine"));
  CHECK_FALSE(boundary.run([&] { std::rethrow_exception(thrown); }));

  const std::runtime_error* inside = nullptr;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::runtime_error& failure) {
    inside = &failure;
  }
  try {
    boundary.rethrow();
    FAIL("nothing was thrown");
  } catch (const std::runtime_error& failure) {
    CHECK(&failure == inside);
    CHECK(std::current_exception() == thrown);
  }
}

TEST_CASE("the first exception is kept, what follows from it is not") {
  callback_boundary boundary;
  const std::exception_ptr first = std::make_exception_ptr(1);
  boundary.run([&] { std::rethrow_exception(first); });
  CHECK_FALSE(boundary.run([] { throw 2; }));
  CHECK(boundary.run([] {}));  // later success does not forget it either
  CHECK(rethrown_by(boundary) == first);
}

TEST_CASE("throwing what was kept forgets it, and the boundary can be used again") {
  callback_boundary boundary;
  boundary.run([] { throw 1; });
  CHECK(rethrown_by(boundary) != nullptr);
  CHECK(rethrown_by(boundary) == nullptr);
  const std::exception_ptr second = std::make_exception_ptr(2);
  boundary.run([&] { std::rethrow_exception(second); });
  CHECK(rethrown_by(boundary) == second);
}

TEST_CASE("a callback inside a callback keeps the innermost exception, and the outer one goes on") {
  callback_boundary boundary;
  const std::exception_ptr inner = std::make_exception_ptr(1);
  bool outer_went_on = false;
  const bool ok = boundary.run([&] {
    CHECK_FALSE(boundary.run([&] { std::rethrow_exception(inner); }));
    outer_went_on = true;
  });
  CHECK(ok);
  CHECK(outer_went_on);
  CHECK(rethrown_by(boundary) == inner);
}

TEST_CASE("an exception that nobody fetched dies with the boundary") {
  struct counted {
    explicit counted(int& counter) : count(&counter) { ++*count; }
    counted(const counted& other) : count(other.count) { ++*count; }
    counted& operator=(const counted&) = delete;
    ~counted() { --*count; }
    int* count;
  };
  int alive = 0;
  {
    callback_boundary boundary;
    boundary.run([&] { throw counted(alive); });
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

}  // namespace
}  // namespace gauntlet
