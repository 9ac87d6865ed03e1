#include <uv.h>

#include <algorithm>
#include <chrono>
#include <gauntlet/watchdog.hpp>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tasks_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;
using clock = execution_context::clock;

task<int> answer(int value) { co_return value; }

}  // namespace

TEST_CASE("a task runs on a loop of libuv's, and run() has its value or its exception") {
  loop loop;
  CHECK(gauntlet::run(loop, answer(42)) == 42);
  const auto fails = []() -> task<> {
    co_await sleep_for(1ms);
    throw std::runtime_error("no luck");
  };
  CHECK(thrown_by<std::runtime_error>([&] { gauntlet::run(loop, fails()); }) == "no luck");
  closes_clean(loop);
}

TEST_CASE("a task sleeps no shorter than it said, also after a long callback") {
  loop loop;
  const auto sleeps = []() -> task<> {
    std::this_thread::sleep_for(15ms);  // the loop's time stands still
    const clock::time_point before = clock::now();
    co_await sleep_for(20ms);
    CHECK(clock::now() - before >= 20ms);
  };
  gauntlet::run(loop, sleeps());
  closes_clean(loop);
}

TEST_CASE("with_timeout ends what sleeps on the loop, and timers keep their order") {
  loop loop;
  std::vector<int> order;
  const auto program = [&]() -> task<> {
    const clock::time_point begin = clock::now();
    const auto after = [&](std::chrono::milliseconds time, int name) -> task<> {
      co_await sleep_until(begin + time);
      order.push_back(name);
    };
    co_await when_all(after(6ms, 3), after(2ms, 1), after(4ms, 2));
    {
      const auto awaited = co_await code_of(with_timeout(2ms, sleep_for(1h)));
      CHECK(awaited == std::errc::timed_out);
    }
  };
  gauntlet::run(loop, program());
  CHECK(order == std::vector{1, 2, 3});
  closes_clean(loop);
}

TEST_CASE("channels, mutexes and callbacks of libuv's work together") {
  loop loop;
  timer ticker{loop};
  channel<int> ticks{1, "ticks"};
  int sum = 0;
  const auto program = [&]() -> task<> {
    while (std::optional<int> tick = co_await ticks.receive()) sum += *tick;
  };
  int sent = 0;
  ticker.start(1ms, 1ms, [&] {
    int value = ++sent;
    static_cast<void>(ticks.try_send(value));
    if (sent < 3) return;
    ticks.close();
    ticker.close();
  });
  gauntlet::run(loop, program());
  CHECK(sum == 6);
  loop.run();
  closes_clean(loop);
}

TEST_CASE("two tasks that wake each other for ever leave the loop its turns") {
  loop loop;
  const auto program = []() -> task<> {
    channel<int> there{0};
    channel<int> back{0};
    const auto ping = [&]() -> task<> {
      for (;;) {
        co_await there.send(1);
        co_await back.receive();
      }
    };
    const auto pong = [&]() -> task<> {
      for (;;) {
        co_await there.receive();
        co_await back.send(1);
      }
    };
    {
      const auto awaited = co_await code_of(with_timeout(5ms, when_all(ping(), pong())));
      CHECK(awaited == std::errc::timed_out);
    }
  };
  gauntlet::run(loop, program());
  closes_clean(loop);
}

TEST_CASE("a task that nothing can wake is a deadlock; one that another thread may wake is not") {
  loop loop;
  event never{"the reply"};
  const auto waits = [&]() -> task<> { co_await never.wait(); };
  try {
    gauntlet::run(loop, named("client", waits()));
    FAIL("it ended");
  } catch (const gauntlet::error& deadlock) {
    CHECK(deadlock.code() == std::errc::resource_deadlock_would_occur);
    CHECK(std::string(deadlock.what()).find("event::wait the reply") != std::string::npos);
    CHECK(std::string(deadlock.what()).find("client") != std::string::npos);
  }

  event said{"from the other thread"};
  std::optional<loop::work_guard> open(loop.keep_alive());
  std::thread other([&] {
    std::this_thread::sleep_for(2ms);
    loop.post([&] { said.set(); });
  });
  const auto hears = [&]() -> task<> { co_await said.wait(); };
  gauntlet::run(loop, hears());
  other.join();
  open.reset();
  closes_clean(loop);
}

TEST_CASE("what a callback throws cancels the tasks of run() and comes out of it") {
  loop loop;
  timer throws{loop};
  throws.start(1ms, [] { throw std::runtime_error("from a callback"); });
  bool ended = false;
  const auto waits = [&]() -> task<> {
    ended = co_await code_of(sleep_for(1h)) == std::errc::operation_canceled;
  };
  CHECK(thrown_by<std::runtime_error>([&] { gauntlet::run(loop, waits()); }) == "from a callback");
  CHECK(ended);
  throws.close();
  loop.run();
  closes_clean(loop);
}

TEST_CASE("to run or close a loop inside of its own tasks is misuse, also before the first wait") {
  loop loop;
  const auto program = [&](bool waits_first) -> task<> {
    if (waits_first) co_await sleep_for(0ms);
    CHECK(misuse_of([&] { loop.run(); }).find("inside a callback of the same loop") != std::string::npos);
    CHECK(misuse_of([&] { loop.close(); }).find("inside a callback of the same loop") != std::string::npos);
    CHECK(misuse_of([&] { gauntlet::run(loop, answer(1)); }).find("co_await") != std::string::npos);
  };
  gauntlet::run(loop, program(false));
  gauntlet::run(loop, program(true));
  std::string from_a_callback;
  loop.post([&] { from_a_callback = misuse_of([&] { gauntlet::run(loop, answer(1)); }); });
  loop.run();
  CHECK(from_a_callback.find("co_await") != std::string::npos);
  closes_clean(loop);
}

TEST_CASE("run() on another thread, on a loop that is closed, and on one that was moved from is misuse") {
  loop loop;
  std::string other_thread;
  std::thread([&] { other_thread = misuse_of([&] { gauntlet::run(loop, answer(1)); }); }).join();
  CHECK(other_thread.find("the loop belongs to") != std::string::npos);
  loop.close();
  CHECK(misuse_of([&] { gauntlet::run(loop, answer(1)); }).find("closed") != std::string::npos);
  uv::loop next = std::move(loop);
  CHECK(misuse_of([&] { gauntlet::run(loop, answer(1)); }).find("moved from") != std::string::npos);
}

TEST_CASE("a loop that is destroyed by one of its tasks has the others cancelled, and ends with run()") {
  for (const auto& [by_callback, as_context] :
       {std::pair(false, false), std::pair(true, false), std::pair(false, true)}) {
    std::optional<loop> owner(std::in_place);
    timer late{*owner};
    bool cancelled = false;
    const auto program = [&]() -> task<> {
      if (by_callback)
        late.start(1ms, [&] { owner.reset(); });
      else
        owner.reset();
      cancelled = co_await code_of(sleep_for(1h)) == std::errc::operation_canceled;
    };
    const std::string told = misuse_of([&] {
      if (as_context)
        gauntlet::run(owner->context(), program());
      else
        gauntlet::run(*owner, program());
    });
    CHECK(told.find("the loop was destroyed") != std::string::npos);
    CHECK(cancelled);
    CHECK(late.is_closing());
  }
}

TEST_CASE("a watchdog tells of a callback and a task that hold the loop, and of what stays in flight") {
  loop loop;
  std::vector<std::string> held;
  std::vector<std::string> pending;
  loop.context().watch(
      {.held_longer_than = 5ms,
       .pending_longer_than = 30ms,
       .on_held = [&](const loop_held& told) { held.emplace_back(told.by); },
       .on_pending = [&](const gauntlet::pending_operation& told) { pending.emplace_back(told.kind); }});
  timer slow{loop};
  slow.start(1ms, [] { std::this_thread::sleep_for(10ms); });
  event never{"the reply"};
  const auto program = [&]() -> task<> {
    const auto waits = [&]() -> task<> { co_await never.wait(); };
    const auto holds = [&]() -> task<> {
      co_await sleep_for(20ms);
      std::this_thread::sleep_for(10ms);
      co_await sleep_for(60ms);
      never.set();
    };
    co_await when_all(waits(), holds());
  };
  gauntlet::run(loop, program());
  CHECK(std::ranges::count(held, "timer") == 1);
  CHECK(std::ranges::count(held, "sleep_for") >= 1);  // the other resume may take as long on a busy machine
  CHECK(std::ranges::count(pending, "event::wait") == 1);

  // Its timer is nothing that can come.
  event lost;
  const auto hangs = [&]() -> task<> { co_await lost.wait(); };
  CHECK_THROWS_AS(gauntlet::run(loop, hangs()), gauntlet::error);
  slow.close();
  loop.run();
  closes_clean(loop);
}

TEST_CASE("a program of callbacks has none of the handles that tasks need") {
  loop loop;
  const auto handles = [&] {
    int count = 0;
    uv_walk(loop.native(), [](uv_handle_t*, void* counted) { ++*static_cast<int*>(counted); }, &count);
    return count;
  };
  const int before = handles();
  loop.run();
  CHECK(handles() == before);
  const auto sleeps = []() -> task<> { co_await sleep_for(1ms); };
  gauntlet::run(loop, sleeps());
  CHECK(handles() == before + 2);
  closes_clean(loop);
}

TEST_CASE("dump() tells each wait once, with the tasks by name, beside handles and requests") {
  loop loop;
  timer idle{loop};
  event reply{"the reply"};
  std::string seen;
  std::size_t awaited = 0;
  const auto handler = [&]() -> task<> { co_await reply.wait(); };
  const auto program = [&]() -> task<> {
    const auto looks = [&]() -> task<> {
      co_await sleep_for(1ms);
      seen = dump_of(loop);
      for (const pending_operation& operation : loop.pending()) awaited += operation.awaited ? 1 : 0;
      reply.set();
    };
    co_await when_all(named("handler 17", handler()), looks());
  };
  gauntlet::run(loop, named("server", program()));
  CAPTURE(seen);
  CHECK(awaited == 2);  // the reply, and both of when_all
  CHECK(seen.find("event::wait the reply, for ") != std::string::npos);
  CHECK(seen.find("awaited by handler 17, at ") != std::string::npos);
  CHECK(seen.find("awaited by server, at ") != std::string::npos);
  CHECK(seen.find("timer, inactive") != std::string::npos);
  idle.close();
  loop.run();
  closes_clean(loop);
}

}  // namespace gauntlet::uv::test
