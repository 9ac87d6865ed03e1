#include <uv.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("loop.close answers what was open and where it was made, once") {
  loop loop;
  timer forgotten{loop};
  const unsigned line = std::source_location::current().line() + 1;
  forgotten.start(1h, [] {});
  idle unowned_kind{loop};
  const auto open = loop.close();
  REQUIRE(open.size() == 2);
  CHECK(open[0].kind == "timer");
  CHECK(open[0].is_handle);
  CHECK(open[0].active);
  CHECK(open[0].owned);
  CHECK(open[0].where.line() == line);
  CHECK(says(open[0].where.file_name(), "lifecycle_of_loops.cpp"));
  CHECK(open[1].kind == "idle");
  CHECK_FALSE(open[1].active);
  CHECK(loop.close().empty());
  CHECK(says(misuse_of([&] { loop.run(); }), "the loop is closed: make a new one"));
  CHECK_FALSE(loop.post([] {}));
  loop.stop();
  CHECK(loop.pending().empty());
  CHECK(loop.take_exceptions().empty());
}

TEST_CASE("on_still_open is told by the destructor and by close, once, if anything is open") {
  std::vector<std::string> told;
  const auto options = [&] {
    return loop_options{.on_still_open = [&](std::span<const pending_operation> open) {
      for (const pending_operation& operation : open) told.emplace_back(operation.kind);
    }};
  };
  {
    loop clean{options()};
  }
  CHECK(told.empty());
  {
    loop loop{options()};
    timer timer{loop};
    uv::timer closing{loop};
    closing.close();
  }
  CHECK(told == std::vector<std::string>{"timer", "timer"});
  told.clear();
  {
    loop loop{options()};
    timer timer{loop};
    loop.close();
  }
  CHECK(told == std::vector<std::string>{"timer"});
  told.clear();
  {
    auto loop = std::make_unique<uv::loop>(options());
    timer timer{*loop};
    timer.start(0ms, [&] { loop.reset(); });
    loop->run();
  }
  CHECK(told == std::vector<std::string>{"timer"});
}

TEST_CASE("inside on_still_open the loop refuses to close, run and start, and may be destroyed") {
  std::vector<std::string> said;
  std::unique_ptr<uv::loop> loop;
  const auto report = [&](std::span<const pending_operation>) {
    said.push_back(misuse_of([&] { loop->close(); }));
    said.push_back(misuse_of([&] { loop->run(); }));
    said.push_back(misuse_of([&] { timer late{*loop}; }));
  };
  loop = std::make_unique<uv::loop>(loop_options{.on_still_open = report});
  timer open{*loop};
  loop->close();
  REQUIRE(said.size() == 3);
  CHECK(says(said[0], "called inside a callback of the same loop"));
  CHECK(says(said[1], "called inside a callback of the same loop"));
  CHECK(says(said[2], "nothing can be started on it any more"));

  loop = std::make_unique<uv::loop>(
      loop_options{.on_still_open = [&](std::span<const pending_operation>) { loop.reset(); }});
  timer another{*loop};
  loop->close();
  CHECK(loop == nullptr);
}

TEST_CASE("what is posted in the last close callback runs, and may throw") {
  loop loop;
  timer timer{loop};
  bool ran = false;
  timer.close([&] {
    loop.post([&] {
      ran = true;
      throw std::runtime_error("posted last");
    });
  });
  CHECK(thrown_by<std::runtime_error>([&] { loop.close(); }) == "posted last");
  CHECK(ran);
  CHECK(loop.close().empty());
}

TEST_CASE("a loop whose owner is gone begins no turn for what was posted") {
  auto loop = std::make_unique<uv::loop>();
  timer late{*loop};
  timer now{*loop};
  now.close([&] {                                // the last thing of a turn
    loop->post([&] { late.start(1h, [] {}); });  // run() would wait for it
    loop.reset();
  });
  CHECK_FALSE(loop->run());
}

TEST_CASE("run inside a callback is misuse, and so is close") {
  loop loop;
  timer timer{loop};
  std::vector<std::string> said;
  timer.start(0ms, [&] {
    said.push_back(misuse_of([&] { loop.run(); }));
    said.push_back(misuse_of([&] { loop.close(); }));
    said.push_back(misuse_of([&] { loop.bind_to_this_thread(); }));
  });
  CHECK_FALSE(loop.run());
  REQUIRE(said.size() == 3);
  CHECK(says(said[0], "loop::run: called inside a callback of the same loop: return from it instead"));
  CHECK(says(said[1], "stop it, and close it when run() has returned"));
  CHECK(says(said[2], "the loop runs"));
}

TEST_CASE("another loop may run inside a callback") {
  loop outer;
  loop inner;
  timer in_outer{outer};
  timer in_inner{inner};
  int calls = 0;
  in_inner.start(0ms, [&] { ++calls; });
  in_outer.start(0ms, [&] { inner.run(); });
  CHECK_FALSE(outer.run());
  CHECK(calls == 1);
}

TEST_CASE("a loop may be moved; the one moved from says so") {
  loop first;
  timer timer{first};
  bool called = false;
  timer.start(0ms, [&] { called = true; });
  loop second = std::move(first);
  loop* const alias = &second;
  second = std::move(*alias);
  loop third = std::move(second);
  const char* const because = "the loop was moved from: use the one it was moved to";
  CHECK(says(misuse_of([&] { first.run(); }), because));
  CHECK(says(misuse_of([&] { first.stop(); }), because));
  CHECK(says(misuse_of([&] { first.post([] {}); }), because));
  CHECK(says(misuse_of([&] { first.close(); }), because));
  CHECK(says(misuse_of([&] { static_cast<void>(first.pending()); }), because));
  CHECK(says(misuse_of([&] { static_cast<void>(first.now()); }), because));
  CHECK(says(misuse_of([&] { first.bind_to_this_thread(); }), because));
  CHECK(says(misuse_of([&] { uv::timer late{first}; }), because));
  CHECK_FALSE(third.run());
  CHECK(called);

  loop fourth;
  uv::timer of_fourth{fourth};
  fourth = std::move(third);  // ends what it owned
  CHECK(says(misuse_of([&] { of_fourth.stop(); }), "together with its loop"));
}

TEST_CASE("a loop may be moved inside its own callback") {
  loop first;
  std::optional<loop> second;
  timer timer{first};
  timer.start(0ms, [&] {
    second.emplace(std::move(first));
    timer.close();
  });
  CHECK_FALSE(first.run());
  CHECK_FALSE(second->run());
}

TEST_CASE("a work_guard keeps run waiting, in every order with the loop's end") {
  {
    loop loop;
    auto guard = loop.keep_alive();
    CHECK(loop.alive());
    auto second = loop.keep_alive();
    guard.reset();
    CHECK(loop.alive());
    guard = std::move(second);
    CHECK(loop.alive());
    second.reset();
    auto* const alias = &guard;
    guard = std::move(*alias);
    CHECK(loop.alive());
    guard.reset();
    guard.reset();
    CHECK_FALSE(loop.alive());
    run_to_the_end(loop);
  }
  std::optional<loop::work_guard> outlives;
  {
    loop loop;
    outlives.emplace(loop.keep_alive());
  }
  outlives.reset();
  {
    loop loop;
    auto guard = loop.keep_alive();
    loop.close();
    guard.reset();
  }
  {
    auto loop = std::make_unique<uv::loop>();
    auto guard = loop->keep_alive();
    loop->post([&] { loop.reset(); });
    CHECK_FALSE(loop->run());
  }
  {
    loop loop;
    auto guard = loop.keep_alive();
    loop.post([&] { guard.reset(); });
    run_to_the_end(loop);
  }
}

TEST_CASE("a work_guard may go on another thread, and run returns") {
  loop loop;
  for (int round = 0; round < 50; ++round) {
    auto guard = std::make_unique<loop::work_guard>(loop.keep_alive());
    std::thread other([&] { guard.reset(); });
    loop.run();
    other.join();
  }
  auto guard = loop.keep_alive();
  std::thread([held = std::move(guard)] {}).join();
  run_to_the_end(loop);
}

TEST_CASE("loop_stop on another thread") {
  loop loop;
  timer forever{loop};
  forever.start(0ms, 1ms, [] {});
  std::thread other([&] { loop.stop(); });
  loop.run();
  other.join();
  loop.run(run_mode::nowait);  // takes the stop that may have come after
}

TEST_CASE("a stop on another thread before run comes before its first turn") {
  loop loop;
  timer timer{loop};
  bool called = false;
  timer.start(0ms, [&] { called = true; });
  std::thread([&] { loop.stop(); }).join();
  CHECK(loop.run());
  CHECK_FALSE(called);
  CHECK_FALSE(loop.run());
  CHECK(called);
}

TEST_CASE("bind_to_this_thread hands the loop over") {
  loop loop;
  timer timer{loop};
  bool called = false;
  bool more = true;
  std::thread([&] {
    loop.bind_to_this_thread();
    timer.start(0ms, [&] { called = true; });
    more = loop.run() || loop.run();
  }).join();
  CHECK(called);
  CHECK_FALSE(more);
  CHECK(says(misuse_of([&] { loop.run(); }), "belongs to thread"));
  loop.bind_to_this_thread();
  timer.close();
  run_to_the_end(loop);
}

TEST_CASE("a loop that runs refuses to be bound to another thread") {
  loop loop;
  auto guard = loop.keep_alive();
  std::atomic<bool> runs{false};  // relaxed: it orders nothing
  loop.post([&] { runs.store(true, std::memory_order_relaxed); });
  std::string said;
  std::thread other([&] {
    while (!runs.load(std::memory_order_relaxed)) std::this_thread::yield();
    said = misuse_of([&] { loop.bind_to_this_thread(); });
    loop.stop();
  });
  loop.run();
  other.join();
  CHECK(says(said, "the loop runs: wait until run() has returned"));
}

TEST_CASE("a loop may be destroyed on another thread that no thread runs it on") {
  auto loop = std::make_unique<uv::loop>();
  timer timer{*loop};
  timer.start(1h, [] {});
  auto request = queue_work(*loop, [] {});
  std::thread([&] { loop.reset(); }).join();
  CHECK(says(misuse_of([&] { timer.stop(); }), "the loop is closed"));
  CHECK(says(misuse_of([&] { request.cancel(); }), "the loop is closed"));
}

TEST_CASE(
    "post from many threads while the loop closes: it runs, or is refused, or goes unrun with the loop") {
  for (int round = 0; round < 20; ++round) {
    auto loop = std::make_unique<uv::loop>();
    auto captured = std::make_shared<int>(0);
    std::atomic<int> accepted{0};
    std::atomic<int> ran{0};
    std::atomic<int> begun{0};
    std::vector<std::thread> posters;
    for (int i = 0; i < 4; ++i)
      posters.emplace_back([&] {
        ++begun;
        for (int n = 0; n < 200; ++n)
          if (loop->post([&ran, captured] { ++ran; })) ++accepted;
      });
    while (begun != 4) std::this_thread::yield();
    loop->run(run_mode::nowait);
    loop->close();
    for (std::thread& poster : posters) poster.join();
    CHECK(ran == accepted);
    loop.reset();
    CHECK(captured.use_count() == 1);
  }
}

TEST_CASE("owners end on other threads while the loop ends") {
  for (int round = 0; round < 50; ++round) {
    auto loop = std::make_unique<uv::loop>();
    std::vector<timer> timers;
    std::vector<request> requests;
    for (int i = 0; i < 16; ++i) {
      timers.emplace_back(*loop).start(1h, [] {});
      requests.push_back(queue_work(*loop, [] {}));
    }
    std::atomic<bool> begun{false};
    std::thread other([&, timers = std::move(timers), requests = std::move(requests)]() mutable {
      begun = true;
      while (!timers.empty()) {
        timers.pop_back();
        requests.pop_back();
      }
    });
    while (!begun) std::this_thread::yield();
    loop.reset();
    other.join();
  }
}

TEST_CASE("async: send from other threads while it closes, and while the loop ends") {
  for (int round = 0; round < 50; ++round) {
    auto loop = std::make_unique<uv::loop>();
    int woken = 0;
    async by_close{*loop, [&] { ++woken; }};
    async by_loop{*loop, [&] { ++woken; }};
    std::atomic<int> begun{0};
    std::vector<std::thread> senders;
    for (int i = 0; i < 3; ++i)
      senders.emplace_back([&] {
        ++begun;
        for (int n = 0; n < 300; ++n) {
          by_close.send();
          by_loop.send();
        }
      });
    while (begun != 3) std::this_thread::yield();
    loop->run(run_mode::nowait);
    by_close.close();
    loop->run(run_mode::nowait);
    loop.reset();
    for (std::thread& sender : senders) sender.join();
    CHECK_FALSE(by_close.send());
    CHECK_FALSE(by_loop.send());
  }
}

TEST_CASE("what was done before a send is visible to its callback, also when several come as one") {
  loop loop;
  std::vector<int> slots(4, 0);  // each written by one thread, read by the loop
  std::atomic<int> sent{0};      // relaxed: it orders nothing, so that only send() does
  bool right = false;
  async wake{loop, [&] { right = slots == std::vector<int>(4, 42); }};
  std::vector<std::thread> senders;
  for (std::size_t i = 0; i < 4; ++i)
    senders.emplace_back([&, i] {
      slots[i] = 42;
      wake.send();
      sent.fetch_add(1, std::memory_order_relaxed);
    });
  while (sent.load(std::memory_order_relaxed) != 4) std::this_thread::yield();
  loop.run(run_mode::once);
  CHECK(right);
  for (std::thread& sender : senders) sender.join();
  loop.close();
}

TEST_CASE("owners end on both threads in the last moment of the loop, when nothing is handed over any more") {
  loop loop;
  std::vector<request> here;
  std::vector<request> there;
  for (int i = 0; i < 4; ++i) {
    here.push_back(queue_work(loop, [] {}));
    there.push_back(queue_work(loop, [] {}));
  }
  CHECK_FALSE(loop.run());
  std::atomic<int> step{0};  // relaxed: it orders nothing
  std::thread other([&, there = std::move(there)]() mutable {
    while (step.load(std::memory_order_relaxed) != 1) std::this_thread::yield();
    there.clear();
    step.store(2, std::memory_order_relaxed);
  });
  timer timer{loop};
  timer.close([&] {
    loop.post([&] {  // runs last
      step.store(1, std::memory_order_relaxed);
      here.clear();
      while (step.load(std::memory_order_relaxed) != 2) std::this_thread::yield();
    });
  });
  loop.close();
  other.join();
  CHECK(here.empty());
}

TEST_CASE("pending and dump say what is there, since when and from where") {
  loop loop;
  timer timer{loop};
  timer.start(1h, [] {});
  timer.unref();
  std::optional<tcp> dropped(std::in_place, loop, address_family::ip4);
  dropped.reset();
  auto request = queue_work(loop, [] {});
  const auto all = loop.pending();
  REQUIRE(all.size() == 3);
  CHECK(all[0].kind == "timer");
  CHECK_FALSE(all[0].referenced);
  CHECK(all[1].kind == "tcp");
  CHECK(all[1].closing);
  CHECK_FALSE(all[1].owned);
  CHECK(all[2].kind == "work");
  CHECK_FALSE(all[2].is_handle);
  CHECK(all[2].owned);
  CHECK(all[2].age >= 0ms);
  std::ostringstream out;
  loop.dump(out);
  CHECK(says(out.str(), "timer, active, unreferenced, for 0 ms, from "));
  CHECK(says(out.str(), "tcp, closing, without owner"));
  CHECK(says(out.str(), "lifecycle_of_loops.cpp:"));
  loop.close();
}

TEST_CASE("handles made with native are closed with the loop") {
  auto raw = std::make_unique<uv_timer_t>();
  auto also = std::make_unique<uv_timer_t>();
  loop loop;
  REQUIRE(uv_timer_init(loop.native(), raw.get()) == 0);
  REQUIRE(uv_timer_start(raw.get(), [](uv_timer_t*) {}, 3600000, 0) == 0);
  REQUIRE(uv_timer_init(loop.native(), also.get()) == 0);
  loop.close();
}

}  // namespace
}  // namespace gauntlet::uv::test
