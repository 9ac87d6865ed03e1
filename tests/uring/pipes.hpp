#pragma once
// Pipes whose ends are files of a ring.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <gauntlet/uring.hpp>

#include "support.hpp"

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

}  // namespace gauntlet::uring::test
