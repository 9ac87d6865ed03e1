#include <catch2/catch_test_macros.hpp>
#include <gauntlet/coroutines.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "support/test_loop.hpp"

namespace gauntlet::test {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<task<int>> && !std::is_copy_assignable_v<task<int>>);
static_assert(std::is_nothrow_move_constructible_v<task<int>> &&
              std::is_nothrow_move_assignable_v<task<int>>);

task<int> one() { co_return 1; }
task<int> marked(bool& ran, int value) {
  ran = true;
  co_return value;
}
task<> fails() {
  co_await sleep_for(0ms);
  throw std::runtime_error("after a while");
}
task<int> fails_at_once() {
  throw std::runtime_error("at once");
  co_return 1;
}

TEST_CASE("a task runs nothing before it is awaited, and nothing at all if it is not") {
  test_loop loop;
  bool ran = false;
  {
    const auto witness = std::make_shared<int>(0);
    const auto hold = [](std::shared_ptr<int>, bool& mark) -> task<int> { return marked(mark, 1); };
    const task<int> never = hold(witness, ran);
    CHECK_FALSE(ran);
  }
  CHECK_FALSE(ran);
  CHECK(run(loop, marked(ran, 7)) == 7);
  CHECK(ran);
}

TEST_CASE("what an unstarted task was given is destroyed with it, once") {
  const auto witness = std::make_shared<int>(0);
  const auto holds = [](std::shared_ptr<int> held) -> task<> {
    static_cast<void>(held);
    co_return;
  };
  {
    task<> first = holds(witness);
    CHECK(witness.use_count() == 2);
    task<> second = holds(witness);
    second = std::move(first);
    CHECK(witness.use_count() == 2);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("values come out of a task: moved ones, references, nothing") {
  test_loop loop;
  int number = 3;
  const auto reference = [&]() -> task<int&> { co_return number; };
  const auto pointer = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(9); };
  const auto text = []() -> task<std::string> { co_return "literal"; };
  const auto all = [&]() -> task<> {
    int& same = co_await reference();
    CHECK(&same == &number);
    std::unique_ptr<int> moved = co_await pointer();
    CHECK(*moved == 9);
    const std::string said = co_await text();
    CHECK(said == "literal");
    co_await sleep_for(1ms);
    task<int> kept = one();
    const int value = co_await std::move(kept);  // CHECK would await it twice in GCC
    CHECK(value == 1);
  };
  run(loop, all());
  CHECK(&run(loop, reference()) == &number);
  CHECK(*run(loop, pointer()) == 9);
}

TEST_CASE("the exception that leaves a task comes out where it is awaited, the very one") {
  test_loop loop;
  CHECK(thrown_by<std::runtime_error>([&] { run(loop, fails()); }) == "after a while");
  CHECK(thrown_by<std::runtime_error>([&] { run(loop, fails_at_once()); }) == "at once");
  const auto catches = []() -> task<std::string> {
    try {
      co_await fails();
    } catch (const std::runtime_error& known) {
      co_return known.what();
    }
    co_return "";
  };
  CHECK(run(loop, catches()) == "after a while");
}

TEST_CASE("a task that was moved from or awaited before says so") {
  test_loop loop;
  int second = 0;
  const auto twice = [&]() -> task<> {
    task<int> only = one();
    co_await std::move(only);
    second = __LINE__ + 1;
    co_await std::move(only);  // NOLINT(bugprone-use-after-move): it is what is tested
  };
  const std::string said = thrown_by<misuse>([&] { run(loop, twice()); });
  CHECK(said.find("awaited before") != std::string::npos);
  CHECK(said.find("tasks_run_when_awaited.cpp:" + std::to_string(second)) != std::string::npos);
  task<int> gone = one();
  const task<int> here = std::move(gone);
  CHECK_THROWS_AS(gone.set_name("x"), misuse);  // NOLINT(bugprone-use-after-move)
  CHECK_THROWS_AS(run(loop, std::move(gone)), misuse);
}

TEST_CASE("a frame is gone before the next statement of the one that awaited it") {
  test_loop loop;
  const auto witness = std::make_shared<int>(0);
  const auto holds = [](std::shared_ptr<int>) -> task<> { co_await sleep_for(0ms); };
  const auto outer = [&]() -> task<> {
    co_await holds(witness);
    CHECK(witness.use_count() == 1);
    task<> kept = holds(witness);
    co_await std::move(kept);
    CHECK(witness.use_count() == 1);
  };
  run(loop, outer());
}

task<int> leaf(int value) { co_return value; }
task<long> sums(int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await leaf(i);
  co_return sum;
}
task<int> deep(int level) {
  if (level == 0) co_return 0;
  co_return 1 + co_await deep(level - 1);
}
task<int> deep_and_asleep(int level) {
  if (level == 0) {
    co_await sleep_for(1ms);
    co_return 0;
  }
  co_return 1 + co_await deep_and_asleep(level - 1);
}

TEST_CASE("a million tasks one after the other, or ten thousand inside each other, do not grow the stack") {
  test_loop loop;
  CHECK(run(loop, sums(1'000'000)) == 499'999'500'000);
  CHECK(run(loop, deep(10'000)) == 10'000);
  CHECK(run(loop, deep_and_asleep(10'000)) == 10'000);
}

task<> hand_over(event& mine, event& others, int times) {
  for (int i = 0; i < times; ++i) {
    co_await mine.wait();
    mine.reset();
    others.set();
  }
}

TEST_CASE("a million hand-overs between two tasks do not grow the stack, and timers get their turn") {
  test_loop loop;
  event left;
  event right;
  left.set();
  bool slept = false;
  bool slept_meanwhile = false;
  const auto sleeper = [&]() -> task<> {
    co_await sleep_for(1ms);
    slept = true;
  };
  const auto both = [&]() -> task<> {
    co_await when_all(hand_over(left, right, 500'000), hand_over(right, left, 500'000));
    slept_meanwhile = slept;
  };
  const auto all = [&]() -> task<> { co_await when_all(both(), sleeper()); };
  run(loop, all());
  CHECK(slept_meanwhile);
}

TEST_CASE("run refuses to be called inside of the same loop, and on another thread") {
  test_loop loop;
  const auto nested = [&]() -> task<> {
    run(loop, one());
    co_return;
  };
  CHECK(thrown_by<misuse>([&] { run(loop, nested()); }).find("co_await the task instead") !=
        std::string::npos);
  std::string said;
  std::thread([&] { said = thrown_by<misuse>([&] { run(loop, one()); }); }).join();
  CHECK(said.find("post to the loop") != std::string::npos);
}

TEST_CASE("a task may run another loop, and both go on") {
  test_loop outer;
  int ended = 0;
  const auto naps = [&]() -> task<> {
    co_await sleep_for(1ms);
    ++ended;
  };
  const auto runs_another = [&]() -> task<> {
    co_await naps();
    test_loop inner;
    run(inner, [&]() -> task<> { co_await when_all(naps(), naps()); }());
    CHECK(ended == 3);
    co_await naps();
  };
  run(outer, runs_another());
  CHECK(ended == 4);
}

TEST_CASE("more than a turn resumes that another loop's task has woken are resumed by their own") {
  constexpr int more_than_one_turn_resumes = 5000;
  test_loop outer;
  event opened{"opened"};
  int woken = 0;
  const auto waits = [&]() -> task<> {
    co_await opened.wait();
    ++woken;
  };
  run(outer, with_scope([&](scope& all) -> task<> {
        for (int i = 0; i < more_than_one_turn_resumes; ++i) all.spawn(waits());
        co_await sleep_for(0ms);
        test_loop inner;
        run(inner, [&]() -> task<> {
          opened.set();
          co_return;
        }());
      }));
  CHECK(woken == more_than_one_turn_resumes);
}

TEST_CASE("what a callback of the loop throws cancels the task and comes out of run") {
  test_loop loop;
  bool cancelled = false;
  const auto waits = [&]() -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const error& ended) {
      cancelled = ended.code() == std::errc::operation_canceled;
      throw;
    }
  };
  loop.post([] { throw std::runtime_error("in a callback"); });
  CHECK(thrown_by<std::runtime_error>([&] { run(loop, waits()); }) == "in a callback");
  CHECK(cancelled);
  CHECK(run(loop, one()) == 1);  // and the loop goes on
}

TEST_CASE("what a cancelled task says after a callback has thrown is kept as suppressed") {
  test_loop loop;
  const auto complains = []() -> task<> {
    try {
      co_await sleep_for(1h);
    } catch (const error&) {
      throw std::runtime_error("second");
    }
  };
  loop.post([] { throw std::runtime_error("first"); });
  CHECK(thrown_by<std::runtime_error>([&] { run(loop, complains()); }) == "first");
  const std::vector<suppressed_error> second = loop.take_suppressed_errors();
  REQUIRE(second.size() == 1);
  CHECK(second[0].message == "second");
}

TEST_CASE("a task knows its loop, whether it is to stop, and has a token for others") {
  test_loop loop;
  const auto looks = [&]() -> task<> {
    const execution_context* const context = co_await this_task::context();
    CHECK(context == &loop);
    const bool stopped = co_await this_task::stop_requested();
    CHECK_FALSE(stopped);
    const stop_token token = co_await this_task::get_stop_token();
    CHECK(token.stop_possible());
    CHECK_FALSE(token.stop_requested());
  };
  run(loop, looks());

  stop_token outer_token;
  const auto stopped = [&]() -> task<> {
    const auto body = [&](scope& all) -> task<> {
      outer_token = co_await this_task::get_stop_token();
      all.request_stop();
      const bool requested = co_await this_task::stop_requested();
      CHECK(requested);
      CHECK(outer_token.stop_requested());
    };
    co_await with_scope(body);
    const bool requested = co_await this_task::stop_requested();
    CHECK_FALSE(requested);
    const auto late = [&](scope& all) -> task<> {
      all.request_stop();
      const stop_token token = co_await this_task::get_stop_token();
      CHECK(token.stop_requested());
    };
    co_await with_scope(late);
  };
  run(loop, stopped());
}

TEST_CASE("another thread sees the request to stop through the token, and posts its result") {
  test_loop loop;
  event heard;
  std::thread worker;
  const auto starts = [&]() -> task<> {
    const stop_token token = co_await this_task::get_stop_token();
    worker = std::thread([&, token] {
      while (!token.stop_requested()) std::this_thread::yield();
      loop.post([&] { heard.set(); });
    });
    co_await sleep_for(1h);
  };
  const auto all = [&]() -> task<> {
    co_await as_expected(with_timeout(5ms, starts()));
    co_await heard.wait();
  };
  loop.add_guard();
  run(loop, all());
  worker.join();
  CHECK(heard.is_set());
}

}  // namespace
}  // namespace gauntlet::test
