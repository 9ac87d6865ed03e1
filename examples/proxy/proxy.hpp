#pragma once
// Passes TCP connections on to another server, both ways.
//
// The end of a stream on one side becomes a shutdown on the other one, while the other direction goes on. A
// connection that does not come to its end in order (an error, a time-out, the proxy's own end) is reset on
// both sides: a transfer that was cut off must not look like a whole one.

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>

namespace proxy {

struct upstream {
  std::string host{};     ///< a name, or an address
  std::string service{};  ///< "80", "http"
};
/// "example.org:80", "127.0.0.1:http", "[::1]:8080". Throws std::invalid_argument.
upstream parse_upstream(std::string_view text);

/// To the first of several addresses, one at least, that answers; throws what the last one has said.
gauntlet::task<gauntlet::uv::tcp> connect_to_first(gauntlet::uv::loop& loop,
                                                   std::vector<gauntlet::uv::address_info> of);

struct options {
  upstream to{};
  /// To find the upstream's address and to connect, all of its addresses together.
  std::chrono::milliseconds connect_timeout{10'000};
  /// A connection on which nothing has passed for so long, in neither direction, is reset.
  std::chrono::milliseconds idle_timeout{300'000};
  /// At a time; others wait in the system. Each holds two buffers of 16 KiB, however slow its two ends are.
  std::size_t max_connections = 1000;
  /// Told of connections that did not come to their end in order: whose, and why.
  std::function<void(const std::string& client, const std::exception& reason)> on_failure{};
};

/// Until it is cancelled.
gauntlet::task<> serve(gauntlet::uv::loop& loop, gauntlet::uv::tcp_listener& listener, options given);

}  // namespace proxy
