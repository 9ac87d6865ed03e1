// Faults that only the kernel sees happen: it writes to memory that it was lent, behind every tool's back.
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
#include <span>

#include "canary.hpp"

namespace {

namespace uring = gauntlet::uring;

struct pipe_ends {
  uring::file in;
  uring::file out;
};

pipe_ends open_pipe(uring::ring& ring) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  return {uring::file(ring, ends[0]), uring::file(ring, ends[1])};
}

}  // namespace

void canary_kernel_write_into_freed_memory(bool faulty) {
  constexpr std::size_t size = 4096;
  auto* const block = static_cast<std::byte*>(std::malloc(size));
  uring::ring ring;
  pipe_ends ends = open_pipe(ring);
  gauntlet::run(ring, [](uring::ring& on, pipe_ends& pipe, std::byte* lent, bool early) -> gauntlet::task<> {
    co_await gauntlet::with_scope([&](gauntlet::scope& both) -> gauntlet::task<> {
      both.spawn([](uring::file& from, std::span<std::byte> into) -> gauntlet::task<> {
        co_await from.read_some(into);
      }(pipe.in, std::span(lent + size / 2, 8)));
      co_await on.nop();  // the read has been submitted
      if (early) std::free(lent);
      co_await pipe.out.write_some(std::as_bytes(std::span("hello", 5)));
    });
  }(ring, ends, opaque(block), faulty));
  if (!faulty) std::free(block);
}

void canary_uninitialised_branch_behind_short_read(bool faulty) {
  uring::ring ring;
  pipe_ends ends = open_pipe(ring);
  auto* const block = opaque(static_cast<std::byte*>(std::malloc(8)));
  gauntlet::run(ring, [](pipe_ends& pipe, std::byte* into) -> gauntlet::task<> {
    co_await pipe.out.write_some(std::as_bytes(std::span("hello", 5)));
    co_await pipe.in.read_some(std::span(into, 8));
  }(ends, block));
  if (block[opaque(faulty ? 5 : 4)] == std::byte{'o'}) reached();
  std::free(block);
}

namespace {

/// Not inlined, so that the stack of a report names it.
[[gnu::noinline]] void read_lent(const std::byte* at) {
  if (*opaque(at) == std::byte{'o'}) reached();
}

}  // namespace

void canary_touching_lent_memory(bool faulty) {
  auto* const block = static_cast<std::byte*>(std::calloc(1, 64));
  uring::ring ring;
  pipe_ends ends = open_pipe(ring);
  gauntlet::run(ring, [](uring::ring& on, pipe_ends& pipe, std::byte* lent, bool early) -> gauntlet::task<> {
    co_await gauntlet::with_scope([&](gauntlet::scope& both) -> gauntlet::task<> {
      both.spawn([](uring::file& from, std::span<std::byte> into) -> gauntlet::task<> {
        co_await from.read_some(into);
      }(pipe.in, std::span(lent, 64)));
      co_await on.nop();  // the read has been submitted
      if (early) read_lent(lent + 8);
      co_await pipe.out.write_some(std::as_bytes(std::span("hello", 5)));
    });
    read_lent(lent + 8);
  }(ring, ends, opaque(block), faulty));
  std::free(block);
}

void canary_writing_to_memory_lent_for_reading(bool faulty) {
  auto* const block = static_cast<std::byte*>(std::calloc(1, 64));
  uring::ring ring;
  pipe_ends ends = open_pipe(ring);
  gauntlet::run(ring, [](uring::ring& on, pipe_ends& pipe, std::byte* lent, bool early) -> gauntlet::task<> {
    co_await gauntlet::with_scope([&](gauntlet::scope& both) -> gauntlet::task<> {
      both.spawn([](uring::file& to, std::span<const std::byte> bytes) -> gauntlet::task<> {
        co_await to.write_some(bytes);
      }(pipe.out, std::span(lent, 64)));
      read_lent(lent + 8);
      if (early) *opaque(lent + 8) = std::byte{1};
      co_await on.nop();
    });
    *opaque(lent + 8) = std::byte{1};
  }(ring, ends, opaque(block), faulty));
  std::free(block);
}
