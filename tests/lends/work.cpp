// Work that lends memory all the time: lend_work uv|uring CONNECTIONS, or lend_work png ROWS.
//
// Connections are there at once, and echo messages of borrowed memory, server and client in one process. Then
// each ends in one of several ways: by a reset while a read of the other side's is in flight, by a read that
// is cancelled and its memory used again, or as it should. Rows are decoded and encoded one by one. Correct
// use of what is lent, so no tool may say anything; costs.py measures what it takes.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/png.hpp>
#include <gauntlet/uring.hpp>
#include <gauntlet/uv.hpp>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gauntlet {
namespace {

using namespace std::chrono_literals;

constexpr int messages = 4;
using message = std::array<std::byte, 256>;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}

std::size_t allowed_connections(std::size_t wanted) {
  constexpr rlim_t others = 64;
  rlimit limit{};
  require(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, 2 * wanted + others);
  limit.rlim_max = std::max(limit.rlim_max, limit.rlim_cur);
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return wanted;
  require(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
  return std::min<std::size_t>(wanted, (limit.rlim_cur - others) / 2);
}

/// The two libraries, as the connections want them.
struct by_uv {
  using context = uv::loop;
  using listener = uv::tcp_listener;
  static std::unique_ptr<context> made() { return std::make_unique<context>(); }
  static uv::tcp client(context& loop) { return uv::tcp{loop}; }
  static void reset(uv::tcp& ends) { ends.close_reset(); }
};
struct by_uring {
  using context = uring::ring;
  using listener = uring::listener;
  static std::unique_ptr<context> made() {
    return std::make_unique<context>(uring::ring_options{.entries = 1024});
  }
  static uring::socket client(context& ring) { return uring::socket{ring, address_family::ip4}; }
  static void reset(uring::socket& ends) { ends.reset_on_close(); }
};

/// Of all connections.
struct counts {
  std::size_t wanted;
  std::size_t connected = 0;
  std::size_t echoed = 0;
  event all_are_there{};
  semaphore connecting{128};  // more at once would wait for the system's patience
};

template <class Peer>
task<> answer(Peer peer) try {
  message bytes{};
  while (const std::size_t size = co_await peer.read_some(bytes))
    co_await peer.write(std::span<const std::byte>(bytes).first(size));
} catch (const error&) {  // NOLINT(bugprone-empty-catch): it was reset
}

template <class Stream>
task<> exchange(Stream& stream, message& bytes, counts& all) {
  const message sent = bytes;
  co_await stream.write(std::span<const std::byte>(sent));
  bytes.fill(std::byte{0});
  const std::size_t came = co_await stream.read_exactly(bytes);
  require(came == bytes.size() && bytes == sent, "the echo is not what was sent");
  ++all.echoed;
}

/// What a cancelled read was lent is used again at once.
template <class Stream>
task<> cancel_a_read(Stream& stream, message& bytes) {
  bool in_time = true;
  try {
    co_await with_timeout(1ms, stream.read_some(bytes));
  } catch (const error& late) {
    in_time = late.code() != std::errc::timed_out;
  }
  require(!in_time, "a read came to an end though nothing was sent");
  bytes.fill(std::byte{7});
}

template <class Library>
task<> connection(typename Library::context& on, const address& server, std::size_t number, counts& all) {
  auto stream = Library::client(on);
  {
    const semaphore::permit turn = co_await all.connecting.acquire();
    co_await stream.connect(server);
  }
  if (++all.connected == all.wanted) all.all_are_there.set();
  co_await all.all_are_there.wait();
  message bytes{};
  bytes.fill(static_cast<std::byte>(number % 251));
  for (int i = 0; i < messages; ++i) co_await exchange(stream, bytes, all);
  if (number % 3 == 0) {
    co_await cancel_a_read(stream, bytes);
    co_await exchange(stream, bytes, all);
  }
  if (number % 3 == 1) Library::reset(stream);
}

template <class Listener>
task<> serve(Listener& listener) {
  co_await with_scope([&](scope& peers) -> task<> {
    for (;;) peers.spawn(answer(co_await listener.accept()));
  });
}

template <class Library>
task<> play_all(typename Library::context& on, const address& server, counts& all) {
  co_await with_scope([&](scope& clients) -> task<> {
    for (std::size_t i = 0; i < all.wanted; ++i) clients.spawn(connection<Library>(on, server, i, all));
    co_return;
  });
}

template <class Library>
void connections(std::size_t wanted) {
  const auto context = Library::made();
  typename Library::listener listener(*context, address::ip4("127.0.0.1", 0));
  counts all{.wanted = allowed_connections(wanted)};
  run(*context, [&]() -> task<> {
    co_await when_any(serve(listener), play_all<Library>(*context, listener.local_address(), all));
  }());
  std::printf("%zu connections at once, %zu echoes\n", all.connected, all.echoed);
}

void rows(std::size_t count) {
  constexpr std::uint32_t width = 512;
  std::vector<std::byte> row(width);
  png::encoder encoder(png::memory_sink(),
                       png::header_of(width, static_cast<std::uint32_t>(count), png::color_type::gray, 8),
                       {.level = 0});
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::fill(row, static_cast<std::byte>(i % 251));
    encoder.write_row(row);
  }
  const std::vector<std::byte> file = std::move(encoder).finish().take();
  png::row_reader reader = png::decoder(png::memory_source(file)).start();
  for (std::size_t i = 0; i < count; ++i) {
    reader.read_into(row);
    require(row.back() == static_cast<std::byte>(i % 251), "a row is not what was written");
  }
  std::printf("%zu rows written and read\n", count);
}

}  // namespace
}  // namespace gauntlet

int main(int argc, char** argv) try {
  const std::string_view what = argc == 3 ? argv[1] : "";
  const std::string_view text = argc == 3 ? argv[2] : "";
  std::size_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool counted = failure == std::errc() && end == text.data() + text.size() && count != 0;
  if (counted && what == "uv")
    gauntlet::connections<gauntlet::by_uv>(count);
  else if (counted && what == "uring")
    gauntlet::connections<gauntlet::by_uring>(count);
  else if (counted && what == "png")
    gauntlet::rows(count);
  else
    throw std::invalid_argument("lend_work uv|uring CONNECTIONS, or lend_work png ROWS");
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
