#pragma once
// Pipes whose ends are files of a ring.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <gauntlet/uring.hpp>
#include <utility>

namespace gauntlet::uring::test {

struct pipe_of {
  explicit pipe_of(ring& on) : pipe_of(on, make()) {}
  file in;
  file out;

 private:
  pipe_of(ring& on, const std::array<int, 2>& ends) : in(on, ends[0]), out(on, ends[1]) {}
  static std::array<int, 2> make() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    return ends;
  }
};

/// The code of the error that a task throws; none if it throws none.
template <class Awaitable>
task<std::error_code> code_of(Awaitable awaited) {
  try {
    static_cast<void>(co_await std::move(awaited));
  } catch (const gauntlet::error& failure) {
    co_return failure.code();
  }
  co_return std::error_code();
}

}  // namespace gauntlet::uring::test
