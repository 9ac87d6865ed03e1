// What libuv's operations are lent.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>
#include <string>
#include <vector>

#include "touch.hpp"

namespace gauntlet::lends {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t size = 253;  // the last granule of AddressSanitizer is lent only in part

/// One end is libuv's, the other ours.
struct pair {
  explicit pair(int type) {
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) std::abort();
  }
  pair(const pair&) = delete;
  pair& operator=(const pair&) = delete;
  ~pair() { close(ends[1]); }
  /// Until there is no room: what is written next waits.
  void fill() const {
    std::array<char, 4096> some{};
    while (send(ends[0], some.data(), some.size(), 0) > 0) {
    }
    while (send(ends[0], some.data(), 1, 0) > 0) {
    }
  }
  void drain() const {
    std::array<char, 4096> some{};
    while (recv(ends[1], some.data(), some.size(), 0) > 0) {
    }
  }
  void answer(std::size_t bytes) const {
    const std::string said(bytes, 'x');
    if (send(ends[1], said.data(), said.size(), 0) < 0) std::abort();
  }

  std::array<int, 2> ends{};
};

template <class Begin, class End>
task<> touched(lent_block& block, Begin begin, End end) {
  co_await with_scope([&](scope& both) -> task<> {
    both.spawn(begin());
    co_await sleep_for(1ms);  // the loop looks whether something has come
    block.in_flight();
    end();
  });
  block.returned();
}

template <class Handle>
void run_on(int type, touch how, bool writes, auto start, std::size_t answered, std::size_t earlier = 0) {
  pair both(type);
  uv::loop loop;
  {
    Handle handle(loop);
    handle.open(both.ends[0]);
    lent_block block(how, size);
    if (writes) both.fill();
    if (earlier != 0) both.answer(earlier);
    run(loop, touched(
                  block, [&]() -> task<> { return start(handle, block.bytes()); },
                  [&] { writes ? both.drain() : both.answer(answered); }));
  }
}

void read_some(touch how) {
  run_on<uv::pipe>(
      SOCK_STREAM, how, false,
      [](uv::pipe& in, std::span<std::byte> into) -> task<> { co_await in.read_some(into); }, 5);
}
void read_exactly(touch how) {
  run_on<uv::pipe>(
      SOCK_STREAM, how, false,
      [](uv::pipe& in, std::span<std::byte> into) -> task<> { co_await in.read_exactly(into); }, size);
}
/// The read before took all there was: libuv has looked for more, into the memory of this one.
void read_again(touch how) {
  std::array<std::byte, 5> before{};
  run_on<uv::pipe>(
      SOCK_STREAM, how, false,
      [&before](uv::pipe& in, std::span<std::byte> into) -> task<> {
        co_await in.read_some(before);
        co_await in.read_some(into);
      },
      5, before.size());
}
/// Its text, of which the last part is to come.
void read_until(touch how) {
  pair both(SOCK_STREAM);
  uv::loop loop;
  {
    uv::pipe in(loop);
    in.open(both.ends[0]);
    std::string text(size, 'x');
    run(loop, [&]() -> task<> {
      co_await with_scope([&](scope& both_tasks) -> task<> {
        both_tasks.spawn([&]() -> task<> { co_await in.read_until(text, "\n"); });
        both.answer(5);
        co_await sleep_for(1ms);
        if (how == touch::free)
          text.shrink_to_fit();
        else
          in_flight(how, std::as_writable_bytes(std::span(text)));
        if (send(both.ends[1], "\n", 1, 0) != 1) std::abort();
      });
      returned(how, std::as_writable_bytes(std::span(text)));
    }());
  }
}
void write(touch how) {
  run_on<uv::pipe>(
      SOCK_STREAM, how, true,
      [](uv::pipe& out, std::span<const std::byte> bytes) -> task<> { co_await out.write(bytes); }, 0);
}
void receive_from(touch how) {
  run_on<uv::udp>(
      SOCK_DGRAM, how, false,
      [](uv::udp& in, std::span<std::byte> into) -> task<> { co_await in.receive_from(into); }, 5);
}
void receive_again(touch how) {
  std::array<std::byte, 5> before{};
  run_on<uv::udp>(
      SOCK_DGRAM, how, false,
      [&before](uv::udp& in, std::span<std::byte> into) -> task<> {
        co_await in.receive_from(before);
        co_await in.receive_from(into);
      },
      5, before.size());
}
void send_datagram(touch how) {
  run_on<uv::udp>(
      SOCK_DGRAM, how, true,
      [](uv::udp& out, std::span<const std::byte> bytes) -> task<> { co_await out.send(bytes); }, 0);
}

/// Owned buffers: the caller has kept a pointer.
void write_owned(touch how) {
  pair both(SOCK_STREAM);
  uv::loop loop;
  {
    uv::pipe out(loop);
    out.open(both.ends[0]);
    both.fill();
    std::vector<std::byte> bytes(size + 128);
    const std::span lent(bytes.data(), bytes.size());
    out.write(std::move(bytes), [&](uv::outcome<>, owned_buffer back) { returned(how, back.writable()); });
    if (how != touch::neighbour) in_flight(how, lent);
    both.drain();
    loop.run();
  }
}

void transfer(touch how, bool reads) {
  std::string path = "/tmp/gauntlet_lends_XXXXXX";
  const int number = mkstemp(path.data());
  if (number < 0 || ftruncate(number, size) != 0) std::abort();
  unlink(path.c_str());
  uv::loop loop;
  {
    uv::fs::file file = uv::fs::file::adopt(number);
    lent_block block(how, size);
    run(loop, [&]() -> task<> {
      co_await with_scope([&](scope& both) -> task<> {
        both.spawn([&]() -> task<> {
          if (reads)
            co_await file.read(loop, block.bytes(), 0);
          else
            co_await file.write(loop, block.bytes(), 0);
        });
        block.in_flight();  // at once: a thread may be at it already
        co_return;
      });
      block.returned();
    }());
  }
}
void file_read(touch how) { transfer(how, true); }
void file_write(touch how) { transfer(how, false); }

constexpr std::array<named_kind, 11> kinds{{
    {"uv stream::read_some", read_some},
    {"uv stream::read_some, again", read_again},
    {"uv stream::read_exactly", read_exactly},
    {"uv stream::read_until", read_until, false, false, true},
    {"uv stream::write", write, true},
    {"uv stream::write, owned", write_owned, true, true},
    {"uv udp::receive_from", receive_from},
    {"uv udp::receive_from, again", receive_again},
    {"uv udp::send", send_datagram, true},
    {"uv fs::file::read", file_read},
    {"uv fs::file::write", file_write, true},
}};

}  // namespace

std::span<const named_kind> kinds_of_uv() noexcept { return kinds; }

}  // namespace gauntlet::lends
