// Calls that submit and fail.
#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "faults.hpp"
#include "gauntlet/memory_checker.hpp"
#include "needs.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a submit that fails for now is tried again, and the buffers stay where they are") {
  require_io_uring();
  for (const int error_number : {EAGAIN, EBUSY, EINTR, ENOMEM}) {
    ring own{{.entries = 4}};
    run_to_the_end(own, [&]() -> task<> {
      pipe_of ends(own);
      std::string text(32, 'x');
      const char* const where = text.data();
      let_fail(3, error_number);
      auto [size, buffer] = co_await ends.out.write_some(owned_buffer(std::move(text)));
      CHECK(failures() == 3);
      CHECK(size == 32);
      CHECK(buffer.take<std::string>().data() == where);

      int done = 0;
      let_fail(20, error_number);
      co_await with_scope([&](scope& all) -> task<> {
        for (int i = 0; i < 32; ++i)
          all.spawn([&]() -> task<> {
            auto [got, memory] = co_await ends.in.read_some(owned_buffer(1));
            if (got == 1 && text_of(memory.bytes()) == "x") ++done;
          });
        co_await sleep_for(1ms);
      });
      CHECK(failures() == 20);
      CHECK(done == 32);
    });
  }
}

TEST_CASE("a cancellation that cannot be submitted at once is submitted later") {
  require_io_uring();
  ring own{{.entries = 2}};
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    int cancelled = 0;
    co_await with_scope([&](scope& all) -> task<> {
      for (int i = 0; i < 20; ++i)
        all.spawn([&]() -> task<> {
          std::array<std::byte, 1> memory{};
          const std::error_code ended = co_await code_of(ends.in.read_some(memory));
          if (ended == std::errc::operation_canceled) ++cancelled;
        });
      for (int i = 0; i < 3; ++i) co_await own.nop();
      let_fail(40, EBUSY);  // more than there are cancellations
      all.request_stop();
    });
    CHECK(cancelled == 20);
  });
}

/// The first of a batch that next() tells of.
task<batch_end> first_end(batch& all) {
  const auto ended = co_await all.next();
  REQUIRE(ended.size() == 1);
  co_return ended.front();
}

TEST_CASE("a cancel that waits is of what was in the place then, and not of what is there now") {
  require_io_uring();
  for (const bool finds_room : {false, true}) {
    ring own{{.entries = 2}};
    run_to_the_end(own, [&]() -> task<> {
      pipe_of ends(own);
      batch reads(own, 1, 4);
      batch others(own, 3);
      reads.read(0, ends.in);
      co_await own.nop();  // the kernel has it
      others.nop(0);
      others.nop(1);  // and now the queue is full
      let_fail(1000, EBUSY);
      CHECK(own.cancel_all_on(ends.in) == 1);
      CHECK(failed > 0);
      REQUIRE(::write(ends.out.native(), "x", 1) == 1);
      const batch_end came = co_await first_end(reads);
      CHECK(came.res == 1);
      let_fail(0, 0);
      if (finds_room) others.nop(2);  // which makes some
      reads.read(0, ends.in);
      while (others.in_flight() != 0) static_cast<void>(co_await others.next());
      co_await own.nop();
      CHECK(reads.in_flight() == 1);  // what waited was another one's
      CHECK(own.cancel_all_on(ends.in) == 1);
      const batch_end cancelled = co_await first_end(reads);
      CHECK(cancelled.res == -ECANCELED);
    });
  }
}

TEST_CASE("a ring that waits for batches waits for none when it closes") {
  require_io_uring();
  if (runs_under_valgrind()) SKIP("under Valgrind a ring does not sleep in io_uring_enter");
  require_liburing(8);
  require_linux(6, 12, "a wait for batches");
  ring own;
  own.wait_for_batches({.completions = 100, .at_most = 1h});
  const int before = waits_for_batches();
  gauntlet::run(own, []() -> task<> { co_await sleep_for(1ms); }());
  const int until_now = waits_for_batches();
  CHECK(until_now > before);
  CHECK(own.close().empty());
  CHECK(waits_for_batches() == until_now);
}

TEST_CASE("a ring is destroyed while its submits fail") {
  require_io_uring();
  ring own{{.entries = 4}};
  gauntlet::run(own, [&]() -> task<> { co_await own.nop(); }());
  let_fail(5, EAGAIN);
  CHECK(own.close().empty());
  CHECK(failures() == 5);
}

}  // namespace
}  // namespace gauntlet::uring::test
