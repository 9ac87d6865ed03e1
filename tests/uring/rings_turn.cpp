#include <atomic>
#include <thread>

#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("an operation that does nothing comes back") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    for (int i = 0; i < 1000; ++i) co_await own.nop();
  });
}

TEST_CASE("more operations than the queue has room for all come back") {
  require_io_uring();
  ring own{{.entries = 2}};
  int done = 0;
  run_to_the_end(own, [&]() -> task<> {
    co_await with_scope([&](scope& all) -> task<> {
      for (int i = 0; i < 500; ++i)
        all.spawn([&]() -> task<> {
          co_await own.nop();
          ++done;
        });
      co_return;
    });
  });
  CHECK(done == 500);
}

TEST_CASE("what waits together is submitted together") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const ring_metrics before = own.metrics();
    co_await with_scope([&](scope& all) -> task<> {
      for (int i = 0; i < 32; ++i) all.spawn([&]() -> task<> { co_await own.nop(); });
      co_return;
    });
    CHECK(own.metrics().completed - before.completed == 32);
    CHECK(own.metrics().enters - before.enters == 1);
  });
}

TEST_CASE("a task sleeps, and is woken from another thread") {
  require_io_uring();
  ring own;
  event woken{"woken"};
  std::thread other;
  run_to_the_end(own, [&]() -> task<> {
    co_await sleep_for(1ms);
    const ring::work_guard open = own.keep_alive();
    other = std::thread([&] { own.post([&] { woken.set(); }); });
    co_await woken.wait();
  });
  other.join();
}

TEST_CASE("a task that nothing can wake is told so") {
  require_io_uring();
  ring own;
  event never{"never"};
  CHECK_THROWS(gauntlet::run(own, [](event& waits) -> task<> { co_await waits.wait(); }(never)));
}

}  // namespace
}  // namespace gauntlet::uring::test
