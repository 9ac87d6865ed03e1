// Between rings, on one thread and on two.
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "asserting_thread.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("messages come in the order in which they were sent, also before somebody receives") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    inbox box{own};
    inbox other{own};
    for (int i = 0; i < 100; ++i) co_await send_message(own, box.address(), i - 50);
    co_await send_message(own, other.address(), 1000);
    CHECK(box.size() == 100);
    for (int i = 0; i < 100; ++i) {
      const message got = co_await box.receive();
      CHECK(got.value == i - 50);
    }
    const message last = co_await other.receive();
    CHECK(last.value == 1000);
    CHECK(box.lost() == 0);
  });
}

/// The sum of what a ring on another thread is sent, which ends with a 0.
void sum_on_another_thread(ring_options options) {
  ring own;
  std::int64_t sum = 0;
  std::optional<inbox_address> to;
  std::atomic<bool> there = false;
  std::thread other([&] {
    ring receives{options};
    gauntlet::run(receives, [&]() -> task<> {
      inbox box{receives};
      to = box.address();
      there = true;
      there.notify_one();
      for (message got; (got = co_await box.receive()).value != 0;) sum += got.value;
    }());
  });
  there.wait(false);
  run_to_the_end(own, [&]() -> task<> {
    for (int i = 1; i <= 200; ++i) co_await send_message(own, *to, i);
    co_await send_message(own, *to, 0);
  });
  other.join();
  CHECK(sum == 200 * 201 / 2);
}

TEST_CASE("a ring on another thread is sent messages, however it was made") {
  require_io_uring();
  sum_on_another_thread({});
  sum_on_another_thread({.single_issuer = true});
  sum_on_another_thread({.single_issuer = true, .defer_taskrun = true});
  sum_on_another_thread({.coop_taskrun = true});
}

TEST_CASE("what was written before a message was sent is there when it is received") {
  require_io_uring();
  std::optional<inbox_address> to;
  std::atomic<bool> there = false;
  std::vector<int> handed_over;
  int sum = 0;
  std::thread other([&] {
    ring receives;
    gauntlet::run(receives, [&]() -> task<> {
      inbox box{receives};
      to = box.address();
      there = true;
      there.notify_one();
      co_await box.receive();
      for (const int each : handed_over) sum += each;
    }());
  });
  there.wait(false);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    handed_over.assign({1, 2, 3});
    co_await send_message(own, *to, 0);
  });
  other.join();
  CHECK(sum == 6);
}

/// The receiver goes on with what is done at once until the message is there, or for ever.
void send_to_a_busy_ring(ring_options options) {
  std::optional<inbox_address> to;
  std::atomic<bool> busy = false;
  std::thread other([&] {
    ring receives{options};
    gauntlet::run(receives, [&]() -> task<> {
      inbox box{receives};
      to = box.address();
      co_await make_turns(receives, 100);
      busy = true;
      busy.notify_one();
      while (box.size() == 0) co_await receives.nop();
    }());
  });
  busy.wait(false);
  ring own;
  run_to_the_end(own, [&]() -> task<> { co_await send_message(own, *to, 1); });
  other.join();
}

TEST_CASE("a ring that is busy is sent messages, however it was made") {
  require_io_uring();
  send_to_a_busy_ring({});
  send_to_a_busy_ring({.single_issuer = true});
  send_to_a_busy_ring({.single_issuer = true, .defer_taskrun = true});
  send_to_a_busy_ring({.coop_taskrun = true});
}

TEST_CASE("flags come with a message") {
  require_io_uring();
  ring own;
  std::error_code failed;
  message got;
  run_to_the_end(own, [&]() -> task<> {
    inbox box{own};
    failed = co_await code_of(send_message(own, box.address(), 7, {.flags = 0x40}));
    if (!failed) got = co_await box.receive();
  });
  if (failed == std::errc::function_not_supported)
    SKIP("the liburing that this was compiled with is too old");
  CHECK_FALSE(failed);
  CHECK(got.value == 7);
  CHECK(got.flags == 0x40);
}

TEST_CASE("messages to an inbox that is gone are counted, those to a ring that is gone are lost") {
  require_io_uring();
  ring own;
  std::optional<ring> other(std::in_place);
  inbox_address to;
  {
    const inbox box{own};
    to = box.address();
  }
  inbox_address to_other;
  {
    const inbox box{*other};
    to_other = box.address();
  }
  gauntlet::run(own, [&]() -> task<> { co_await send_message(own, to, 1); }());
  CHECK(own.metrics().stale == 1);
  other.reset();
  // It is there as long as somebody has its address, and takes what nobody will read.
  gauntlet::run(own,
                [&]() -> task<> { static_cast<void>(co_await code_of(send_message(own, to_other, 1))); }());
  CHECK(own.close().empty());
}

TEST_CASE("who waits for a message is cancelled by its task, its inbox, and its ring's end") {
  require_io_uring();
  std::optional<ring> own(std::in_place);
  std::optional<inbox> box(*own);
  gauntlet::run(*own, [&]() -> task<> {
    const std::error_code ended_1 = co_await code_of(with_timeout(1ms, box->receive()));
    CHECK(ended_1 == std::errc::timed_out);
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const std::error_code ended_2 = co_await code_of(box->receive());
        CHECK(ended_2 == std::errc::operation_canceled);
      });
      const std::vector<pending_operation> open = own->pending();
      REQUIRE(open.size() == 1);
      CHECK(open[0].kind == "inbox::receive");
      box.reset();
      co_return;
    });
    box.emplace(*own);
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { static_cast<void>(co_await code_of(box->receive())); });
      const auto receives_too = [&]() -> task<> { static_cast<void>(co_await box->receive()); };
      const std::string refused = co_await misuse_in(receives_too);
      CHECK(refused.contains("another task receives from this inbox"));
      auto late = box->receive();
      box.reset();
      const std::string closed = co_await misuse_in([&]() -> task<> { static_cast<void>(co_await late); });
      CHECK(closed.contains("the inbox, or its ring, is closed"));
    });
  }());
  box.emplace(*own);
  own.reset();
  CHECK(box->size() == 0);
}

TEST_CASE("an address of nobody is misuse, and an inbox that was moved from") {
  require_io_uring();
  ring own;
  CHECK(misuse_of([&] { return send_message(own, {}, 1); }).contains("the address is nobody's"));
  inbox box{own};
  const inbox moved = std::move(box);
  // NOLINTNEXTLINE(bugprone-use-after-move): what is looked at
  CHECK(misuse_of([&] { return box.receive(); }).contains("it was moved from"));
}

}  // namespace
}  // namespace gauntlet::uring::test
