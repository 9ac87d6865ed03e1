#pragma once
// What the tests of the example servers share. Server and clients run on one loop, over real sockets.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "../core/support/cancel_everywhere.hpp"
#include "tasks_support.hpp"

namespace gauntlet::uv::test {

constexpr std::size_t many_clients = GAUNTLET_CLIENTS;
constexpr std::size_t mebibytes = std::size_t{GAUNTLET_MEBIBYTES} << 20;

inline std::error_code code_of_error(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::system_error& known) {
    return known.code();
  }
}

/// Clients beside a server, which is cancelled when they have ended.
template <class Clients>
task<> served(task<> server, Clients clients) {
  co_await when_any(named("server", std::move(server)), named("clients", clients()));
}

/// The same as a whole program, after which nothing is left.
template <class Clients>
void run_served(loop& loop, tcp_listener& listener, task<> server, Clients clients) {
  gauntlet::run(loop, served(std::move(server), std::move(clients)));
  listener.close();
  loop.run();  // what was closed is closed
  closes_clean(loop);
}

/// After a cancelled run nothing is left on the loop. A client may have seen the server go first.
inline void left_nothing(loop& loop) {
  loop.run();
  for (const pending_operation& left : loop.pending()) CHECK(left.closing);
  for (const suppressed_error& second : loop.context().take_suppressed_errors()) {
    INFO(second.message);
    const std::error_code code = code_of_error(second.error);
    CHECK((code == std::errc::not_connected || code == std::errc::connection_reset ||
           code == std::errc::broken_pipe));
  }
}

/// A program, cancelled at each of its suspensions: inside of it, and a turn later.
template <class Program>
void cancelled_everywhere_ends_clean(Program program, std::size_t at_least) {
  loop loop;
  const auto run = [&] { return program(loop); };
  const auto check = [&](bool) { left_nothing(loop); };
  const auto later = [&](callback<void()> work) { loop.post(std::move(work)); };
  CHECK(gauntlet::test::cancel_everywhere(loop.context(), run, check) > at_least);
  CHECK(gauntlet::test::cancel_everywhere(loop.context(), run, check, later) > at_least);
  closes_clean(loop);
}

/// Bytes of which each has its place: one that is lost, doubled or moved is seen.
class pattern {
 public:
  explicit pattern(std::uint32_t seed) : seed_(seed) {}
  void fill(std::span<std::byte> into, std::size_t from) const {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = at(from + i);
  }
  bool fits(std::span<const std::byte> bytes, std::size_t from) const {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      if (bytes[i] != at(from + i)) return false;
    return true;
  }

 private:
  std::byte at(std::size_t offset) const {
    return static_cast<std::byte>((seed_ ^ (offset * 167U + offset / 251U)) & 0xFFU);
  }
  std::uint32_t seed_;
};

inline task<> send(tcp& to, pattern sent, std::size_t total, std::size_t at_once = 50'000) {
  std::vector<std::byte> bytes(at_once);
  for (std::size_t done = 0; done < total;) {
    const std::span part = std::span(bytes).first(std::min(at_once, total - done));
    sent.fill(part, done);
    co_await to.write(part);
    done += part.size();
  }
}

inline task<> send_all(tcp& to, pattern sent, std::size_t total) {
  co_await send(to, sent, total);
  co_await to.shutdown();
}

/// To the end of the stream; how many came, all of them in their place.
inline task<std::size_t> receive_all(tcp& from, pattern expected) {
  std::vector<std::byte> bytes(40'000);
  std::size_t come = 0;
  while (const std::size_t size = co_await from.read_some(bytes)) {
    if (!expected.fits(std::span(bytes).first(size), come))
      throw std::runtime_error("a byte is out of place");
    come += size;
  }
  co_return come;
}

inline task<tcp> connected(loop& on, address server) {
  tcp client{on};
  co_await client.connect(server);
  co_return client;
}

/// Writes until nobody takes any more for some time; how many bytes were taken.
inline task<std::size_t> write_until_it_stalls(tcp& to, std::size_t most) {
  constexpr int turns = 50;
  const std::vector<std::byte> bytes(65536);
  std::size_t taken = 0;
  for (int idle = 0; idle < turns && taken < most;) {
    const std::size_t now = to.try_write(bytes);
    taken += now;
    idle = now == 0 ? idle + 1 : 0;
    if (now == 0) co_await sleep_for(std::chrono::milliseconds(1));
  }
  co_return taken;
}

/// What a client may do to a server.
enum class fate : std::uint8_t { whole, half_closed, reset, gone, silent, fates };

inline fate fate_of(std::minstd_rand& random) {
  return static_cast<fate>(random() % static_cast<unsigned>(fate::fates));
}

/// Talks to what sends everything back.
inline task<> be_client(loop& on, address server, std::uint32_t seed) {
  std::minstd_rand random(seed);
  const fate mine = fate_of(random);
  const std::size_t size = 1 + random() % 200'000;
  const pattern bytes(seed);
  tcp peer = co_await connected(on, server);
  const auto receives = [&]() -> task<> {
    const std::size_t come = co_await receive_all(peer, bytes);
    if (come != size) throw std::runtime_error("not all came back");
  };
  switch (mine) {
    case fate::whole:
      co_await when_all(send_all(peer, bytes, size), receives());
      break;
    case fate::half_closed: {  // before the first byte comes back
      const std::vector<std::byte> hello(100);
      co_await peer.write(std::span(hello));
      co_await peer.shutdown();
      std::vector<std::byte> back(101);
      const std::size_t come = co_await peer.read_exactly(back);
      if (come != 100) throw std::runtime_error("the rest is missing");
      break;
    }
    case fate::reset:
      co_await send(peer, bytes, 1 + random() % 5'000);
      peer.close_reset();
      break;
    case fate::gone: {  // with unread bytes on their way
      co_await send(peer, bytes, 1000);
      break;
    }
    default:  // it says nothing, and goes in a while
      co_await sleep_for(std::chrono::milliseconds(random() % 20));
  }
}

inline task<> be_many_clients(loop& on, address server, std::size_t count) {
  std::vector<task<>> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(be_client(on, server, static_cast<std::uint32_t>(i)));
  co_await when_all(std::move(all));
}

}  // namespace gauntlet::uv::test
