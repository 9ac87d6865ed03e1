#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

#include <catch2/catch_test_macros.hpp>
#include <gauntlet/memory_checker.hpp>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support.hpp"

namespace {

/// Fails one allocation of this thread, or that one and all that follow it.
struct plan {
  long before_failing = -1;  // below 0: none fails
  bool for_ever = false;
  long failed = 0;

  bool refuses() noexcept {
    if (before_failing < 0) return false;
    if (before_failing > 0) {
      --before_failing;
      return false;
    }
    if (!for_ever) before_failing = -1;
    ++failed;
    return true;
  }
};

thread_local plan for_new;
thread_local plan for_libuv;

void* refusing_malloc(std::size_t size) noexcept { return for_libuv.refuses() ? nullptr : ::malloc(size); }
void* refusing_calloc(std::size_t count, std::size_t size) noexcept {
  return for_libuv.refuses() ? nullptr : ::calloc(count, size);
}
// libuv itself aborts when its table of descriptors cannot grow, which is the only thing it reallocates here.
void* giving_realloc(void* memory, std::size_t size) noexcept { return ::realloc(memory, size); }
void releasing(void* memory) noexcept { ::free(memory); }

// Before anything is libuv's. The first loop opens what libuv keeps as long as the process lives.
[[maybe_unused]] const bool replaced = [] {
  if (uv_replace_allocator(refusing_malloc, giving_realloc, refusing_calloc, releasing) != 0) ::abort();
  gauntlet::uv::loop first;
  return true;
}();

}  // namespace

void* operator new(std::size_t size) {
  if (for_new.refuses()) throw std::bad_alloc();
  if (void* const memory = ::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  if (for_new.refuses()) throw std::bad_alloc();
  void* memory = nullptr;
  if (::posix_memalign(&memory, static_cast<std::size_t>(alignment), size) != 0) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { ::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { ::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { ::free(memory); }

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

/// A bit of everything. True: it came to its end.
bool scenario(bool reported) {
  loop_options options;
  std::size_t still_open = 0;
  if (reported)
    options.on_still_open = [&](std::span<const pending_operation> open) { still_open = open.size(); };
  loop loop{std::move(options)};
  tcp_listener listener{loop, any_port()};
  std::optional<tcp> served;
  tcp client{loop};
  timer timer{loop};
  idle idle{loop};
  async async{loop, [] {}};
  int ended = 0;
  std::size_t echoed = 0;

  listener.listen([&](tcp peer) {
    served = std::move(peer);
    served->read_start([&](std::span<std::byte> data) {
      if (data.empty()) return served->close();
      served->write(std::vector(data.begin(), data.end()));
    });
  });
  client.connect(listener.local_address(), [&] {
    std::vector<owned_buffer> several;
    for (int i = 0; i < 12; ++i) several.emplace_back(std::string(40, 'x'));  // more than libuv has room for
    client.write(std::move(several), [&](outcome<> written, std::vector<owned_buffer>) { written.value(); });
    client.read_start([&](std::span<std::byte> data) {
      echoed += data.size();
      if (echoed == 480)
        client.shutdown([&] {
          ++ended;
          client.close();
          listener.close();
          async.close();
        });
    });
  });
  timer.start(1ms, [&, text = std::string(40, 't')] {
    ++ended;
    timer.close();
  });
  idle.start([&] {
    ++ended;
    idle.close();
  });
  auto request = queue_work(loop, [] { return std::string(40, 'w'); }, [&](std::string) { ++ended; });
  loop.post([&, text = std::string(40, 'p')] { ++ended; });
  async.send();
  static_cast<void>(loop.pending());
  loop.run();
  return ended == 5 && echoed == 480;
}

/// k = 0, 1, ... until nothing fails any more: each time it works, or an exception comes, and the loop closes
/// (it would abort otherwise).
long fail_each(plan& which, bool for_ever, bool reported) {
  for (long k = 0;; ++k) {
    which = {.before_failing = k, .for_ever = for_ever};
    bool ended = false;
    bool threw = false;
    try {
      ended = scenario(reported);
    } catch (const std::bad_alloc&) {
      threw = true;
    } catch (const error& failure) {
      const bool memory =
          failure.code() == std::errc::not_enough_memory || failure.code() == std::errc::no_buffer_space;
      threw = memory;
    }
    const long failed = which.failed;
    which = {};
    INFO("k " << k);
    CHECK((ended || threw));
    if (failed == 0) {
      CHECK(ended);
      return k;
    }
  }
}

TEST_CASE("operator new fails once, at every place") {
  CHECK(fail_each(for_new, false, false) > 30);
  CHECK(fail_each(for_new, false, true) > 30);
}

TEST_CASE("operator new fails from any place on") {
  CHECK(fail_each(for_new, true, false) > 30);
  CHECK(fail_each(for_new, true, true) > 30);
}

TEST_CASE("libuv's memory runs out once, at every place, and from any place on") {
  CHECK(fail_each(for_libuv, false, false) >= 2);
  CHECK(fail_each(for_libuv, true, false) >= 2);
}

TEST_CASE("a write that libuv has no memory for is an error, and the loop does not wait for it") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  std::vector<owned_buffer> several;
  for (int i = 0; i < 12; ++i) several.emplace_back(std::string("x"));
  bool called = false;
  for_libuv = {.before_failing = 0};
  try {
    left.write(std::move(several), [&](outcome<>) { called = true; });
    FAIL("it was written");
  } catch (const error& failure) {
    CHECK(failure.code() == std::errc::not_enough_memory);
  }
  CHECK(loop.pending().size() == 2);
  CHECK_FALSE(loop.alive());
  CHECK_FALSE(loop.run());
  CHECK_FALSE(called);
  loop.close();
}

TEST_CASE("more exceptions than there is memory for: some are kept, and the last one says so") {
  loop loop;
  timer first{loop};
  first.start(0ms, [] { for_new = {.before_failing = 0, .for_ever = true}; });
  std::vector<timer> timers;
  for (int i = 0; i < 40; ++i) timers.emplace_back(loop).start(0ms, [i] { throw i; });
  timer last{loop};
  last.start(0ms, [] { for_new = {}; });
  int kept = 0;
  int memory = 0;
  for (;;) {
    try {
      if (!loop.run()) break;
    } catch (const std::bad_alloc&) {
      ++memory;
    } catch (int) {
      ++kept;
      CHECK(memory == 0);
    }
  }
  CHECK(kept >= 8);
  CHECK(kept < 40);
  CHECK(memory == 1);
  loop.close();
}

/// The system has no more pages, which is where the memory of handles comes from. Under a tool for which each
/// is an allocation, that is what fails, and the tool needs pages itself.
class no_pages {
 public:
  no_pages() {
    if (allocations_are_checked()) return;
    REQUIRE(getrlimit(RLIMIT_AS, &before_) == 0);
    const rlimit none{.rlim_cur = 1, .rlim_max = before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
  }
  no_pages(const no_pages&) = delete;
  no_pages& operator=(const no_pages&) = delete;
  ~no_pages() {
    if (!allocations_are_checked()) setrlimit(RLIMIT_AS, &before_);
  }

 private:
  rlimit before_{};
};

/// The next one needs pages, or an allocation where each block is one.
std::vector<tcp> as_many_as_there_is_memory_for(loop& loop) {
  std::vector<tcp> made;
  made.reserve(200'000);  // more than fit into the slabs that other loops may have left behind
  const no_pages from_here_on;
  try {
    while (made.size() < made.capacity()) {
      for_new = {.before_failing = 0, .for_ever = false};
      made.emplace_back(loop);
    }
  } catch (const std::bad_alloc&) {
  }
  for_new = {};
  REQUIRE(made.size() < made.capacity());
  return made;
}

TEST_CASE("a connection that there is no memory for waits for accept") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  tcp client{loop};
  int accepted = 0;
  listener.listen([&](tcp) { ++accepted; });
  client.connect(listener.local_address(), [] {});
  prepare before{loop};
  const std::vector<tcp> none_left = as_many_as_there_is_memory_for(loop);
  std::optional<no_pages> from_then_on;
  before.start([&] {
    from_then_on.emplace();
    for_new = {.before_failing = 0, .for_ever = false};
  });
  CHECK_THROWS_AS(loop.run(), std::bad_alloc);
  for_new = {};
  from_then_on.reset();
  before.close();
  tcp peer = listener.try_accept().value();
  CHECK_FALSE(peer.is_closing());
  CHECK(accepted == 0);
  tcp second{loop};
  second.connect(listener.local_address(), [&] { listener.close(); });
  CHECK_FALSE(loop.run());
  CHECK(accepted == 1);
  loop.close();
}

}  // namespace
}  // namespace gauntlet::uv::test
