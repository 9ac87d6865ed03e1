#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdio>
#include <cstdlib>
#include <gauntlet/coroutines.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/death.hpp"
#include "support/test_loop.hpp"

namespace gauntlet::test {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

/// The loop does nothing else meanwhile.
void hold_for(std::chrono::milliseconds span) { std::this_thread::sleep_for(span); }

template <class Told>
std::string text_of(const Told& told) {
  std::ostringstream text;
  text << told;
  return text.str();
}

bool is_at(const std::source_location& place, int line) {
  return place.line() == static_cast<unsigned>(line) &&
         std::string(place.file_name()).ends_with("watchdogs_warn.cpp");
}

/// What is told while it lives.
struct witness {
  explicit witness(execution_context& context, std::chrono::nanoseconds held,
                   std::chrono::nanoseconds pending)
      : watched(context) {
    context.watch({.held_longer_than = held,
                   .pending_longer_than = pending,
                   .on_held = [this](const loop_held& told) { helds.push_back(told); },
                   .on_pending = [this](const pending_operation& told) { pendings.push_back(told); }});
  }
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  ~witness() { watched.watch({}); }

  execution_context& watched;
  std::vector<loop_held> helds{};
  std::vector<pending_operation> pendings{};
};

TEST_CASE("a task that holds the loop is told with where it went on and where it waited next") {
  test_loop loop;
  witness told(loop, 200ms, 0ns);
  int from = 0;
  int until = 0;
  const auto works = [&]() -> task<> {
    from = __LINE__ + 1;
    co_await sleep_for(0ms);
    hold_for(250ms);
    until = __LINE__ + 1;
    co_await sleep_for(0ms);
  };
  const auto outer = [&]() -> task<> { co_await named("handler 17", works()); };
  run(loop, outer());
  REQUIRE(told.helds.size() == 1);
  const loop_held& held = told.helds[0];
  CHECK(held.lasted >= 250ms);
  CHECK(held.by == "sleep_for");
  CHECK(held.task == "handler 17");
  CHECK(is_at(held.where, from));
  CHECK(is_at(held.until, until));
  const std::string text = text_of(held);
  CHECK_THAT(text, ContainsSubstring("the loop was held for "));
  CHECK_THAT(text, ContainsSubstring(" ms by handler 17, after sleep_for, from "));
}

TEST_CASE("a task that ends after it has held the loop waited nowhere next, and its beginning counts, too") {
  test_loop loop;
  witness told(loop, 200ms, 0ns);
  const auto ends = []() -> task<> {
    co_await sleep_for(0ms);
    hold_for(250ms);
  };
  run(loop, ends());
  REQUIRE(told.helds.size() == 1);
  CHECK(told.helds[0].until.line() == 0);
  CHECK(told.helds[0].task.empty());
  const auto begins = []() -> task<> {
    hold_for(250ms);
    co_return;
  };
  const int from = __LINE__ + 1;
  run(loop, begins());
  REQUIRE(told.helds.size() == 2);
  CHECK(told.helds[1].by == "run");
  CHECK(is_at(told.helds[1].where, from));
}

TEST_CASE("a callback that holds the loop is told, without the tasks in it that are told themselves") {
  test_loop loop;
  event happens;
  const auto waits = [&]() -> task<> {
    co_await happens.wait();
    hold_for(500ms);
  };
  witness told(loop, 200ms, 0ns);
  loop.add_guard();
  loop.post([&] {
    happens.set();  // goes on in there
    hold_for(250ms);
  });
  run(loop, waits());
  REQUIRE(told.helds.size() == 2);
  CHECK(told.helds[0].by == "event::wait");
  CHECK(told.helds[0].lasted >= 500ms);
  CHECK(told.helds[1].by == "posted callback");
  CHECK(told.helds[1].lasted >= 250ms);
  CHECK(told.helds[1].lasted < told.helds[0].lasted);
  CHECK(told.helds[1].where.line() == 0);
  CHECK_THAT(text_of(told.helds[1]), ContainsSubstring(" ms by what ran in or after posted callback"));
}

TEST_CASE("who is quick is not told, and nobody who does not ask is told anything") {
  test_loop loop;
  const auto quick = []() -> task<> {
    for (int i = 0; i < 100; ++i) co_await sleep_for(0ms);
  };
  {
    witness told(loop, 10s, 10s);
    run(loop, quick());
    CHECK(told.helds.empty());
    CHECK(told.pendings.empty());
  }
  const auto slow = []() -> task<> {
    co_await sleep_for(0ms);
    hold_for(5ms);
  };
  witness nothing(loop, 0ns, 0ns);
  run(loop, slow());
  CHECK(nothing.helds.empty());
}

TEST_CASE("an operation that stays in flight is told once, in its time, with who awaits it") {
  test_loop loop;
  event reply("the reply");
  witness told(loop, 0ns, 100ms);
  int from = 0;
  const auto waits = [&]() -> task<> {
    from = __LINE__ + 1;
    co_await reply.wait();
  };
  const auto later = [&]() -> task<> {
    co_await sleep_for(1ms);
    const auto inner = [&](scope& all) -> task<> {
      all.spawn(named("client 4", waits()));
      co_await sleep_for(5ms);
      CHECK(told.pendings.empty());
      hold_for(110ms);
      co_await sleep_for(0ms);
      CHECK(told.pendings.size() == 1);
      co_await sleep_for(8ms);
      reply.set();
    };
    co_await with_scope(inner);
  };
  run(loop, later());
  REQUIRE(told.pendings.size() == 1);
  CHECK(told.pendings[0].kind == "event::wait");
  CHECK(told.pendings[0].object == "the reply");
  CHECK(told.pendings[0].age >= 100ms);
  CHECK(is_at(told.pendings[0].where, from));
  REQUIRE_FALSE(told.pendings[0].chain.empty());
  CHECK(told.pendings[0].chain[0].name == "client 4");
}

TEST_CASE("several are told in the order in which they began to wait, and those that ended before are not") {
  test_loop loop;
  witness told(loop, 0ns, 4ms);
  const auto sleeps = [](std::chrono::milliseconds span) -> task<> { co_await sleep_for(span); };
  const auto one_after_the_other = [&](scope& all) -> task<> {
    all.spawn(sleeps(1ms));
    all.spawn(sleeps(20ms));
    co_await sleep_for(2ms);
    all.spawn(sleeps(21ms));
    co_await sleep_for(2ms);
    all.spawn(sleeps(22ms));
    all.spawn(sleeps(2ms));
  };
  run(loop, with_scope(one_after_the_other));
  std::vector<std::string> objects;
  for (const pending_operation& each : told.pendings)
    if (each.kind == "sleep_for" && each.object.size() > 4) objects.push_back(each.object);
  CHECK(objects == std::vector<std::string>{"20 ms", "21 ms", "22 ms"});
}

TEST_CASE("to watch what is in flight keeps no loop running, and a deadlock is one") {
  test_loop loop;
  event never("the reply");
  witness told(loop, 1s, 3s);
  const auto waits = [&]() -> task<> { co_await never.wait(); };
  CHECK(code_of([&] { run(loop, waits()); }) == std::errc::resource_deadlock_would_occur);
  CHECK(told.pendings.empty());  // at once
}

TEST_CASE("one is told after the other while nothing else happens, those that wait already too") {
  test_loop loop;
  event one("one");
  event other("other");
  std::vector<std::string> objects;
  const auto waits = [](event& on) -> task<> { co_await on.wait(); };
  const auto body = [&](scope& all) -> task<> {
    all.spawn(waits(one));
    co_await sleep_for(10ms);
    all.spawn(waits(other));
    loop.post([&] {
      loop.watch({.pending_longer_than = 50ms, .on_pending = [&](const pending_operation& told) {
                    if (told.object != "20 s") objects.push_back(told.object);
                    if (told.object == "other") all.request_stop();
                  }});
    });
    co_await sleep_for(20s);
  };
  run(loop, with_scope(body));
  loop.watch({});
  CHECK(objects == std::vector<std::string>{"one", "other"});
}

TEST_CASE("who has enough after the first is not told of the second") {
  const std::string said = last_words_of([] {
    plain_loop loop;
    event never;
    loop.watch({.pending_longer_than = 1ms, .on_pending = [&](const pending_operation&) {
                  std::fprintf(stderr, "told");
                  loop.watch({});
                }});
    const auto waits = [&]() -> task<> { co_await never.wait(); };
    const auto body = [&](scope& all) -> task<> {
      all.spawn(waits());
      all.spawn(waits());
      hold_for(4ms);
      co_await sleep_for(4ms);
      all.request_stop();
    };
    run(loop, with_scope(body));
    std::abort();
  });
  CHECK_THAT(said, ContainsSubstring("told"));
  CHECK_THAT(said, !ContainsSubstring("in flight for long"));
}

TEST_CASE("what a report throws is kept, and a report may end the watch") {
  test_loop loop;
  int told = 0;
  loop.watch({.held_longer_than = 1ms, .on_held = [&](const loop_held&) {
                if (++told == 2) loop.watch({});
                throw std::runtime_error("no room for the log");
              }});
  const auto slow = []() -> task<> {
    for (int i = 0; i < 3; ++i) {
      co_await sleep_for(0ms);
      hold_for(2ms);
    }
  };
  run(loop, slow());
  CHECK(told == 2);
  const std::vector<suppressed_error> kept = loop.take_suppressed_errors();
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].task == "watchdog");
  CHECK(kept[0].message == "no room for the log");
}

TEST_CASE("without a report the warnings are lines on standard error") {
  const std::string said = last_words_of([] {
    plain_loop loop;
    loop.watch({.held_longer_than = 1ms, .pending_longer_than = 1ms});
    const auto slow = []() -> task<> {
      co_await sleep_for(4ms);
      hold_for(3ms);
    };
    run(loop, named("handler 17", slow()));
    std::abort();
  });
  CHECK_THAT(said, ContainsSubstring("gauntlet: in flight for long: sleep_for 4 ms, for "));
  CHECK_THAT(said, ContainsSubstring("gauntlet: the loop was held for "));
}

/// One that has no second timer.
class simple_loop final : public execution_context {
 public:
  ~simple_loop() override = default;
  clock::time_point now() const noexcept override { return clock::now(); }
  bool on_this_thread() const noexcept override { return here_; }
  [[noreturn]] void refuse_thread(const char* operation, const std::source_location& where) const override {
    throw misuse(operation, "called on another thread: post to the loop", where);
  }
  bool turn() override { return false; }
  void be_elsewhere() { here_ = false; }

 private:
  void wake_at(std::optional<clock::time_point>) noexcept override {}
  void resume_later() noexcept override {}

  bool here_ = true;
};

TEST_CASE("a loop that cannot watch what is in flight says so, and other threads may not watch") {
  simple_loop loop;
  loop.watch({.held_longer_than = 1s});
  CHECK_THROWS_AS(loop.watch({.pending_longer_than = 1s}), misuse);
  loop.be_elsewhere();
  CHECK_THROWS_AS(loop.watch({}), misuse);
}

}  // namespace
}  // namespace gauntlet::test
