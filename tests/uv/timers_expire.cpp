#include <uv.h>

#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("timer") {
  loop loop;
  std::vector<timer> once;
  int once_calls = 0;
  const auto began = loop.now();
  for (int i = 0; i < 10; ++i) {
    once.emplace_back(loop).start(std::chrono::milliseconds(i), [&, i] {
      CHECK(loop.now() - began >= std::chrono::milliseconds(i));
      CHECK_FALSE(once[static_cast<std::size_t>(i)].is_active());
      ++once_calls;
      once[static_cast<std::size_t>(i)].close();
    });
  }
  timer again{loop};
  int again_calls = 0;
  again.start(1ms, 1ms, [&] {
    CHECK(again.is_active());
    if (++again_calls == 5) again.close();
  });
  timer never{loop};
  bool never_called = false;
  never.start(100ms, 100ms, [&] { never_called = true; });
  CHECK(never.repeat() == 100ms);
  CHECK(never.due_in() == 100ms);
  never.stop();
  CHECK(never.due_in() == 0ms);
  never.unref();
  never.close();
  run_to_the_end(loop);
  CHECK(once_calls == 10);
  CHECK(again_calls == 5);
  CHECK_FALSE(never_called);
}

TEST_CASE("timer_init") {
  loop loop;
  timer timer{loop};
  CHECK(timer.repeat() == 0ms);
  CHECK_FALSE(timer.is_active());
  timer.close();
  run_to_the_end(loop);
}

TEST_CASE("timer_start_twice") {
  loop loop;
  timer timer{loop};
  bool first = false;
  bool second = false;
  timer.start(24h, [&] { first = true; });
  timer.start(10ms, [&] {
    second = true;
    timer.close();
  });
  run_to_the_end(loop);
  CHECK_FALSE(first);
  CHECK(second);
}

TEST_CASE("timer_again") {
  loop loop;
  timer dummy{loop};
  CHECK(misuse_of([&] { dummy.again(); }).find("the timer was never started: call start() first") !=
        std::string::npos);
  dummy.close();

  timer first{loop};
  timer second{loop};
  std::string order;
  first.start(50ms, 50ms, [&] { order += "first "; });
  second.start(25ms, 25ms, [&] { order += "second "; });
  second.set_repeat(60ms);  // counts from the next expiry, or from again()
  CHECK(second.repeat() == 60ms);
  second.again();
  while (order.find("second") == std::string::npos) loop.run(run_mode::once);
  CHECK(order.find("first second ") == 0);  // 50 before 60, not after 25
  first.close();
  second.close();
  run_to_the_end(loop);
}

TEST_CASE("timer_order") {
  for (const bool swapped : {false, true}) {
    loop loop;
    timer a{loop};
    timer b{loop};
    std::string order;
    const auto start = [&](timer& timer, std::chrono::milliseconds after, char name) {
      timer.start(after, [&order, name] { order += name; });
    };
    if (swapped) {
      start(a, 0ms, 'a');
      start(b, 0ms, 'b');
    } else {
      start(b, 0ms, 'b');
      start(a, 0ms, 'a');
    }
    CHECK_FALSE(loop.run());
    CHECK(order == (swapped ? "ab" : "ba"));
    loop.close();
  }
}

TEST_CASE("timer_zero_timeout") {
  loop loop;
  timer timer{loop};
  int calls = 0;
  timer.start(0ms, [&] {
    if (++calls == 3)
      timer.close();
    else
      timer.start(0ms, [&] {
        calls = 100;
        timer.close();
      });
  });
  CHECK(timer.due_in() == 0ms);
  run_to_the_end(loop);
  CHECK(calls == 100);
}

TEST_CASE("timer_huge_timeout") {
  loop loop;
  timer tiny{loop};
  timer huge1{loop};
  timer huge2{loop};
  const auto longest = std::chrono::milliseconds(std::numeric_limits<std::int64_t>::max());
  tiny.start(1ms, [&] {
    tiny.close();
    huge1.close();
    huge2.close();
  });
  huge1.start(std::chrono::milliseconds(0xffffffffffffLL), [] {});
  huge2.start(longest, [] {});
  CHECK(tiny.due_in() == 1ms);
  CHECK(huge1.due_in() == std::chrono::milliseconds(0xffffffffffffLL));
  CHECK(huge2.due_in() == longest);
  run_to_the_end(loop);
}

TEST_CASE("timer_huge_repeat") {
  loop loop;
  timer tiny{loop};
  timer huge{loop};
  int calls = 0;
  tiny.start(2ms, 2ms, [&] {
    if (++calls < 5) return;
    tiny.close();
    huge.close();
  });
  int huge_calls = 0;
  huge.start(1ms, std::chrono::milliseconds(std::numeric_limits<std::int64_t>::max()), [&] { ++huge_calls; });
  CHECK(huge.repeat().count() == std::numeric_limits<std::int64_t>::max());
  run_to_the_end(loop);
  CHECK(huge_calls == 1);
}

TEST_CASE("timer_run_once") {
  loop loop;
  timer timer{loop};
  int calls = 0;
  timer.start(0ms, [&] { ++calls; });
  CHECK_FALSE(loop.run(run_mode::once));
  CHECK(calls == 1);
  timer.start(1ms, [&] { ++calls; });
  CHECK_FALSE(loop.run(run_mode::once));
  CHECK(calls == 2);
  timer.close();
  loop.run(run_mode::once);
  loop.close();
}

TEST_CASE("timer_from_check") {
  loop loop;
  std::string order;
  prepare prepare{loop};
  check check{loop};
  timer timer{loop};
  prepare.start([&] {
    order += "prepare ";
    prepare.stop();
    timer.start(5ms, [&] { order += "too early "; });
  });
  check.start([&] {  // the timer is due, and has not been called yet
    order += "check ";
    check.stop();
    timer.start(1h, [&] { order += "too late "; });
  });
  loop.run(run_mode::once);
  CHECK(order == "prepare check ");
  CHECK(timer.is_active());
  loop.close();
}

TEST_CASE("timer_is_closing") {
  loop loop;
  timer timer{loop};
  timer.close();
  CHECK(misuse_of([&] { timer.start(100ms, [] {}); }).find("the handle is closed") != std::string::npos);
  run_to_the_end(loop);
}

TEST_CASE("timer_null_callback") {
  loop loop;
  timer timer{loop};
  CHECK(misuse_of([&] { timer.start(100ms, 100ms, {}); }).find("nothing to call") != std::string::npos);
  CHECK(misuse_of([&] { timer.start(-1ms, [] {}); }).find("a time is negative") != std::string::npos);
  CHECK(misuse_of([&] { timer.start(1ms, -1ms, [] {}); }).find("a time is negative") != std::string::npos);
  CHECK(misuse_of([&] { timer.set_repeat(-1ms); }).find("a time is negative") != std::string::npos);
  timer.close();
  run_to_the_end(loop);
}

TEST_CASE("timer_early_check") {
  loop loop;
  timer timer{loop};
  const std::uint64_t due = uv_hrtime() / 1000000 + 5;
  std::uint64_t called = 0;
  timer.start(10ms, [&] { called = uv_hrtime() / 1000000; });
  CHECK_FALSE(loop.run());
  CHECK(called >= due);
  loop.close();
}

TEST_CASE("timer_no_double_call_once") {
  if (uv_version() < ((1 << 16) | (45 << 8))) SKIP("libuv calls timers once in a turn since 1.45");
  loop loop;
  timer timer{loop};
  int calls = 0;
  timer.start(10ms, 10ms, [&] { ++calls; });
  const std::uint64_t until = uv_hrtime() + 15'000'000;
  while (uv_hrtime() < until) {
  }
  loop.run(run_mode::once);
  CHECK(calls == 1);
  loop.close();
}

TEST_CASE("timer_no_double_call_nowait") {
  loop loop;
  timer timer{loop};
  int calls = 0;
  timer.start(10ms, 10ms, [&] { ++calls; });
  const std::uint64_t until = uv_hrtime() + 15'000'000;
  while (uv_hrtime() < until) {
  }
  loop.run(run_mode::nowait);
  CHECK(calls == 1);
  loop.close();
}

TEST_CASE("timer_no_run_on_unref") {
  loop loop;
  timer timer{loop};
  bool called = false;
  timer.start(0ms, [&] { called = true; });
  timer.unref();
  CHECK_FALSE(loop.run());
  CHECK_FALSE(called);
  loop.close();
}

TEST_CASE("callbacks may stop, close and drop each other in one turn") {  // queue_foreach_delete
  loop loop;
  std::vector<std::optional<timer>> timers(5);
  std::vector<std::optional<idle>> idles(5);
  std::vector<std::optional<check>> checks(5);
  int calls = 0;
  const auto drop_others = [&](auto& all, std::size_t own) {
    ++calls;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i == own) continue;
      if (i % 3 == 0)
        all[i].reset();
      else if (all[i] && !all[i]->is_closing())
        i % 3 == 1 ? all[i]->stop() : all[i]->close();
    }
  };
  for (std::size_t i = 0; i < 5; ++i) {
    timers[i].emplace(loop).start(0ms, [&, i] { drop_others(timers, i); });
    idles[i].emplace(loop).start([&, i] { drop_others(idles, i); });
    checks[i].emplace(loop).start([&, i] { drop_others(checks, i); });
  }
  loop.run(run_mode::nowait);
  CHECK(calls == 3);
  loop.close();
}

}  // namespace
}  // namespace gauntlet::uv::test
