#pragma once

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

namespace gauntlet::uv::test {

/// A pseudo-terminal: the side that a terminal emulator has, and the one that a program has.
struct pseudo_terminal {
  pseudo_terminal() {
    REQUIRE(controller >= 0);
    REQUIRE(::grantpt(controller) == 0);
    REQUIRE(::unlockpt(controller) == 0);
    std::array<char, 64> name{};
    REQUIRE(::ptsname_r(controller, name.data(), name.size()) == 0);
    program = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(program >= 0);
  }
  pseudo_terminal(const pseudo_terminal&) = delete;
  pseudo_terminal& operator=(const pseudo_terminal&) = delete;
  ~pseudo_terminal() {
    ::close(program);
    ::close(controller);
  }

  bool echoes() const {
    termios mode{};
    REQUIRE(::tcgetattr(program, &mode) == 0);
    return (mode.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
  }

  int controller = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  int program = -1;
};

}  // namespace gauntlet::uv::test
