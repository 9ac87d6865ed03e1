#include <uv.h>

#include <poll.h>

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "kinds.hpp"
#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

void busy_for(std::chrono::milliseconds time) {
  const std::uint64_t until = uv_hrtime() + static_cast<std::uint64_t>(time.count()) * 1'000'000;
  while (uv_hrtime() < until) {
  }
}

TEST_CASE("close_order") {
  loop loop;
  std::string order;
  timer first{loop};
  timer second{loop};
  check check{loop};
  check.start([&] {
    order += "check ";
    check.close([&] { order += "closed-check "; });
    second.start(0ms, [&] { order += "timer "; });
  });
  first.start(0ms, [&] {
    order += "timer ";
    first.close([&] { order += "closed-timer "; });
  });
  idle idle{loop};  // keeps the loop from waiting
  idle.start([&] { idle.close(); });
  CHECK_FALSE(loop.run());
  const auto at = [&](const char* event) { return order.find(event); };
  CHECK(at("check ") < at("closed-check "));
  CHECK(at("timer ") < at("closed-timer "));
  CHECK(at("check ") < order.rfind(" timer"));  // the second one
  CHECK(order.size() == std::string("timer check closed-timer closed-check timer ").size());
  loop.close();
}

TEST_CASE("loop_close") {
  loop loop;
  timer timer{loop};
  timer.start(100ms, [] {});
  bool closed = false;
  timer.close([&] { closed = true; });
  CHECK(loop.close().size() == 1);
  CHECK(closed);
}

TEST_CASE("loop_instant_close") {
  loop loop;
  queue_work(loop, [] {});
  CHECK(loop.close().size() == 1);
}

TEST_CASE("a loop that is made and ends at once, with something sent") {
  for (int i = 0; i < 20; ++i) {
    loop loop;
    async async{loop, [] {}};
    async.send();
  }
}

TEST_CASE("loop_stop") {
  loop loop;
  prepare prepare{loop};
  timer timer{loop};
  int prepare_calls = 0;
  int timer_calls = 0;
  prepare.start([&] { ++prepare_calls; });
  timer.start(0ms, 1ms, [&] {
    if (++timer_calls == 3) loop.stop();
    if (timer_calls < 10) return;
    timer.stop();
    prepare.stop();
  });
  CHECK(loop.run());
  CHECK(timer_calls == 3);
  CHECK(loop.run(run_mode::nowait));
  CHECK(timer_calls < 10);
  CHECK_FALSE(loop.run());
  CHECK(timer_calls == 10);
  CHECK(prepare_calls >= 3);
  loop.close();
}

TEST_CASE("loop_stop_before_run") {
  loop loop;
  timer timer{loop};
  bool called = false;
  timer.start(0ms, [&] { called = true; });
  loop.stop();
  CHECK(loop.run());
  CHECK_FALSE(called);
  CHECK_FALSE(loop.run());
  CHECK(called);
  loop.close();
}

TEST_CASE("loop_alive") {
  loop loop;
  CHECK_FALSE(loop.alive());
  {
    timer timer{loop};
    CHECK_FALSE(loop.alive());
    timer.start(100ms, [] {});
    CHECK(loop.alive());
    timer.stop();
    CHECK_FALSE(loop.alive());
    timer.close();
    CHECK(loop.alive());  // its callback is to come
  }
  CHECK_FALSE(loop.run());
  CHECK_FALSE(loop.alive());
  queue_work(loop, [] {});
  CHECK(loop.alive());
  CHECK_FALSE(loop.run());
  CHECK_FALSE(loop.alive());
  loop.close();
}

TEST_CASE("loop_backend_timeout") {
  loop loop;
  CHECK(loop.backend_timeout() == 0ms);
  timer timer{loop};
  CHECK(loop.backend_timeout() == 0ms);
  bool called = false;
  timer.start(1h, [&] { called = true; });
  loop.run(run_mode::nowait);  // tells the backend of the loop's own descriptors
  CHECK(loop.backend_timeout() > 1min);
  CHECK(loop.backend_timeout() <= 1h);
  timer.start(0ms, [&] { called = true; });
  CHECK(loop.backend_timeout() == 0ms);
  CHECK_FALSE(loop.run());
  CHECK(called);
  CHECK(loop.backend_timeout() == 0ms);
  auto guard = loop.keep_alive();
  CHECK(loop.backend_timeout() < 0ms);  // until an event comes
  guard.reset();
  loop.close();
}

TEST_CASE("loop_handles") {
  loop loop;
  std::string order;
  timer timer{loop};
  timer.start(0ms, [] {});
  prepare prepare1{loop};
  prepare prepare2{loop};
  check check{loop};
  idle idle{loop};
  int turns = 0;
  prepare1.start([&] {
    order += "p1 ";
    if (++turns < 3) return;
    prepare1.close();
    prepare2.close();
    check.close();
    idle.close();
    timer.close();
  });
  prepare2.start([&] { order += "p2 "; });
  check.start([&] { order += "c "; });
  idle.start([&] { order += "i "; });
  run_to_the_end(loop);
  CHECK(order == "i p2 p1 c i p2 p1 c i p2 p1 ");
}

TEST_CASE("loop_update_time") {
  loop loop;
  const auto before = loop.now();
  busy_for(5ms);
  CHECK(loop.now() == before);
  loop.update_time();
  CHECK(loop.now() - before >= 4ms);
  loop.close();
}

TEST_CASE("active") {
  loop loop;
  timer timer{loop};
  CHECK_FALSE(timer.is_active());
  CHECK_FALSE(timer.is_closing());
  timer.start(1s, [] {});
  CHECK(timer.is_active());
  timer.stop();
  CHECK_FALSE(timer.is_active());
  timer.start(1s, [] {});
  bool closed = false;
  timer.close([&] { closed = true; });
  CHECK(timer.is_closing());
  run_to_the_end(loop);
  CHECK(closed);
}

TEST_CASE(
    "has_ref, and what is not referenced keeps no loop running (timer_ref, tcp_ref, idle_ref, check_ref, "
    "prepare_ref, async_ref)") {
  all_kinds::for_each([]<class Specimen> {
    loop loop;
    Specimen specimen(loop);
    CHECK(specimen.subject->has_ref());
    specimen.subject->unref();
    specimen.subject->unref();  // a flag, not a count
    CHECK_FALSE(specimen.subject->has_ref());
    CHECK_FALSE(loop.run());
    if constexpr (!std::is_same_v<Specimen, tcp_listener_specimen>) {  // its client's request counts
      specimen.start([] {});
      CHECK_FALSE(loop.run());
    }
    specimen.subject->ref();
    CHECK(specimen.subject->has_ref());
    specimen.subject->unref();
    specimen.subject->close();
    CHECK_FALSE(loop.run());  // closing counts
    CHECK(specimen.subject->is_closing());
    loop.close();
  });
}

TEST_CASE("tcp_ref3, tcp_ref4: a request keeps an unreferenced stream's loop running") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  std::optional<tcp> served;
  listener.listen([&](tcp peer) { served = std::move(peer); });
  listener.unref();
  tcp client{loop};
  bool connected = false;
  bool written = false;
  client.connect(listener.local_address(), [&] {
    connected = true;
    client.write(buffer_of("hello"), [&] { written = true; });
  });
  client.unref();
  CHECK_FALSE(loop.run());
  CHECK(connected);
  CHECK(written);
  loop.close();
}

TEST_CASE("unref_in_prepare_cb: what was the last to keep the loop running lets it end") {
  loop loop;
  timer timer{loop};
  timer.start(1h, [] {});
  prepare prepare{loop};
  prepare.unref();
  prepare.start([&] { timer.unref(); });
  CHECK_FALSE(loop.run());
  loop.close();
}

TEST_CASE("walk_handles: handles of all kinds on one loop are each on its list, and closed with it") {
  loop loop;
  std::map<std::string, int> made;
  std::vector<std::shared_ptr<void>> specimens;
  all_kinds::for_each([&]<class Specimen> {
    specimens.push_back(std::make_shared<Specimen>(loop));
    ++made[Specimen::name];
  });
  std::map<std::string, int> listed;
  for (const pending_operation& each : loop.pending())
    if (each.is_handle) ++listed[std::string(each.kind)];
  for (const auto& [kind, count] : made) {
    INFO(kind);
    CHECK(listed[kind] >= count);  // some have another side
    listed.erase(kind);
  }
  CHECK(listed.empty());
  CHECK(loop.close().size() >= specimens.size());
  CHECK(loop.pending().empty());
}

TEST_CASE("embed: a loop inside another one, by its descriptor") {
  loop inner;
  timer timer{inner};
  bool called = false;
  timer.start(5ms, [&] { called = true; });
  CHECK(inner.backend_fd() >= 0);
  while (!called) {
    pollfd one{.fd = inner.backend_fd(), .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&one, 1, static_cast<int>(inner.backend_timeout().count())) >= 0);
    inner.run(run_mode::nowait);
  }
  inner.close();
}

TEST_CASE("idle_starvation: timers expire while an idle keeps the loop from waiting") {
  loop loop;
  idle idle{loop};
  check check{loop};
  timer timer{loop};
  int idle_calls = 0;
  int check_calls = 0;
  const auto end_all = [&] {
    idle.close();
    check.close();
    timer.close();
  };
  idle.start([&] {
    if (++idle_calls == 2)
      timer.start(20ms, end_all);  // not before: a slow machine is late for the first turn
  });
  check.start([&] { ++check_calls; });
  run_to_the_end(loop);
  CHECK(idle_calls > 1);
  CHECK(check_calls > 0);
}

TEST_CASE("idle_check") {
  loop loop;
  idle idle{loop};
  check check{loop};
  std::string order;
  idle.start([&] { order += "idle "; });
  check.start([&] {
    order += "check ";
    check.close();
    idle.close();
  });
  run_to_the_end(loop);
  CHECK(order == "idle check ");
}

TEST_CASE("async") {
  loop loop;
  prepare prepare{loop};
  std::thread sender;
  int woken = 0;
  std::optional<async> wake;
  wake.emplace(loop, [&] {
    if (++woken == 3) {
      wake->close();
      prepare.close();
    } else {
      wake->send();
    }
  });
  prepare.start([&] {
    if (!sender.joinable()) sender = std::thread([&] { wake->send(); });
  });
  CHECK_FALSE(loop.run());
  sender.join();
  CHECK(woken == 3);
  loop.close();
}

TEST_CASE("async_null_cb") {
  loop loop;
  CHECK(misuse_of([&] { async none(loop, {}); }).find("async: there is nothing to call") == 0);
  run_to_the_end(loop);
}

TEST_CASE("async_ref") {
  loop loop;
  async wake{loop, [] {}};
  wake.unref();
  CHECK_FALSE(loop.run());
  loop.close();
}

TEST_CASE("run_once") {
  loop loop;
  idle idle{loop};
  int calls = 0;
  idle.start([&] {
    if (++calls == 500) idle.stop();
  });
  while (loop.run(run_mode::once)) {
  }
  CHECK(calls == 500);
  loop.close();
}

TEST_CASE("run_nowait") {
  loop loop;
  timer timer{loop};
  bool called = false;
  timer.start(1h, [&] { called = true; });
  CHECK(loop.run(run_mode::nowait));
  CHECK_FALSE(called);
  loop.close();
}

TEST_CASE("metrics_idle_time") {
  loop loop{{.metrics_idle_time = true}};
  timer timer{loop};
  CHECK(loop.metrics_idle_time() == 0ns);
  while (loop.metrics_idle_time() == 0ns) {  // one that is due at once is not waited for
    timer.start(1ms, [] {});
    CHECK_FALSE(loop.run());
  }
  loop.close();
}

TEST_CASE("metrics_idle_time_zero") {
  loop loop{{.metrics_idle_time = true}};
  idle idle{loop};
  idle.start([&] { idle.stop(); });
  CHECK_FALSE(loop.run());
  CHECK(loop.metrics_idle_time() == 0ns);
  loop.close();
}

TEST_CASE("metrics_idle_time_thread") {
  std::thread([] {
    loop loop{{.metrics_idle_time = true}};
    timer timer{loop};
    while (loop.metrics_idle_time() == 0ns) {
      timer.start(1ms, [] {});
      CHECK_FALSE(loop.run());
    }
    loop.close();
  }).join();
}

TEST_CASE("metrics_info") {
  loop loop;
  if (uv_version() < ((1 << 16) | (45 << 8))) {
    CHECK(thrown_by<error>([&] { static_cast<void>(loop.metrics_info()); }).find("libuv has it since 1.45") !=
          std::string::npos);
    return;
  }
  async wake{loop, [] {}};
  wake.send();
  wake.unref();
  timer timer{loop};
  timer.start(0ms, [] {});
  CHECK(loop.metrics_info().loop_count == 0);
  CHECK_FALSE(loop.run());
  CHECK(loop.metrics_info().loop_count > 0);
  loop.close();
}

TEST_CASE("metrics_pool_events") {
  loop loop;
  if (uv_version() < ((1 << 16) | (45 << 8))) SKIP("libuv counts events since 1.45");
  int ended = 0;
  queue_work(loop, [] {}, [&] { ++ended; });
  queue_work(loop, [] {}, [&] { ++ended; });
  CHECK_FALSE(loop.run());
  CHECK(ended == 2);
  CHECK(loop.metrics_info().events >= 1);
  loop.close();
}

TEST_CASE("a loop can be told to keep the profiler's signal out") {
  loop loop{{.block_sigprof = true}};
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
