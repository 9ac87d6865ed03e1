// What io_uring's operations are lent.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
#include <string>
#include <vector>

#include "touch.hpp"

namespace gauntlet::lends {
namespace {

constexpr std::size_t size = 253;  // the last granule of AddressSanitizer is lent only in part

struct pipe_ends {
  explicit pipe_ends(uring::ring& ring) : pipe_ends(ring, made()) {}
  void fill() {
    const int number = out.native();
    const int flags = fcntl(number, F_GETFL);
    fcntl(number, F_SETFL, flags | O_NONBLOCK);
    std::array<char, 4096> page{};
    while (::write(number, page.data(), page.size()) > 0) {
    }
    fcntl(number, F_SETFL, flags);
  }
  void drain() {
    std::array<char, 65536> some{};
    if (::read(in.native(), some.data(), some.size()) < 0) std::abort();
  }
  void answer(std::size_t bytes) {
    const std::string said(bytes, 'x');
    if (::write(out.native(), said.data(), said.size()) < 0) std::abort();
  }

  uring::file in;
  uring::file out;

 private:
  pipe_ends(uring::ring& ring, std::array<int, 2> ends) : in(ring, ends[0]), out(ring, ends[1]) {}
  static std::array<int, 2> made() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    return ends;
  }
};

template <class Block, class Begin, class End>
task<> touched(uring::ring& ring, Block& block, Begin begin, End end) {
  co_await with_scope([&](scope& both) -> task<> {
    both.spawn(begin());
    co_await ring.nop();  // it has been submitted
    block.in_flight();
    end();
  });
  block.returned();
}

void read_some(touch how) {
  uring::ring ring;
  pipe_ends pipe(ring);
  lent_block block(how, size);
  run(ring, touched(
                ring, block, [&]() -> task<> { co_await pipe.in.read_some(block.bytes()); },
                [&] { pipe.answer(5); }));
}
void read_exactly(touch how) {
  uring::ring ring;
  pipe_ends pipe(ring);
  lent_block block(how, size);
  run(ring, touched(
                ring, block, [&]() -> task<> { co_await pipe.in.read_exactly(block.bytes()); },
                [&] { pipe.answer(size); }));
}
void read_several(touch how) {
  uring::ring ring;
  pipe_ends pipe(ring);
  lent_block block(how, size);
  const std::array<std::span<std::byte>, 2> parts{block.bytes().first(32), block.bytes().subspan(32)};
  run(ring,
      touched(ring, block, [&]() -> task<> { co_await pipe.in.read_some(parts); }, [&] { pipe.answer(5); }));
}
void write_some(touch how) {
  uring::ring ring;
  pipe_ends pipe(ring);
  pipe.fill();
  lent_block block(how, size);
  run(ring, touched(
                ring, block,
                [&]() -> task<> { co_await pipe.out.write_some(std::span<const std::byte>(block.bytes())); },
                [&] { pipe.drain(); }));
}

/// Memory that a table or a group of the ring's owns.
struct owned_memory {
  touch how;
  std::span<std::byte> bytes;
  void in_flight() const noexcept { lends::in_flight(how, bytes); }
  void returned() const noexcept { lends::returned(how, bytes); }
};

void read_registered(touch how) {
  uring::ring ring;
  pipe_ends pipe(ring);
  const uring::registered_buffers buffers(ring, 1, 4096);
  const uring::fixed_buffer part = buffers.at(0).subspan(1024, size);
  std::ranges::fill(part.bytes(), std::byte{0});
  owned_memory block{how, part.bytes()};
  run(ring,
      touched(ring, block, [&]() -> task<> { co_await pipe.in.read_some(part); }, [&] { pipe.answer(5); }));
}

/// In a place of a batch, whose address who has asked for it before still has.
template <class Begin, class End>
void in_batch(touch how, pipe_ends& pipe, uring::ring& ring, Begin begin, End end) {
  uring::batch all(ring, 3, 256);
  std::memset(all.bytes(1).data(), 0, all.bytes(1).size());
  owned_memory block{how, all.bytes(1).first(size)};
  run(ring, [&]() -> task<> {
    begin(all);
    co_await ring.nop();  // it has been submitted
    block.in_flight();
    end(pipe);
    co_await all.next();
    block.returned();
  }());
}

void read_batched(touch how) {
  uring::ring ring;
  pipe_ends pipe(ring);
  in_batch(
      how, pipe, ring, [&](uring::batch& all) { all.read(1, pipe.in); },
      [](pipe_ends& ends) { ends.answer(5); });
}
void write_batched(touch how) {
  uring::ring ring;
  pipe_ends pipe(ring);
  pipe.fill();
  in_batch(
      how, pipe, ring, [&](uring::batch& all) { all.write(1, pipe.out, size); },
      [](pipe_ends& ends) { ends.drain(); });
}

/// Who has given a buffer back still has its address.
void read_provided(touch how) {
  uring::ring ring;
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
  uring::socket in(ring, ends[0]);
  const uring::buffer_ring buffers(ring, {.count = 1, .size = size});
  run(ring, [&]() -> task<> {
    const auto answer = [&] {
      if (::write(ends[1], "hello", 5) != 5) std::abort();
    };
    answer();
    uring::provided_buffer taken = co_await in.read_some(buffers);
    if (how == touch::after) returned(how, taken.bytes());
    const std::span lent(taken.bytes().data(), size);
    taken.give_back();
    if (how != touch::neighbour && how != touch::free) in_flight(how, lent);
    answer();
    taken = co_await in.read_some(buffers);
  }());
  ::close(ends[1]);
}

void send_without_copy(touch how) {
  uring::ring ring;
  const int listens = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof any;
  auto* const name = reinterpret_cast<sockaddr*>(&any);
  if (::bind(listens, name, length) != 0 || ::listen(listens, 1) != 0 ||
      ::getsockname(listens, name, &length) != 0)
    std::abort();
  const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(number, name, length) != 0) std::abort();
  const int peer = ::accept4(listens, nullptr, nullptr, SOCK_CLOEXEC);
  uring::socket out(ring, number);
  lent_block block(how, 65536);
  run(ring, [&]() -> task<> {
    co_await with_scope([&](scope& both) -> task<> {
      both.spawn([&]() -> task<> { co_await out.send_zc(std::span<const std::byte>(block.bytes())); });
      block.in_flight();
      co_return;
    });
    block.returned();
  }());
  ::close(peer);
  ::close(listens);
}

constexpr std::array<named_kind, 9> kinds{{
    {"uring file::read_some", read_some},
    {"uring file::read_exactly", read_exactly},
    {"uring file::read_some, several", read_several},
    {"uring file::write_some", write_some, true},
    {"uring batch::read", read_batched, false, true},
    {"uring batch::write", write_batched, true, true},
    {"uring registered buffer", read_registered, false, true},
    {"uring provided buffer", read_provided, false, true},
    {"uring socket::send_zc", send_without_copy, true},
}};

}  // namespace

std::span<const named_kind> kinds_of_uring() noexcept { return kinds; }

}  // namespace gauntlet::lends
