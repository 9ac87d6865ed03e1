#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <gauntlet/coroutines.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/cancel_everywhere.hpp"
#include "support/foreign.hpp"
#include "support/test_loop.hpp"

namespace gauntlet::test {
namespace {

using namespace std::chrono_literals;

task<int> later(int value, std::chrono::milliseconds after) {
  co_await sleep_for(after);
  co_return value;
}
task<> fails_after(std::chrono::milliseconds after, std::string text) {
  co_await sleep_for(after);
  throw std::runtime_error(text);
}
task<> waits_for_ever(int& cancelled) {
  try {
    co_await sleep_for(1h);
  } catch (const error& ended) {
    if (ended.code() == std::errc::operation_canceled) ++cancelled;
    throw;
  }
}

TEST_CASE("a scope gives its results in the order of the spawns, whoever ends first") {
  test_loop loop;
  const auto body = [](scope_of<int>& all) -> task<std::vector<int>> {
    all.spawn(later(1, 4ms));
    all.spawn(later(2, 1ms));
    all.spawn(later(3, 0ms));
    co_return co_await all.join();
  };
  CHECK(run(loop, with_scope_of<int>(body)) == std::vector{1, 2, 3});
}

TEST_CASE("a child's error cancels its siblings and the body, and is what comes out") {
  test_loop loop;
  int cancelled = 0;
  const auto body = [&](scope& all) -> task<> {
    all.spawn(waits_for_ever(cancelled));
    all.spawn(fails_after(1ms, "the child"));
    co_await waits_for_ever(cancelled);
  };
  CHECK(thrown_by<std::runtime_error>([&] { run(loop, with_scope(body)); }) == "the child");
  CHECK(cancelled == 2);
}

TEST_CASE("of two errors the first comes out and the second is kept") {
  test_loop loop;
  const auto complains = []() -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const error&) {
      throw std::runtime_error("second");
    }
  };
  const auto body = [&](scope& all) -> task<> {
    all.spawn(named("late", complains()));
    all.spawn(fails_after(0ms, "first"));
    co_await all.join();
  };
  CHECK(thrown_by<std::runtime_error>([&] { run(loop, with_scope(body)); }) == "first");
  const std::vector<suppressed_error> kept = loop.take_suppressed_errors();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].message == "second");
  CHECK(kept[0].task == "late");
}

TEST_CASE("request_stop ends a scope as if its tasks had ended by themselves") {
  test_loop loop;
  int cancelled = 0;
  const auto body = [&](scope& all) -> task<> {
    all.spawn(waits_for_ever(cancelled));
    all.spawn([&]() -> task<> {
      co_await sleep_for(1ms);
      all.request_stop();
    });
    co_await waits_for_ever(cancelled);
  };
  run(loop, with_scope(body));
  CHECK(cancelled == 2);
}

TEST_CASE("when_all gives all results; one that fails cancels the others") {
  test_loop loop;
  const auto both = []() -> task<int> {
    auto [one, nothing, two] = co_await when_all(later(1, 2ms), sleep_for(1ms), later(2, 0ms));
    static_cast<void>(nothing);
    std::vector<task<int>> many;
    for (int i = 0; i < 10; ++i) many.push_back(later(i, std::chrono::milliseconds(10 - i)));
    std::vector<int> values = co_await when_all(std::move(many));
    for (int i = 0; i < 10; ++i) CHECK(values[static_cast<std::size_t>(i)] == i);
    co_return one * 10 + two;
  };
  CHECK(run(loop, both()) == 12);
  int cancelled = 0;
  CHECK(thrown_by<std::runtime_error>(
            [&] { run(loop, when_all(waits_for_ever(cancelled), fails_after(0ms, "one"))); }) == "one");
  CHECK(cancelled == 1);
}

TEST_CASE("when_any gives the first, and goes on when the losers have ended") {
  test_loop loop;
  int cancelled = 0;
  const auto first = run(loop, when_any(waits_for_ever(cancelled), later(7, 0ms)));
  CHECK(first.index() == 1);
  CHECK(std::get<1>(first) == 7);
  CHECK(cancelled == 1);
  std::vector<task<int>> many;
  many.push_back(later(1, 1h));
  many.push_back(later(2, 0ms));
  CHECK(run(loop, when_any(std::move(many))) == std::pair<std::size_t, int>(1, 2));
  CHECK_THROWS_AS(run(loop, when_any(std::vector<task<int>>())), misuse);
}

TEST_CASE("a timeout names what it waited for, a value in time counts, and a cancel from outside stays one") {
  test_loop loop;
  event never("the reply");
  const auto limited = [&]() -> task<> { co_await with_timeout(2ms, never.wait()); };
  const std::string said = thrown_by<error>([&] { run(loop, limited()); });
  CHECK(said.find("event::wait the reply: with_timeout: ") != std::string::npos);
  CHECK(said.find("it was given 2 ms") != std::string::npos);
  CHECK(code_of([&] { run(loop, limited()); }) == std::errc::timed_out);
  const auto in_time = []() -> task<int> { co_return co_await with_timeout(1h, later(3, 0ms)); };
  CHECK(run(loop, in_time()) == 3);
  const auto deadline = []() -> task<> {
    co_await with_deadline(execution_context::clock::now() + 1ms, sleep_for(1h));
  };
  CHECK(code_of([&] { run(loop, deadline()); }) == std::errc::timed_out);
  const auto outside = [&]() -> task<> {
    co_await with_timeout(1ms, as_expected(with_timeout(1h, never.wait())));
  };
  run(loop, outside());
  const auto huge = []() -> task<int> {
    co_return co_await with_timeout(std::chrono::hours::max(), later(4, 0ms));
  };
  CHECK(run(loop, huge()) == 4);
}

TEST_CASE("as_expected makes errors values, and lets other exceptions through") {
  test_loop loop;
  const auto looks = []() -> task<> {
    const std::expected<int, error> five = co_await as_expected(later(5, 0ms));
    CHECK(five.value() == 5);
    const std::expected<void, error> late = co_await as_expected(with_timeout(1ms, sleep_for(1h)));
    REQUIRE_FALSE(late);
    CHECK(late.error().code() == std::errc::timed_out);
    co_await as_expected(fails_after(0ms, "other"));
  };
  CHECK(thrown_by<std::runtime_error>([&] { run(loop, looks()); }) == "other");
}

task<> lock_both(mutex& first, mutex& second) {
  const auto one = co_await first.lock();
  co_await sleep_for(1ms);
  const auto two = co_await second.lock();
}

TEST_CASE("a deadlock of two tasks on two mutexes is unwound, and its error says who waits for what") {
  test_loop loop;
  mutex accounts("accounts");
  mutex books("books");
  const auto both = [&]() -> task<> {
    co_await when_all(named("first", lock_both(accounts, books)),
                      named("second", lock_both(books, accounts)));
  };
  std::string said;
  try {
    run(loop, both());
  } catch (const error& stuck) {
    CHECK(stuck.code() == std::errc::resource_deadlock_would_occur);
    said = stuck.what();
  }
  CHECK(said.find("mutex::lock books, locked at ") != std::string::npos);
  CHECK(said.find("mutex::lock accounts, locked at ") != std::string::npos);
  CHECK(said.find("awaited by first, at ") != std::string::npos);
  CHECK(said.find("awaited by second, at ") != std::string::npos);
  CHECK_FALSE(accounts.is_locked());
  CHECK_FALSE(books.is_locked());
}

TEST_CASE("a mutex is handed over in order, and a semaphore lets so many in") {
  test_loop loop;
  mutex lock;
  semaphore two(2);
  std::string order;
  int inside = 0;
  int most = 0;
  const auto enters = [&](char name) -> task<> {
    const auto permit = co_await two.acquire();
    most = std::max(most, ++inside);
    co_await sleep_for(1ms);
    --inside;
    const auto guard = co_await lock.lock();
    order += name;
    co_await sleep_for(0ms);
  };
  const auto body = [&](scope& all) -> task<> {
    for (char name = 'a'; name < 'f'; ++name) all.spawn(enters(name));
    co_await all.join();
  };
  run(loop, with_scope(body));
  CHECK(order == "abcde");
  CHECK(most == 2);
  CHECK(two.available() == 2);
}

TEST_CASE("a channel keeps order and bound, moves what can only be moved, and ends when it is closed") {
  for (const std::size_t capacity : {0U, 1U, 3U}) {
    test_loop loop;
    channel<std::unique_ptr<int>> jobs(capacity, "jobs");
    std::vector<int> received;
    const auto sends = [&]() -> task<> {
      for (int i = 0; i < 100; ++i) {
        co_await jobs.send(std::make_unique<int>(i));
        CHECK(jobs.size() <= capacity);
      }
      jobs.close();
      const auto refused = co_await as_expected(jobs.send(nullptr));
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code() == std::errc::broken_pipe);
    };
    const auto receives = [&]() -> task<> {
      while (std::optional<std::unique_ptr<int>> next = co_await jobs.receive()) received.push_back(**next);
    };
    run(loop, when_all(sends(), receives()));
    REQUIRE(received.size() == 100);
    for (int i = 0; i < 100; ++i) CHECK(received[static_cast<std::size_t>(i)] == i);
  }
}

TEST_CASE(
    "cancelled at every suspension a program ends the same: no value is lost or doubled, no lock is held") {
  test_loop loop;
  mutex lock;
  int sent = 0;
  int received = 0;
  int left = 0;
  const auto program = [&]() -> task<> {
    sent = received = left = 0;
    channel<int> values(1);
    const auto sends = [&]() -> task<> {
      for (int i = 0; i < 4; ++i) {
        co_await values.send(i);
        ++sent;
        const auto guard = co_await lock.lock();
        co_await sleep_for(0ms);
      }
      values.close();
    };
    const auto receives = [&]() -> task<> {
      while (const std::optional<int> value = co_await values.receive()) {
        CHECK(*value == received++);
        const auto guard = co_await with_timeout(1h, lock.lock());
        co_await sleep_for(0ms);
      }
    };
    std::exception_ptr ended;
    try {
      co_await when_all(sends(), receives());
    } catch (...) {
      ended = std::current_exception();
    }
    while (values.try_receive()) ++left;
    if (ended) std::rethrow_exception(ended);
  };
  const auto check = [&](bool cancelled) {
    CHECK(sent == received + left);
    CHECK_FALSE(lock.is_locked());
    if (!cancelled) CHECK(received == 4);
  };
  CHECK(cancel_everywhere(loop, program, check) > 10);
  CHECK(cancel_everywhere(loop, program, check, [&](callback<void()> work) { loop.post(std::move(work)); }) >
        10);
}

TEST_CASE("other threads are told to post to the loop") {
  test_loop loop;
  event happened;
  happened.set();
  std::string said;
  std::thread([&] { said = thrown_by<misuse>([&] { happened.reset(); }); }).join();
  CHECK(said.find("post to that one's loop") != std::string::npos);
}

TEST_CASE("who waits for an event that is destroyed gets a misuse") {
  test_loop loop;
  auto happens = std::make_unique<event>();
  const auto waits = [&]() -> task<> { co_await happens->wait(); };
  const auto destroys = [&]() -> task<> {
    co_await sleep_for(0ms);
    happens.reset();
  };
  CHECK(thrown_by<misuse>([&] { run(loop, when_all(waits(), destroys())); }).find("it was destroyed") !=
        std::string::npos);
}

foreign awaits(event& happened, int& value) {
  co_await happened.wait();
  value = co_await []() -> task<int> { co_return 5; }();
}

TEST_CASE("a coroutine of another type awaits operations and tasks, too") {
  event happened;
  int value = 0;
  const foreign other = awaits(happened, value);
  CHECK(value == 0);
  happened.set();
  CHECK(value == 5);
  CHECK(other.done());
}

TEST_CASE("a task that a coroutine of another type awaits runs at once, and a million of them are no stack") {
  test_loop loop;
  int ended = 0;
  const auto counts = [&]() -> task<> {
    ++ended;
    co_return;
  };
  const auto awaits_many = [&]() -> foreign {
    for (int i = 0; i < 1'000'000; ++i) co_await counts();
  };
  const auto calls = [&]() -> task<> {
    const foreign other = awaits_many();
    CHECK(other.done());
    CHECK(ended == 1'000'000);
    co_return;
  };
  run(loop, calls());
  const foreign outside = awaits_many();
  CHECK(outside.done());
}

// ---- what waits

/// Whose C library takes its time to end what it is asked to cancel.
class slow_operation final : public detail::operation {
 public:
  slow_operation(const char* kind, int& asked, slow_operation*& in_flight) noexcept
      : operation(kind, std::source_location::current()), asked_(asked), in_flight_(in_flight) {}
  slow_operation(slow_operation&&) noexcept = default;
  ~slow_operation() override { leave(); }
  void await_resume() { finish(); }
  void end() { complete(); }

 private:
  void start() override { in_flight_ = this; }
  void cancel() noexcept override { ++asked_; }

  int& asked_;
  slow_operation*& in_flight_;
};

std::vector<std::string> kinds_in(const execution_context& loop) {
  std::vector<std::string> kinds;
  for (const pending_operation& each : loop.pending()) kinds.emplace_back(each.kind);
  return kinds;
}

TEST_CASE("what was asked to stop is told of until it has ended, and is not asked again") {
  test_loop loop;
  int asked = 0;
  slow_operation* slow = nullptr;
  const auto body = [&](scope& all) -> task<> {
    all.spawn([&]() -> task<> { co_await slow_operation("slow", asked, slow); });
    all.request_stop();
    all.request_stop();
    CHECK(asked == 1);
    CHECK(kinds_in(loop) == std::vector<std::string>{"slow"});
    slow->end();
    co_return;
  };
  run(loop, with_scope(body));
  CHECK(asked == 1);
}

TEST_CASE("what waits is told oldest first, in whatever scope and under whatever timeout") {
  test_loop loop;
  int asked = 0;
  std::array<slow_operation*, 4> slow{};
  const auto waits = [&](const char* kind, std::size_t i) -> task<> {
    co_await slow_operation(kind, asked, slow[i]);
  };
  const auto inner = [&](scope& all) -> task<> {
    all.spawn(waits("second", 1));
    co_await sleep_for(0ms);
    all.spawn(waits("fourth", 3));
  };
  const auto body = [&](scope& all) -> task<> {
    all.spawn([&]() -> task<> { co_await with_timeout(1h, waits("first", 0)); });
    all.spawn([&]() -> task<> { co_await with_scope(inner); });
    all.spawn(waits("third", 2));
    co_await sleep_for(1ms);
    std::vector<std::string> kinds = kinds_in(loop);
    std::erase(kinds, "join");
    CHECK(kinds == std::vector<std::string>{"first", "second", "third", "fourth"});
    for (slow_operation* const each : slow) each->end();
  };
  run(loop, with_scope(body));
  CHECK(asked == 0);
}

TEST_CASE("what was begun outside of any loop is told of by the loop that it waits on") {
  event first;
  event second{"second"};
  bool ended = false;
  const auto child = [&]() -> task<> {
    co_await first.wait();
    co_await second.wait();
    ended = true;
  };
  const auto starts = [&]() -> foreign {
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn(child());
      co_return;
    });
  };
  const foreign other = starts();
  test_loop loop;
  const auto program = [&]() -> task<> {
    first.set();
    co_await sleep_for(0ms);
    const std::vector<pending_operation> pending = loop.pending();
    REQUIRE(pending.size() == 1);
    CHECK(pending.front().object == "second");
    second.set();
    co_await sleep_for(0ms);
  };
  run(loop, program());
  CHECK(ended);
  CHECK(other.done());
}

}  // namespace
}  // namespace gauntlet::test
