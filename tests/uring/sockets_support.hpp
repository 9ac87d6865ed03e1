#pragma once
// What the tests of sockets share.

#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support.hpp"

namespace gauntlet::uring::test {

/// Skips the test where IPv6 has no loopback; a container may lack it.
void require_ip6();

inline address any_port() { return address::ip4("127.0.0.1", 0); }

/// Two connected ends.
struct ends {
  socket left;
  socket right;
};

/// Of Unix sockets.
ends socket_pair(ring& on, socket_type type = socket_type::stream);
/// Over TCP.
task<ends> tcp_pair(ring& on);

/// To the end of the stream.
task<std::string> read_all(socket& from);

/// How many descriptors this process has open.
std::size_t open_descriptors();

/// Waits for a condition that comes by itself, in the system.
template <class Condition>
task<> until(Condition condition) {
  while (!condition()) co_await sleep_for(std::chrono::milliseconds(1));
}

}  // namespace gauntlet::uring::test
