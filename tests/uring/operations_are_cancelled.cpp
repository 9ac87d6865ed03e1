// Cancelled by their task, by their descriptor, all at once, and at every suspension.
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <thread>

#include "../core/support/cancel_everywhere.hpp"
#include "../core/support/foreign.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;
using gauntlet::test::foreign;

task<> read_to_the_end(file& from, std::size_t& size) {
  std::array<std::byte, 4> memory{};
  while (const std::size_t got = co_await from.read_some(memory)) size += got;
}

task<> write_pieces(file& to, int pieces) {
  for (int i = 0; i < pieces; ++i) static_cast<void>(co_await to.write_some(bytes_of("0123456789")));
  co_await to.close();
}

task<> mixed_program(ring& own, const temporary_folder& folder) {
  pipe_of ends(own);
  std::size_t size = 0;
  co_await when_all(read_to_the_end(ends.in, size), write_pieces(ends.out, 3));
  CHECK(size == 30);
  file out = co_await open(own, folder / "a", write_only | open_flags::create);
  const auto [written, synced] = co_await link(out.write_some(bytes_of("hello"), 0), out.fsync());
  CHECK(written);
  CHECK(synced);
  co_await link_timeout(out.fdatasync(), 1h);
  co_await timeout(own, 1ms);
  timer waits{own};
  co_await when_all([](timer& of) -> task<> { static_cast<void>(co_await of.wait_for(1h)); }(waits),
                    [](timer& of) -> task<> {
                      const auto got_1 = co_await of.remove();
                      CHECK(got_1);
                    }(waits));
  pipe_of ready(own);
  const auto got_2 = co_await ready.out.poll(poll_events::writable);
  CHECK(got_2 == poll_events::writable);
  inbox box{own};
  co_await send_message(own, box.address(), 7);
  const auto got_3 = (co_await box.receive()).value;
  CHECK(got_3 == 7);
  co_await own.nop();
  co_await out.close();
}

TEST_CASE("a program is cancelled at every suspension, and the ring ends clean") {
  require_io_uring();
  const temporary_folder folder;
  for (const std::uint32_t entries : {32U, 4U}) {
    ring own{{.entries = entries}};
    const auto program = [&] { return mixed_program(own, folder); };
    const auto check = [&](bool) { CHECK(own.pending().empty()); };
    CHECK(gauntlet::test::cancel_everywhere(own.context(), program, check) > 15);
    CHECK(gauntlet::test::cancel_everywhere(own.context(), program, check, [&](callback<void()> later) {
            own.post(std::move(later));
          }) > 15);
    CHECK(own.metrics().stale == 0);
    CHECK(own.close().empty());
  }
}

TEST_CASE("a read of an empty pipe that takes too long is cancelled, and the pipe is read again") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 8> memory{};
    const auto got_4 = co_await code_of(with_timeout(1ms, ends.in.read_some(memory)));
    CHECK(got_4 == std::errc::timed_out);
    co_await ends.out.write_some(bytes_of("later"));
    const auto got_5 = co_await ends.in.read_some(memory);
    CHECK(got_5 == 5);
  });
}

TEST_CASE("cancelled by descriptor, all on it end, and nothing else does") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of asked(own);
    pipe_of other(own);
    std::array<std::byte, 8> memory{};
    int ended = 0;
    co_await with_scope([&](scope& all) -> task<> {
      const auto reads = [&]() -> task<> {
        std::array<std::byte, 8> here{};
        const auto got_6 = co_await code_of(asked.in.read_some(here));
        CHECK(got_6 == std::errc::operation_canceled);
        ++ended;
      };
      for (int i = 0; i < 5; ++i) all.spawn(reads);
      all.spawn([&]() -> task<> {
        const auto got_7 = co_await other.in.read_some(memory);
        CHECK(got_7 == 1);
      });
      CHECK(own.cancel_all_on(asked.in) == 5);
      co_await sleep_for(1ms);
      while (ended != 5) co_await own.nop();
      CHECK(own.pending().size() == 1);
      co_await other.out.write_some(bytes_of("x"));
    });
    CHECK(own.cancel_all_on(asked.in) == 0);
    CHECK(asked.in.is_open());
    co_await asked.out.write_some(bytes_of("x"));
    const auto got_8 = co_await asked.in.read_some(memory);
    CHECK(got_8 == 1);
  });
}

TEST_CASE("all that is in flight is cancelled at once") {
  require_io_uring();
  ring own{{.entries = 8}};
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    int ended = 0;
    co_await with_scope([&](scope& all) -> task<> {
      const auto reads = [&]() -> task<> {
        std::array<std::byte, 8> here{};
        const auto got_9 = co_await code_of(ends.in.read_some(here));
        CHECK(got_9 == std::errc::operation_canceled);
        ++ended;
      };
      for (int i = 0; i < 100; ++i) all.spawn(reads);
      CHECK(own.cancel_all() == 100);
      co_return;
    });
    CHECK(ended == 100);
  });
}

TEST_CASE("another ring's descriptor cannot be cancelled on this one") {
  require_io_uring();
  ring own;
  ring other;
  const pipe_of ends(other);
  CHECK(misuse_of([&] { return own.cancel_all_on(ends.in); }).contains("the descriptor is another ring's"));
}

// As the ring numbers them: the first slot of a new ring in its first generation, and the answer to a cancel
// of it.
constexpr std::uint64_t first_operation = std::uint64_t{1} << 32U;
constexpr std::uint64_t cancel_of_first = first_operation | std::uint64_t{1} << 63U;

/// What the kernel would tell the ring.
task<> tell(ring& own, std::uint64_t user_data, std::int32_t res) {
  static_cast<void>(co_await own.submit_raw({.code = operation_code::msg_ring,
                                             .fd = own.native_descriptor(),
                                             .length = static_cast<std::uint32_t>(res),
                                             .offset = user_data}));
}

TEST_CASE("the answer of a cancel is not what it was to cancel") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    const auto reads = [&]() -> task<> {
      std::array<std::byte, 8> memory{};
      const std::size_t size = co_await ends.in.read_some(memory);
      CHECK(size == 5);
    };
    const auto goes_on = [&]() -> task<> {
      co_await tell(own, cancel_of_first, 0);
      co_await ends.out.write_some(bytes_of("later"));
    };
    co_await when_all(reads(), goes_on());
    co_await tell(own, cancel_of_first, -EALREADY);  // and of what has ended it is nobody's
  });
}

TEST_CASE("a cancel that had no effect is asked again") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::error_code ended;
    co_await with_scope([&](scope& all) -> task<> {
      const auto reads = [&]() -> task<> {
        std::array<std::byte, 8> memory{};
        ended = co_await code_of(ends.in.read_some(memory));
        all.request_stop();
      };
      const auto gives_up = [&]() -> task<> {
        co_await sleep_for(30s);
        co_await ends.out.write_some(bytes_of("it was not cancelled"));
      };
      all.spawn(reads);
      all.spawn(gives_up);
      co_await tell(own, cancel_of_first, -EALREADY);
    });
    CHECK(ended == std::errc::operation_canceled);
  });
}

TEST_CASE("who is asked to end again and again is cancelled once") {
  require_io_uring();
  ring own{{.entries = 2, .disabled = true}};  // which takes no more than two, until it is enabled
  pipe_of ends(own);
  std::array<std::error_code, 2> ended;
  const auto reads = [](file& from, std::error_code& code) -> foreign {
    try {
      static_cast<void>(co_await from.read_some(owned_buffer(8)));
    } catch (const gauntlet::error& failure) {
      code = failure.code();
    }
  };
  const foreign first = reads(ends.in, ended[0]);
  const foreign second = reads(ends.in, ended[1]);
  for (int i = 0; i < 100; ++i) CHECK(own.cancel_all() == 2);
  own.enable();
  run_to_the_end(own, [&]() -> task<> {
    while (!first.done() || !second.done()) co_await own.nop();
    CHECK(own.metrics().submitted < 50);
  });
  CHECK(ended[0] == std::errc::operation_canceled);
  CHECK(ended[1] == std::errc::operation_canceled);
}

TEST_CASE("a cancellation that comes too late changes nothing: no byte is lost") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::size_t written = 0;
    std::size_t got = 0;
    int cancelled = 0;
    int too_late = 0;
    constexpr int at_least = 300;
    constexpr int at_most = 30'000;  // fewer than a pipe has room for
    std::size_t rounds = 0;
    for (int i = 0; i < at_least || (i < at_most && (cancelled == 0 || too_late == 0)); ++i, ++rounds) {
      std::size_t asked = 0;
      // The writer is another task, and the reader is cancelled while both are under way.
      co_await with_scope([&](scope& both) -> task<> {
        both.spawn([&]() -> task<> {
          std::array<std::byte, 3> memory{};
          try {
            got += co_await ends.in.read_some(memory);
            if (asked == 1) ++too_late;
          } catch (const error& failure) {
            CHECK(failure.code() == std::errc::operation_canceled);
            ++cancelled;
          }
        });
        if (i % 3 == 0) co_await own.nop();
        both.spawn([&]() -> task<> { written += co_await ends.out.write_some(bytes_of("a")); });
        asked = own.cancel_all_on(ends.in);
        co_return;
      });
    }
    CHECK(cancelled > 0);
    CHECK(too_late > 0);
    co_await ends.out.close();
    std::size_t left = 0;
    co_await read_to_the_end(ends.in, left);
    CHECK(written == rounds);
    CHECK(got + left == written);
  });
}

TEST_CASE("what stands behind a drain is cancelled without the kernel, a chain as a whole") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    pipe_of held(own);
    std::array<std::byte, 8> memory{};
    int cancelled = 0;
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const std::error_code ended = co_await code_of(ends.in.read_some(memory));
        CHECK(ended == std::errc::operation_canceled);
      });
      co_await own.nop();
      all.spawn([&]() -> task<> { co_await own.nop().with({.drain = true}); });
      co_await with_scope([&](scope& behind) -> task<> {
        for (int i = 0; i < 10; ++i)
          behind.spawn([&]() -> task<> {
            const std::error_code ended = co_await code_of(own.nop());
            if (ended == std::errc::operation_canceled) ++cancelled;
          });
        behind.spawn([&]() -> task<> {
          const std::error_code ended = co_await code_of(link(own.nop(), own.nop(), own.nop()));
          if (ended == std::errc::operation_canceled) ++cancelled;
        });
        behind.spawn([&]() -> task<> {
          std::array<std::byte, 8> here{};
          const auto [before, read, after] = co_await link(own.nop(), held.in.read_some(here), own.nop());
          if (!before && !read && !after) ++cancelled;
        });
        const std::uint64_t submitted = own.metrics().submitted;
        CHECK(own.cancel_all_on(held.in) == 1);
        behind.request_stop();
        CHECK(own.metrics().submitted == submitted);
        co_return;
      });
      CHECK(cancelled == 12);
      co_await with_scope([&](scope& last) -> task<> {
        last.spawn([&]() -> task<> { co_await own.nop(); });  // waits for the drain, which waits for the read
        CHECK(own.cancel_all_on(ends.in) == 1);
        co_return;
      });
    });
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
