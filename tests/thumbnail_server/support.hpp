#pragma once
/// What the tests of the thumbnail server share: the server and its clients, as tasks of one loop, over real
/// sockets.

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/png.hpp>
#include <gauntlet/uv.hpp>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics.hpp"
#include "server.hpp"

namespace thumbnail_test {

namespace uv = gauntlet::uv;
namespace png = gauntlet::png;
using gauntlet::task;

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string text_of(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += static_cast<char>(byte);
  return text;
}

struct answer {
  int status = 0;
  std::map<std::string, std::string> fields{};  // names in lower case
  std::string body{};
};

/// The other side of a connection. What does not come fails the test after two minutes.
class client {
 public:
  explicit client(uv::tcp socket) : socket_(std::move(socket)) {}

  task<> send(std::string_view text) { co_await socket_.write(bytes_of(text)); }
  /// No more is sent.
  task<> end() { co_await socket_.shutdown(); }
  /// to_head: of a HEAD request, which has no body.
  task<answer> receive(bool to_head = false);
  task<answer> ask(std::string request) {
    co_await send(request);
    co_return co_await receive();
  }
  /// All that comes until the server closes the connection; a reset counts as that.
  task<std::string> rest();
  void close() { socket_.close(); }
  uv::tcp& socket() { return socket_; }

 private:
  task<bool> read();

  uv::tcp socket_;
  std::string unread_;
};

/// A server that runs.
struct running {
  uv::loop& loop;
  server& here;
  metrics& counts;
  uv::address address;

  task<client> connect() const;
  /// A new client asks for a thumbnail, and gets one.
  task<> serves() const;
};

std::string get(std::string_view target, std::string_view fields = "");
std::string post(std::string_view target, std::string_view body, std::string_view fields = "");
std::string chunked(std::string_view body, std::size_t chunk);

/// A PNG file with something to see.
std::string picture(std::uint32_t width, std::uint32_t height, bool interlaced = false);
/// One that begins as a picture of that size would, to where its pixels should be, and goes no further.
std::string begin_of(std::uint32_t width, std::uint32_t height);
png::image decoded(std::string_view file);

/// Until it is so. (Conditions are of this loop: each turn they may have changed.)
template <class Condition>
task<> until(Condition condition) {
  while (!condition()) co_await gauntlet::sleep_for(std::chrono::milliseconds(1));
}

enum class ending { stopped, cancelled };

/// Runs test(running&), ends the server, and proves that nothing is left.
template <class Test>
void with_server(const server_limits& limits, Test test, ending how = ending::stopped) {
  uv::loop loop;
  metrics counts;
  {
    server here(loop, uv::tcp_listener(loop, uv::address::ip4("127.0.0.1", 0)), limits, counts);
    const running now{loop, here, counts, here.address()};
    const auto with_clients = [&](gauntlet::scope& all) -> task<> {
      all.spawn(here.run());
      co_await test(now);
      if (how == ending::stopped)
        here.stop();
      else
        all.request_stop();
    };
    const auto program = [&]() -> task<> { co_await gauntlet::with_scope(with_clients); };
    gauntlet::run(loop, program());
  }
  CHECK(counts.connections == 0);
  CHECK(counts.in_flight == 0);
  CHECK(loop.context().pending().empty());
  CHECK(loop.context().take_suppressed_errors().empty());
  CHECK_FALSE(loop.run(uv::run_mode::nowait));
  for (const uv::pending_operation& left : loop.pending()) {
    UNSCOPED_INFO(left.kind);
    CHECK(left.closing);
  }
  loop.close();
}

/// Limits under which nothing takes too long, on a slow machine too.
server_limits patient();

}  // namespace thumbnail_test
