#pragma once
// A chat of lines over TCP: who connects says a name, and everybody gets what anybody says, in the same
// order.
//
//   your name?            -> alice
//   * alice joined
//   bob: hello            -> /who, /quit, or what alice says
//
// Nobody waits for a slow reader: when as many lines wait for him as the queue holds, the oldest is dropped,
// and he is told how many are missing. Who takes nothing for write_timeout has to go.

#include <chrono>
#include <cstddef>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>

namespace chat {

struct options {
  std::size_t max_members = 1000;   ///< others wait in the system
  std::size_t queue = 64;           ///< lines that wait for one member
  std::size_t longest_line = 1024;  ///< in bytes, with its end; who sends a longer one has to go
  std::chrono::milliseconds login_timeout{30'000};  ///< to say a name
  std::chrono::milliseconds write_timeout{30'000};  ///< to take what is written
};

/// Until it is cancelled.
gauntlet::task<> serve(gauntlet::uv::tcp_listener& listener, options given = {});

}  // namespace chat
