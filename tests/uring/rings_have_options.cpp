// Each way to make a ring, and what a ring is told once.
#include <fcntl.h>
#include <gauntlet/shim/uring.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "gauntlet/memory_checker.hpp"
#include "needs.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

/// Everything that a program does with a ring.
void works(ring& own) {
  const temporary_folder folder;
  run_to_the_end(own, [&]() -> task<> {
    file on = co_await open(own, folder / "a", read_write | open_flags::create);
    const std::size_t written = co_await on.write_some(bytes_of("hello"), 0);
    CHECK(written == 5);
    std::array<std::byte, 8> memory{};
    const std::size_t got = co_await on.read_some(memory, 0);
    CHECK(got == 5);
    pipe_of ends(own);
    co_await with_scope([&](scope& all) -> task<> {
      for (int i = 0; i < 50; ++i)
        all.spawn([&]() -> task<> {
          std::array<std::byte, 1> one{};
          co_await ends.in.read_some(one);
        });
      co_await sleep_for(1ms);
      const std::string text(50, 'x');
      co_await ends.out.write_some(bytes_of(text));
    });
    bool timed_out = false;
    try {
      co_await with_timeout(1ms, ends.in.read_some(memory));
    } catch (const gauntlet::error& failure) {
      timed_out = failure.code() == std::errc::timed_out;
    }
    CHECK(timed_out);
    co_await on.close();
    event woken{"woken"};
    std::thread other;
    {
      const ring::work_guard open = own.keep_alive();
      other = std::thread([&] { own.post([&] { woken.set(); }); });
      co_await woken.wait();
    }
    other.join();
  });
}

void works_with(ring_options options) {
  ring own{options};
  works(own);
}

TEST_CASE("a ring works however it is made") {
  require_io_uring();
  SECTION("small") { works_with({.entries = 1}); }
  SECTION("completion_entries") { works_with({.entries = 8, .completion_entries = 256}); }
  SECTION("single_issuer") { works_with({.single_issuer = true}); }
  SECTION("defer_taskrun") { works_with({.single_issuer = true, .defer_taskrun = true}); }
  SECTION("coop_taskrun") { works_with({.coop_taskrun = true}); }
  SECTION("submission thread") { works_with({.submission_thread_idle = 10}); }
  SECTION("submission thread that sleeps at once") {
    works_with({.entries = 4, .submission_thread_idle = 1});
  }
  SECTION("submission thread on a processor") {
    works_with(
        {.submission_thread_idle = 10, .submission_thread_cpu = static_cast<std::uint32_t>(sched_getcpu())});
  }
  SECTION("attached to another one") {
    const ring other;
    works_with({.attach_to = other.native_descriptor()});
  }
}

// A turn that finds something at once does not wait: who waits for something else must not starve.
TEST_CASE("while some is done at once, and more of it is submitted, the rest is told of, too") {
  require_io_uring();
  const auto options = GENERATE(ring_options{}, ring_options{.coop_taskrun = true},
                                ring_options{.single_issuer = true, .defer_taskrun = true},
                                ring_options{.submission_thread_idle = 10});
  ring own{options};
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 1> memory{};
    bool read = false;
    int nops = 0;
    const auto reads = [&]() -> task<> {
      co_await ends.in.read_some(memory);
      read = true;
    };
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn(reads());
      co_await make_turns(own, 50);  // by now it is clear that these are done at once
      const ssize_t written = ::write(ends.out.native(), "x", 1);
      CHECK(written == 1);
      while (!read && ++nops < 100'000) co_await own.nop();
    });
    CHECK(nops < 100'000);
  });
}

TEST_CASE("where the kernel has to wait it is not asked twice") {
  require_io_uring();
  ring own;
  constexpr std::uint64_t waits = 500;
  std::uint64_t enters = 0;
  run_to_the_end(own, [&]() -> task<> {
    const std::uint64_t before = own.metrics().enters;
    for (std::uint64_t i = 0; i < waits; ++i) co_await timeout(own, 100us);
    enters = own.metrics().enters - before;
  });
  const std::uint64_t of_each = runs_under_valgrind() ? 2 : 1;  // there it sleeps outside of the call
  CHECK(enters < of_each * waits + waits / 10);
}

TEST_CASE("with a submission thread, what waits for room does not wait for completions") {
  require_io_uring();
  // On our own processor: the thread runs only when we wait.
  const auto here = static_cast<std::uint32_t>(sched_getcpu());
  cpu_set_t before;
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(here, &only);
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  REQUIRE(sched_setaffinity(0, sizeof only, &only) == 0);
  ring own{{.entries = 2, .submission_thread_idle = 5, .submission_thread_cpu = here}};
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    co_await with_scope([&](scope& all) -> task<> {
      for (int i = 0; i < 100; ++i)
        all.spawn([&]() -> task<> {
          std::array<std::byte, 1> one{};
          co_await ends.in.read_some(one);
        });
      const std::string text(100, 'x');
      co_await ends.out.write_some(bytes_of(text));  // the last of 101, of which two have room at once
    });
  });
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
}

TEST_CASE("what a ring with iopoll cannot do is refused with the reason, and the ring goes on") {
  require_io_uring();
  ring own{{.iopoll = true}};
  const temporary_folder folder;
  run_to_the_end(own, [&]() -> task<> {
    co_await own.nop();
    const int number = ::open((folder / "a").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(number >= 0);
    file on(own, number);
    std::string said;
    std::array<std::byte, 8> memory{};
    try {
      co_await on.read_some(memory, 0);
    } catch (const error& failure) {
      said = failure.what();
    }
    CAPTURE(said);
    CHECK(said.find("made with iopoll") != std::string::npos);
    said.clear();
    try {
      co_await timeout(own, 1ms);
    } catch (const error& failure) {
      said = failure.what();
    }
    CHECK(said.find("made with iopoll") != std::string::npos);
    co_await sleep_for(1ms);
  });
}

TEST_CASE("a disabled ring waits to be enabled, and may be restricted until then") {
  require_io_uring();
  ring own{{.disabled = true}};
  CHECK(misuse_of([&] {
          gauntlet::run(own, []() -> task<> { co_return; }());
        }).contains("call its enable() first"));
  own.restrict_to({.operations = {operation_code::nop, operation_code::write, operation_code::timeout}});
  own.enable();
  CHECK_THROWS_AS(own.enable(), error);
  run_to_the_end(own, [&]() -> task<> {
    co_await own.nop();
    pipe_of ends(own);
    co_await ends.out.write_some(bytes_of("x"));
    std::error_code refused;
    try {
      co_await ends.out.fsync();
    } catch (const error& failure) {
      refused = failure.code();
    }
    CHECK(refused == std::errc::permission_denied);
  });
  ring open;
  CHECK_THROWS_AS(open.restrict_to({}), error);
}

TEST_CASE("a disabled ring is destroyed with something waiting") {
  require_io_uring();
  const ring own{{.disabled = true}};
}

TEST_CASE("workers are limited and pinned") {
  require_io_uring();
  ring own;
  own.limit_workers({.bounded = 3, .unbounded = 5});
  const worker_limits now = own.limit_workers({});
  CHECK(now.bounded == 3);
  CHECK(now.unbounded == 5);
  const std::array processors{static_cast<std::uint32_t>(sched_getcpu())};
  own.pin_workers(processors);
  own.pin_workers({});
  const std::array nowhere{1U << 20};
  CHECK(misuse_of([&] { return own.pin_workers(nowhere); }).contains("no processor of this number"));
  works(own);
}

TEST_CASE("a personality is what submissions are made as") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::uint16_t id = 0;
    {
      const personality mine = own.register_personality();
      id = mine.id();
      co_await own.nop().with({.personality = id});
    }
    std::error_code gone;
    try {
      co_await own.nop().with({.personality = id});
    } catch (const error& failure) {
      gone = failure.code();
    }
    CHECK(gone == std::errc::invalid_argument);
  });
}

TEST_CASE("queues are resized") {
  require_io_uring();
  require_liburing(9);
  require_linux(6, 13, "IORING_REGISTER_RESIZE_RINGS");
  ring own{{.entries = 8, .single_issuer = true, .defer_taskrun = true}};
  CHECK(gauntlet_uring_sq_space_left(own.native()) == 8);
  own.resize(64);
  CHECK(gauntlet_uring_sq_space_left(own.native()) == 64);
  works(own);
}

namespace {

/// What the error says of what work does; nothing where it does it.
template <class Work>
std::string refusal_of(Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (const error& failure) {
    return failure.what();
  }
  return {};
}

}  // namespace

TEST_CASE("of a ring whose queues cannot be resized the error says what that needs") {
  require_io_uring();
  require_liburing(9);
  ring plain;
  CHECK(refusal_of([&] { plain.resize(64); }).contains("Linux 6.13, and a ring made with single_issuer"));
}

TEST_CASE("of what the liburing of this build is too old for the error says which has it") {
  require_io_uring();
  if (has_liburing(9)) SKIP("the liburing of this build has all that is asked");
  ring own{{.entries = 8, .single_issuer = true, .defer_taskrun = true}};
  CHECK(refusal_of([&] { own.resize(64); }).contains("too old: 2.9 has it"));
  if (has_liburing(8)) return;
  CHECK(refusal_of([&] { own.wait_for_batches({.completions = 2, .at_most = 1us}); }).contains("2.8 has it"));
  if (has_liburing(6)) return;
  CHECK(refusal_of([&] { own.register_napi({.at_most = 1us}); }).contains("too old: 2.6 has it"));
  CHECK(refusal_of([&] { own.unregister_napi(); }).contains("too old: 2.6 has it"));
}

TEST_CASE("network devices are polled") {
  require_io_uring();
  require_liburing(6);
  require_linux(6, 9, "IORING_REGISTER_NAPI");
  ring own;
  const busy_polling before = own.register_napi({.at_most = 50us, .prefer = true});
  CHECK(before.at_most == 0us);
  const busy_polling changed = own.register_napi({.at_most = 20us});
  CHECK(changed.at_most == 50us);
  CHECK(changed.prefer);
  works(own);
  ring again;
  again.register_napi({.at_most = 20us});
  CHECK(again.unregister_napi().at_most == 20us);
  CHECK(misuse_of([&] {
          return again.register_napi({.at_most = -1us});
        }).contains("no longer than 2^32 - 1 microseconds"));
}

namespace {

/// A batch that would take longer than any test if it were not ended by something else; skips the test where
/// there are none.
void wait_long_for(ring& own, std::uint32_t completions) {
  require_liburing(8);
  require_linux(6, 12, "a wait for batches");
  own.wait_for_batches({.completions = completions, .at_most = 1h});
}

task<> read_one(file& from) {
  std::array<std::byte, 1> one{};
  co_await from.read_some(one);
}

task<> expire_after(ring& own, std::chrono::nanoseconds span) {
  static_cast<void>(co_await timeout(own, span));
}

}  // namespace

TEST_CASE("a ring that waits for batches sleeps until one is there") {
  require_io_uring();
  if (runs_under_valgrind()) SKIP("under Valgrind a ring does not sleep in io_uring_enter");
  ring own;
  wait_long_for(own, 4);
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    // Not timeouts: the kernel lets those end each wait.
    const int writes = ends.out.native();
    std::thread other([writes] {
      for (int i = 0; i < 4; ++i) {
        std::this_thread::sleep_for(20ms);
        if (::write(writes, "x", 1) != 1) return;  // then no batch comes, and the test does not end
      }
    });
    const std::uint64_t before = own.metrics().enters;
    co_await when_all(read_one(ends.in), read_one(ends.in), read_one(ends.in), read_one(ends.in));
    CHECK(own.metrics().enters == before + 1);
    other.join();
  });
}

TEST_CASE("a ring that waits for batches goes on with fewer when the time is over") {
  require_io_uring();
  ring own;
  wait_long_for(own, 4);
  own.wait_for_batches({.completions = 4, .at_most = 1ms});
  run_to_the_end(own, [&]() -> task<> { co_await expire_after(own, 2ms); });
}

TEST_CASE("a ring that waits for batches has its timers come in time, and ends at once") {
  require_io_uring();
  ring own;
  wait_long_for(own, 100);
  gauntlet::run(own, [&]() -> task<> {
    co_await sleep_for(1ms);
    pipe_of ends(own);
    std::array<std::byte, 1> memory{};
    bool timed_out = false;
    own.wait_for_batches({.completions = 2, .at_most = 1h});  // which it is when it is cancelled
    try {
      co_await with_timeout(1ms, ends.in.read_some(memory));
    } catch (const gauntlet::error& failure) {
      timed_out = failure.code() == std::errc::timed_out;
    }
    CHECK(timed_out);
  }());
  own.wait_for_batches({.completions = 100, .at_most = 1h});
  CHECK(own.close().empty());
  CHECK(misuse_of([&] { return own.wait_for_batches({}); }).contains("the ring is closed"));
}

TEST_CASE("a ring that waits for batches does not wait for a timer whose time has passed") {
  require_io_uring();
  ring own;
  wait_long_for(own, 100);
  run_to_the_end(own, [&]() -> task<> {
    co_await with_scope([](scope& all) -> task<> {
      all.spawn([]() -> task<> { co_await sleep_for(1us); });
      std::this_thread::sleep_for(1ms);
      co_return;
    });
  });
}

TEST_CASE("a time for batches that is out of range is refused") {
  require_io_uring();
  ring own;
  CHECK(misuse_of([&] {
          return own.wait_for_batches({.completions = 2, .at_most = -1us});
        }).contains("no longer than 2^32 - 1 microseconds"));
  own.wait_for_batches({});  // one completion: as always
}

TEST_CASE("a completion of an old generation is counted, and reaches nobody") {
  require_io_uring();
  ring own;
  gauntlet::run(own, [&]() -> task<> {
    co_await own.nop();
    // To slot 0, which has gone on, and is taken by the next.
    const raw_result sent = co_await own.submit_raw({.code = operation_code::msg_ring,
                                                     .fd = own.native_descriptor(),
                                                     .length = 7,
                                                     .offset = std::uint64_t{1} << 32});
    CHECK(sent.res == 0);
    co_await own.nop();
  }());
  CHECK(own.metrics().stale == 1);
  CHECK(own.close().empty());
}

}  // namespace
}  // namespace gauntlet::uring::test
