#include "uring_echo.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include "../core/support/cancel_everywhere.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t many_clients = GAUNTLET_CLIENTS;

/// Bytes of which each has its place: one that is lost, doubled or moved is seen.
std::byte byte_at(std::uint32_t seed, std::size_t offset) {
  return static_cast<std::byte>((seed ^ (offset * 167U + offset / 251U)) & 0xFFU);
}

task<> send_all(socket& to, std::uint32_t seed, std::size_t total) {
  std::vector<std::byte> bytes(std::min<std::size_t>(total, 50'000));
  for (std::size_t done = 0; done < total;) {
    const std::span part = std::span(bytes).first(std::min(bytes.size(), total - done));
    for (std::size_t i = 0; i < part.size(); ++i) part[i] = byte_at(seed, done + i);
    co_await to.write(part);
    done += part.size();
  }
  co_await to.shutdown();
}

task<> receive_all(socket& from, std::uint32_t seed, std::size_t total) {
  std::vector<std::byte> bytes(40'000);
  std::size_t come = 0;
  while (const std::size_t size = co_await from.read_some(bytes))
    for (const std::byte each : std::span(bytes).first(size))
      if (each != byte_at(seed, come++)) throw std::runtime_error("a byte is out of place");
  if (come != total) throw std::runtime_error("not all came back");
}

task<socket> connected(ring& on, address server) {
  socket client{on, server.family()};
  co_await client.connect(server);
  co_return client;
}

/// Talks to what sends everything back, and may go in any way.
task<> be_client(ring& on, address server, std::uint32_t seed, std::size_t most) {
  std::minstd_rand random(seed);
  const auto fate = random() % 4;
  const std::size_t size = 1 + random() % most;
  socket peer = co_await connected(on, server);
  switch (fate) {
    case 0:
      co_await send_all(peer, seed, std::min<std::size_t>(size, 5000));
      peer.reset_on_close();
      break;
    case 1:  // it says nothing, and goes
      co_await sleep_for(std::chrono::milliseconds(random() % 20));
      break;
    default:
      co_await when_all(send_all(peer, seed, size), receive_all(peer, seed, size));
  }
}

/// Clients beside a server, which is cancelled when they have ended.
template <class Clients>
task<> served(ring& on, Clients clients) {
  buffer_ring buffers{on, {.count = 64, .size = 4096}};
  listener waits{on, address::ip4("127.0.0.1", 0), {.backlog = 1024}};
  const address here = waits.local_address();
  co_await when_any(named("server", uring_echo::serve(waits, buffers)), named("clients", clients(here)));
}

TEST_CASE(
    "uring_echo: many clients at once get back what they sent; what some of them do disturbs no other") {
  require_io_uring();
  ring own{{.entries = 1024}};
  run_to_the_end(own, [&] {
    return served(own, [&](address here) -> task<> {
      std::vector<task<>> all;
      for (std::size_t i = 0; i < many_clients; ++i)
        all.push_back(be_client(own, here, static_cast<std::uint32_t>(i), 100'000));
      co_await when_all(std::move(all));
    });
  });
}

TEST_CASE("uring_echo: a peer that never reads does not take the buffers of others") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&] {
    return served(own, [&](address here) -> task<> {
      socket stuck = co_await connected(own, here);
      const std::vector<std::byte> much(std::size_t{64} << 20);
      const auto never_reads = [&]() -> task<> { co_await stuck.write(std::span(much)); };
      const auto others = [&]() -> task<> {
        co_await sleep_for(20ms);
        for (std::uint32_t i = 0; i < 5; ++i) {
          socket peer = co_await connected(own, here);
          co_await when_all(send_all(peer, i, 300'000), receive_all(peer, i, 300'000));
        }
      };
      co_await when_any(never_reads(), others());
    });
  });
}

TEST_CASE("uring_echo: cancelled at every suspension, it ends clean") {
  require_io_uring();
  ring own;
  const auto program = [&] {
    return served(own, [&](address here) -> task<> {
      socket one = co_await connected(own, here);
      socket two = co_await connected(own, here);
      co_await when_all(send_all(one, 1, 100'000), receive_all(one, 1, 100'000), send_all(two, 2, 10),
                        receive_all(two, 2, 10));
    });
  };
  const auto check = [&](bool) {
    static_cast<void>(own.context().take_suppressed_errors());
    CHECK(own.context().pending().empty());
  };
  const auto later = [&](callback<void()> work) { own.post(std::move(work)); };
  CHECK(gauntlet::test::cancel_everywhere(own.context(), program, check) > 20);
  CHECK(gauntlet::test::cancel_everywhere(own.context(), program, check, later) > 20);
  CHECK(own.metrics().stale == 0);
  CHECK(own.close().empty());
}

}  // namespace
}  // namespace gauntlet::uring::test
