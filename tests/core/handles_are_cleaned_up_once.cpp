#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "gauntlet/unique_handle.hpp"

namespace gauntlet {
namespace {

// A C library of two kinds of handles: numbers, where -1 is none, and pointers.
std::vector<int> opened;
std::vector<int> closed;

int open_number(int number) {
  opened.push_back(number);
  return number;
}
int close_number(int number) noexcept {
  closed.push_back(number);
  return 0;
}
int open_nothing() { return -1; }

struct thing {
  int number;
};
thing* open_thing(int number, bool works) noexcept { return works ? new thing{number} : nullptr; }
void close_thing(thing* owned) {
  closed.push_back(owned->number);
  delete owned;
}

using number_handle = unique_handle<open_number, close_number, -1>;
using thing_handle = unique_handle<open_thing, close_thing>;

struct fresh_log {
  fresh_log() {
    opened.clear();
    closed.clear();
  }
};

using log = std::vector<int>;

TEST_CASE_METHOD(fresh_log, "a handle is made once and cleaned up once") {
  {
    const number_handle handle = number_handle::init(3);
    CHECK(handle.get() == 3);
    CHECK(static_cast<bool>(handle));
    CHECK(closed.empty());
  }
  CHECK(opened == log{3});
  CHECK(closed == log{3});
}

TEST_CASE_METHOD(fresh_log, "0 is a handle like any other where -1 is none") {
  {
    const number_handle handle = number_handle::init(0);
    CHECK(static_cast<bool>(handle));
  }
  CHECK(closed == log{0});
}

TEST_CASE_METHOD(fresh_log, "what is none is never cleaned up") {
  {
    const number_handle empty;
    CHECK_FALSE(static_cast<bool>(empty));
    CHECK(empty.get() == -1);
    const auto failed = unique_handle<open_nothing, close_number, -1>::init();
    CHECK_FALSE(static_cast<bool>(failed));
    const thing_handle null = thing_handle::init(1, false);
    CHECK_FALSE(static_cast<bool>(null));
    CHECK(null.get() == nullptr);
  }
  CHECK(closed.empty());
}

TEST_CASE_METHOD(fresh_log, "a pointer is cleaned up once") {
  {
    const thing_handle handle = thing_handle::init(5, true);
    CHECK(handle.get()->number == 5);
  }
  CHECK(closed == log{5});
}

TEST_CASE_METHOD(fresh_log, "moving hands over what is owned and leaves none behind") {
  {
    number_handle first = number_handle::init(1);
    const number_handle second = std::move(first);
    CHECK(second.get() == 1);
    CHECK_FALSE(static_cast<bool>(first));  // NOLINT(bugprone-use-after-move): it is what is tested
    CHECK(closed.empty());
  }
  CHECK(closed == log{1});
}

TEST_CASE_METHOD(fresh_log, "move assignment cleans up what was owned before") {
  {
    number_handle first = number_handle::init(1);
    number_handle second = number_handle::init(2);
    second = std::move(first);
    CHECK(closed == log{2});
    CHECK(second.get() == 1);
  }
  CHECK(closed == log{2, 1});
}

TEST_CASE_METHOD(fresh_log, "moving a handle to itself keeps it") {
  {
    number_handle handle = number_handle::init(1);
    number_handle& same = handle;
    handle = std::move(same);
    CHECK(handle.get() == 1);
    CHECK(closed.empty());
  }
  CHECK(closed == log{1});
}

TEST_CASE_METHOD(fresh_log, "reset cleans up the old handle and owns the new one") {
  {
    number_handle handle = number_handle::init(1);
    handle.reset(2);
    CHECK(closed == log{1});
    handle.reset(2);  // to itself: it must not be cleaned up while it is owned
    CHECK(closed == log{1});
    CHECK(handle.get() == 2);
    handle.reset();
    CHECK(closed == log{1, 2});
    handle.reset();
    CHECK(closed == log{1, 2});
  }
  CHECK(closed == log{1, 2});
}

TEST_CASE_METHOD(fresh_log, "release gives the handle away, uncleaned") {
  {
    number_handle handle = number_handle::init(1);
    CHECK(handle.release() == 1);
    CHECK_FALSE(static_cast<bool>(handle));
  }
  CHECK(closed.empty());
}

TEST_CASE_METHOD(fresh_log, "unwinding cleans up") {
  CHECK_THROWS_AS(
      [] {
        const number_handle handle = number_handle::init(1);
        throw std::runtime_error("x");
      }(),
      std::runtime_error);
  CHECK(closed == log{1});
}

TEST_CASE("a handle costs what its value costs, moves without throwing, and cannot be copied") {
  STATIC_REQUIRE(sizeof(number_handle) == sizeof(int));
  STATIC_REQUIRE(sizeof(thing_handle) == sizeof(void*));
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<number_handle>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<number_handle>);
  STATIC_REQUIRE(!std::is_copy_constructible_v<number_handle>);
  STATIC_REQUIRE(!std::is_copy_assignable_v<number_handle>);
  STATIC_REQUIRE(!std::is_convertible_v<int, number_handle>);
}

}  // namespace
}  // namespace gauntlet
