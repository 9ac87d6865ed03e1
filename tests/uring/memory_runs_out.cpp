// An executable of its own: operator new is the tests'.
#include <stdlib.h>
#include <sys/eventfd.h>

#include <array>
#include <exception>
#include <new>
#include <stdexcept>
#include <vector>

#include "../core/support/foreign.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace {

// The one that is refused, counted down; none while it is below 0.
long countdown = -1;

bool refuse() { return countdown >= 0 && countdown-- == 0; }

}  // namespace

void* operator new(std::size_t size) {
  if (refuse()) throw std::bad_alloc();
  if (void* const memory = ::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { ::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { ::free(memory); }

namespace gauntlet::uring::test {
namespace {

/// Runs work with its k-th allocation failing, for every k, until it passes. Answers how many failed.
template <class Work>
long refusals(Work work) {
  for (long k = 0;; ++k) {
    bool passed = true;
    countdown = k;
    try {
      work();
    } catch (const std::bad_alloc&) {
      passed = false;
    }
    const bool untouched = countdown >= 0;
    countdown = -1;
    if (passed && untouched) return k;
    REQUIRE(k < 10'000);
  }
}

using gauntlet::test::foreign;

/// Allocates nothing itself, once it has begun.
foreign reads(detail::ring_operation<std::size_t> operation, int& ended, bool& refused) {
  try {
    static_cast<void>(co_await std::move(operation));
  } catch (const std::bad_alloc&) {
    refused = true;
  } catch (const gauntlet::error&) {
  }
  ++ended;
}

TEST_CASE("a ring that memory does not suffice for leaves nothing behind") {
  require_io_uring();
  CHECK(refusals([] {
          ring own;
          const ring::work_guard guard = own.keep_alive();
          const file own_file(own, ::eventfd(0, EFD_CLOEXEC));
        }) >= 3);
}

TEST_CASE("an operation that there is no memory for was never begun, and the ring goes on") {
  require_io_uring();
  // More than the ring has places for at first: each time it grows, memory may be missing.
  constexpr int many = 300;
  ring own{{.entries = 16}};
  pipe_of ends(own);
  for (long k = 0; k < 12; ++k) {
    std::array<std::byte, 1> memory{};
    std::vector<foreign> waiting;
    waiting.reserve(many);
    int ended = 0;
    int refused_of_many = 0;
    for (int i = 0; i < many; ++i) {
      bool refused = false;
      auto operation = ends.in.read_some(memory);
      countdown = k;  // the frame is one
      try {
        waiting.push_back(reads(std::move(operation), ended, refused));
      } catch (const std::bad_alloc&) {
        refused = true;
      }
      countdown = -1;
      if (refused) ++refused_of_many;
    }
    own.cancel_all();
    gauntlet::run(own, [&]() -> task<> {
      const int begun = static_cast<int>(waiting.size());
      while (ended < begun) co_await own.nop();
    }());
    CHECK(own.pending().empty());
    if (k == 0) CHECK(refused_of_many == many);
  }
  CHECK(own.metrics().stale == 0);
  CHECK(own.close().empty());
}

TEST_CASE("a batch that memory does not suffice for takes no place of the ring's, which goes on") {
  require_io_uring();
  constexpr std::size_t many = 300;  // more than the ring has places for at first
  CHECK(refusals([] {
          ring own;
          std::exception_ptr refused;
          try {
            const batch all(own, many, 16);
          } catch (const std::bad_alloc&) {
            refused = std::current_exception();
          }
          // Whoever had kept a place would be told of what is cancelled.
          if (own.cancel_all() != 0 || !own.pending().empty() || !own.close().empty())
            throw std::logic_error("something is in flight");
          if (refused) std::rethrow_exception(refused);
        }) >= 10);
}

TEST_CASE("a ring whose batch memory did not suffice for has the next one, whole") {
  require_io_uring();
  constexpr std::size_t many = 300;
  for (long k = 0; k < 20; ++k) {
    ring own;
    countdown = k;
    try {
      const batch refused(own, many, 16);
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): what is looked for
    }
    countdown = -1;
    std::size_t told = 0;
    gauntlet::run(own, [&]() -> task<> {
      batch all(own, many, 16);
      for (std::size_t place = 0; place < many; ++place) all.nop(place);
      while (all.in_flight() != 0)
        for (const batch_end& each : co_await all.next())
          if (each.res == 0) ++told;
    }());
    CHECK(told == many);
    CHECK(own.metrics().stale == 0);
    CHECK(own.close().empty());
  }
}

}  // namespace
}  // namespace gauntlet::uring::test
