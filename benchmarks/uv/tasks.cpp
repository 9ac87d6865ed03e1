// The wrapper as coroutines use it.
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>
#include <memory>
#include <span>
#include <string_view>

#include "tasks.h"

namespace uv = gauntlet::uv;

namespace {

constexpr std::string_view ping = "PING\n";
constexpr std::size_t read_size = 65536;

uv::address loopback(int port) { return uv::address::ip4("127.0.0.1", static_cast<std::uint16_t>(port)); }

using buffer = std::array<std::byte, read_size>;

/// How many echoes are wanted before it is enough; it never is, if they are negative.
struct countdown {
  long left;
  gauntlet::event enough{};
};

gauntlet::task<> echo(uv::tcp peer, countdown& count) {
  const std::unique_ptr<buffer> bytes(new buffer);  // not filled
  while (const std::size_t size = co_await peer.read_some(*bytes)) {
    co_await peer.write(std::span(*bytes).first(size));
    if (--count.left == 0) count.enough.set();
  }
}

gauntlet::task<> serve_one(uv::tcp_listener& listener) {
  countdown endless{.left = -1};
  co_await echo(co_await listener.accept(), endless);
}

gauntlet::task<> serve_all(uv::tcp_listener& listener, countdown& count) {
  co_await gauntlet::with_scope([&](gauntlet::scope& peers) -> gauntlet::task<> {
    for (;;) peers.spawn(echo(co_await listener.accept(), count));
  });
}

/// Begun when accept() is awaited, which is when it listens.
gauntlet::task<> tell(uv::tcp_listener& listener, countdown& count, observer& observer) {
  observer.begin(&observer);
  observer.listening(&observer, listener.local_address().port());
  co_await count.enough.wait();
  observer.end(&observer);
}

gauntlet::task<> serve_until(uv::loop& loop, countdown& count, observer& observer) {
  uv::tcp_listener listener{loop, loopback(0)};
  co_await gauntlet::when_any(serve_all(listener, count), tell(listener, count, observer));
}

/// Answers how many came back.
gauntlet::task<long> play_with(uv::loop& loop, int port, const job& job, observer& observer) {
  uv::tcp tcp{loop};
  co_await tcp.connect(loopback(port));
  const std::unique_ptr<buffer> bytes(new buffer);  // not filled
  const std::span<const std::byte> sent = std::as_bytes(std::span(ping));
  std::size_t matched = 0;
  long pongs = 0;
  observer.begin(&observer);
  co_await tcp.write(sent);
  while (pongs < job.count) {
    const std::size_t size = co_await tcp.read_some(*bytes);
    if (size == 0) co_return pongs;
    for (const std::byte byte : std::span(*bytes).first(size)) {
      if (static_cast<char>(byte) != ping[matched]) co_return -1;
      if (++matched < ping.size()) continue;
      matched = 0;
      if (++pongs < job.count) co_await tcp.write(sent);
    }
  }
  observer.end(&observer);
  co_return pongs;
}

gauntlet::task<long> play_here(uv::loop& loop, const job& job, observer& observer) {
  uv::tcp_listener listener{loop, loopback(0)};
  const auto [none, pongs] = co_await gauntlet::when_all(
      serve_one(listener), play_with(loop, listener.local_address().port(), job, observer));
  co_return pongs;
}

}  // namespace

extern "C" int play_by_tasks(const job* job, observer* observer) noexcept try {
  uv::loop loop;
  const long pongs = job->port == 0 ? gauntlet::run(loop, play_here(loop, *job, *observer))
                                    : gauntlet::run(loop, play_with(loop, job->port, *job, *observer));
  return pongs == job->count ? 1 : 0;
} catch (const std::exception&) {
  return 0;
}

extern "C" int serve_by_tasks(const job* job, observer* observer) noexcept try {
  uv::loop loop;
  countdown count{.left = job->count};
  gauntlet::run(loop, serve_until(loop, count, *observer));
  return count.left == 0 ? 1 : 0;
} catch (const std::exception&) {
  return 0;
}
