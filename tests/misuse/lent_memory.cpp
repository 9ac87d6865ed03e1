// misuse_of_lent_memory NAME wrong|right. Each is a bug that a public project had, written against our
// wrappers: the frames of coroutines cannot die early here, so what is wrong is done to the memory itself.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
#include <gauntlet/uv.hpp>
#include <iostream>
#include <memory>
#include <string_view>

namespace {

using namespace std::chrono_literals;
namespace uring = gauntlet::uring;
namespace uv = gauntlet::uv;

constexpr std::size_t size = 4096;
constexpr std::size_t edge = 64;  // where the system keeps its notes of freed memory

[[gnu::noinline]] void free_lent_memory(std::byte* block) { std::free(block); }
[[gnu::noinline]] void write_lent_memory(std::byte* block) { std::memset(block, 0, size); }

std::byte* made() { return static_cast<std::byte*>(std::calloc(1, size)); }

struct pipe_ends {
  explicit pipe_ends(uring::ring& ring) : pipe_ends(ring, opened()) {}
  uring::file in;
  uring::file out;

 private:
  pipe_ends(uring::ring& ring, std::array<int, 2> ends) : in(ring, ends[0]), out(ring, ends[1]) {}
  static std::array<int, 2> opened() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    return ends;
  }
};

gauntlet::task<> reads(uring::file& from, std::byte* into) {
  try {
    co_await from.read_some(std::span(into + edge, size - 2 * edge));
  } catch (const gauntlet::error& failure) {
    if (failure.code() != std::errc::operation_canceled) throw;
  }
}

/// github.com/spacejam/rio/issues/1: the buffer of a read goes out of scope while the kernel still has it.
void dropped_in_flight(bool wrong) {
  uring::ring ring;
  pipe_ends pipe(ring);
  std::byte* const block = made();
  gauntlet::run(ring, [&]() -> gauntlet::task<> {
    co_await gauntlet::with_scope([&](gauntlet::scope& both) -> gauntlet::task<> {
      both.spawn(reads(pipe.in, block));
      co_await ring.nop();
      if (wrong) free_lent_memory(block);
      if (::write(pipe.out.native(), "hello", 5) != 5) std::abort();
    });
    if (!wrong) free_lent_memory(block);
  }());
}

/// github.com/axboe/liburing/issues/733: a read is asked to be cancelled, and its buffer is used for
/// something else before the kernel has answered.
void cancelled_and_reused(bool wrong) {
  uring::ring ring;
  pipe_ends pipe(ring);
  std::byte* const block = made();
  gauntlet::run(ring, [&]() -> gauntlet::task<> {
    co_await gauntlet::with_scope([&](gauntlet::scope& both) -> gauntlet::task<> {
      both.spawn(reads(pipe.in, block));
      co_await ring.nop();
      both.request_stop();
      if (wrong) write_lent_memory(block);
      co_return;
    });
    write_lent_memory(block);
  }());
  std::free(block);
}

/// github.com/libuv/libuv/issues/1816: what uv_write is given is cleared as soon as the call has returned. It
/// works until the system has no room for all of it.
void changed_before_it_was_sent(bool wrong) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) std::abort();
  std::array<char, size> some{};
  while (send(ends[0], some.data(), some.size(), 0) > 0) {
  }
  uv::loop loop;
  std::byte* const block = made();
  std::memset(block, 'x', size);
  {
    uv::pipe out(loop);
    out.open(ends[0]);
    gauntlet::run(loop, [&]() -> gauntlet::task<> {
      co_await gauntlet::with_scope([&](gauntlet::scope& both) -> gauntlet::task<> {
        both.spawn(
            [&]() -> gauntlet::task<> { co_await out.write(std::span<const std::byte>(block, size)); });
        if (wrong) write_lent_memory(block);
        while (recv(ends[1], some.data(), some.size(), 0) > 0) {
        }
        co_return;
      });
      write_lent_memory(block);
    }());
  }
  std::free(block);
  close(ends[1]);
}

struct bug {
  std::string_view name{};
  void (*run)(bool wrong) = nullptr;
};
constexpr std::array<bug, 3> bugs{{
    {"dropped in flight (rio #1)", dropped_in_flight},
    {"cancelled and reused (liburing #733)", cancelled_and_reused},
    {"changed before it was sent (libuv #1816)", changed_before_it_was_sent},
}};

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && std::string_view(arguments[1]) == "--list") {
    for (const bug& each : bugs) std::cout << each.name << '\n';
    return 0;
  }
  for (const bug& each : bugs) {
    if (count != 3 || each.name != arguments[1]) continue;
    each.run(std::string_view(arguments[2]) == "wrong");
    return 0;
  }
  std::fputs("usage: misuse_of_lent_memory NAME wrong|right, or --list\n", stderr);
  return 2;
}
