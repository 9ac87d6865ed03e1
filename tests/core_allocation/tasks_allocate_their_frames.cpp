// What tasks and operations allocate, counted; and what happens when each of these allocations fails.

#include <catch2/catch_test_macros.hpp>
#include <gauntlet/coroutines.hpp>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "counted_new.hpp"
#include "support/test_loop.hpp"

namespace gauntlet::test {
namespace {

using namespace std::chrono_literals;

[[gnu::noinline]] task<long> number(long value) { co_return value; }
[[gnu::noinline]] task<> nothing() { co_return; }
[[gnu::noinline]] task<> sleeps() { co_await sleep_for(0ms); }

/// What one time takes; what is made once only is made before.
template <class Work>
task<long> allocations_of(Work work) {
  co_await work();
  const long before = allocations.made;
  co_await work();
  co_return allocations.made - before;
}

TEST_CASE("a task allocates its frame, and nothing else") {
  test_loop loop;
  CHECK(run(loop, allocations_of([] { return number(1); })) == 1);
  CHECK(run(loop, allocations_of([] { return sleeps(); })) == 1);
}

TEST_CASE("an operation allocates nothing") {
  test_loop loop;
  event happens("an event whose name is too long for a short string");
  mutex accounts("a mutex whose name is too long for a short string");
  semaphore connections(1, "a semaphore whose name is too long for a short string");
  channel<long> numbers(1, "a channel whose name is too long for a short string");
  const auto uses_all = [&]() -> task<> {
    happens.set();
    co_await happens.wait();
    const auto guard = co_await accounts.lock();
    const auto permit = co_await connections.acquire();
    co_await numbers.send(1);
    const std::optional<long> value = co_await numbers.receive();
    static_cast<void>(value);
    co_await sleep_for(0ms);
    co_await with_timeout(1h, sleep_for(0ms));
    co_await as_expected(sleep_for(0ms));
  };
  CHECK(run(loop, allocations_of(uses_all)) == 1);  // its frame
}

TEST_CASE("operations that wait allocate nothing either, nor those that wake them") {
  test_loop loop;
  channel<long> there(0);
  channel<long> back(0);
  mutex both;
  const auto answers = [&]() -> task<> {
    while (const std::optional<long> asked = co_await there.receive()) co_await back.send(*asked);
  };
  long taken = -1;
  const auto asks = [&]() -> task<> {
    for (int round = 0; round < 100; ++round) {
      if (round == 1) taken = allocations.made;
      const auto guard = co_await both.lock();
      co_await there.send(round);
      co_await back.receive();
    }
    taken = allocations.made - taken;
    there.close();
  };
  const auto all = [&]() -> task<> { co_await when_all(answers(), asks()); };
  run(loop, all());
  CHECK(taken == 0);
}

TEST_CASE("spawn takes the frame of what is spawned, and one more for a function that is kept") {
  test_loop loop;
  const auto tasks = [](scope& all) -> task<long> {
    const long before = allocations.made;
    for (int i = 0; i < 100; ++i) all.spawn(sleeps());
    co_return allocations.made - before;
  };
  CHECK(run(loop, with_scope(tasks)) == 100);
  const auto functions = [](scope& all) -> task<long> {
    const long before = allocations.made;
    for (int i = 0; i < 100; ++i) all.spawn([] { return sleeps(); });
    co_return allocations.made - before;
  };
  CHECK(run(loop, with_scope(functions)) == 200);
}

TEST_CASE("when_all, when_any and with_scope take a frame, and the first two one for each that they start") {
  test_loop loop;
  CHECK(run(loop, allocations_of([] { return when_all(nothing(), nothing()); })) == 1 + 2 * 2);
  CHECK(run(loop, allocations_of([] { return when_any(nothing(), nothing()); })) == 1 + 2 * 2);
  CHECK(run(loop, allocations_of([] { return when_all(sleep_for(0ms), sleep_for(0ms)); })) == 1 + 2);
  CHECK(run(loop, allocations_of([] { return with_scope([](scope&) { return nothing(); }); })) == 1 + 1);
}

TEST_CASE("a name that fits into a short string, a timeout and an error as a value add nothing") {
  test_loop loop;
  CHECK(run(loop, allocations_of([] { return named("handler 17", nothing()); })) == 1);
  const auto limited = []() -> task<> { co_await with_timeout(1h, nothing()); };
  CHECK(run(loop, allocations_of(limited)) == 2);
  const auto as_value = []() -> task<> { co_await as_expected(nothing()); };
  CHECK(run(loop, allocations_of(as_value)) == 2);
}

/// A bit of everything. Answers what is right.
task<long> scenario() {
  channel<long> numbers(1, "the channel of this scenario, by name");
  mutex lock("the mutex of this scenario, by name");
  long sum = 0;
  const auto sends = [&]() -> task<> {
    for (long i = 0; i < 4; ++i) {
      const auto guard = co_await lock.lock();
      co_await numbers.send(i);
      co_await sleep_for(0ms);
    }
    numbers.close();
    const auto closed = co_await as_expected(numbers.send(1));
    if (closed) throw std::logic_error("it was closed");
  };
  const auto receives = [&]() -> task<> {
    while (const std::optional<long> value = co_await numbers.receive()) {
      sum += *value;
      const auto late = co_await as_expected(with_timeout(0ms, sleep_for(1h)));
      if (late) throw std::logic_error("it was in time");
    }
  };
  const auto body = [&](scope& all) -> task<> {
    all.spawn(named("the one that sends, by a long name", sends()));
    all.spawn(receives);
    co_await when_any(all.join(), sleep_for(1h));
  };
  co_await with_scope(body);
  co_return sum;
}

/// All that goes wrong for others when one thing ends.
task<long> endings() {
  auto never = std::make_unique<event>("an event that is destroyed, by name");
  channel<long> full(0, "a channel that is closed, by name");
  mutex lock("a mutex that is never unlocked, by name");
  int failed = 0;
  const auto fails = [&](auto& on) -> task<> {
    try {
      co_await on();
    } catch (const error&) {
      ++failed;
    } catch (const misuse&) {
      ++failed;
    }
  };
  auto waits = [&] { return never->wait(); };
  auto sends = [&] { return full.send(1); };
  const auto body = [&](scope& all) -> task<> {
    for (int i = 0; i < 3; ++i) {
      all.spawn(fails(waits));
      all.spawn(fails(sends));
    }
    co_await sleep_for(0ms);
    full.close();
    never.reset();
    co_await all.join();
  };
  co_await with_scope(body);
  if (failed != 6) throw std::logic_error("one has ended well, or not at all");
  const auto guard = co_await lock.lock();
  try {
    const auto again = co_await lock.lock();  // a deadlock
  } catch (const error& stopped) {
    if (stopped.code() != std::errc::operation_canceled) throw;
  }
  co_return failed;
}

/// Its result is six, or an error comes out that it is sure to end with.
template <class Scenario>
void fail_each_allocation(Scenario scenario) {
  long failures = 0;
  for (long k = 0;; ++k) {
    INFO("the allocation with number " << k << " fails");
    plain_loop loop;
    allocations.before_failing = k;
    long sum = -1;
    bool failed = false;
    try {
      sum = run(loop, scenario());
    } catch (const std::bad_alloc&) {
      failed = true;
    } catch (const error& stuck) {
      if (stuck.code() == std::errc::resource_deadlock_would_occur) sum = 6;
    }
    const bool reached = allocations.before_failing < 0;
    allocations.before_failing = -1;
    if (loop.pending().size() != 0) FAIL("something is in flight");
    if (!failed && sum != 6) FAIL("the sum is " << sum);
    if (!reached) break;
    failures += failed;
  }
  CHECK(failures > 20);
}

TEST_CASE("when an allocation fails, whichever it is, all tasks end and bad_alloc comes out") {
  fail_each_allocation(scenario);
}

TEST_CASE("when the memory for an error is not there, its place is taken by bad_alloc") {
  fail_each_allocation(endings);
}

}  // namespace
}  // namespace gauntlet::test
