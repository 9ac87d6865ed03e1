// Links: one after the other, cancelled behind a failure; hard links; link timeouts; drain.
#include <unistd.h>

#include <array>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "../core/support/death.hpp"
#include "../core/support/foreign.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("linked operations run one after the other, and are submitted side by side") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file on = co_await open(own, folder / "a", read_write | open_flags::create);
    std::array<std::byte, 5> memory{};
    const ring_metrics before = own.metrics();
    auto [written, synced, read] =
        co_await link(on.write_some(bytes_of("hello"), 0), on.fsync(), on.read_some(memory, 0));
    CHECK(own.metrics().submitted - before.submitted >= 3);
    CHECK(written.value() == 5);
    CHECK(synced);
    CHECK(read.value() == 5);
    CHECK(text_of(memory) == "hello");
  });
}

TEST_CASE("what stands behind a failure in a chain is cancelled, and says so") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file on = co_await open(own, folder / "a", read_only | open_flags::create);
    auto [first, refused, behind] = co_await link(own.nop(), on.write_some(bytes_of("x"), 0), on.fsync());
    CHECK(first);
    REQUIRE(refused.error() != nullptr);
    CHECK(refused.error()->code() == std::errc::bad_file_descriptor);
    REQUIRE(behind.error() != nullptr);
    CHECK(behind.error()->code() == std::errc::operation_canceled);
    CHECK(behind.error()->operation() == "file::fsync");
  });
}

TEST_CASE("a hard link goes on behind a failure") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file on = co_await open(own, folder / "a", read_only | open_flags::create);
    auto [refused, behind] = co_await hard_link(on.write_some(bytes_of("x"), 0), on.fsync());
    CHECK_FALSE(refused);
    CHECK(behind);
  });
}

TEST_CASE("a link timeout ends what it limits, and says so") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 5> memory{};
    try {
      co_await link_timeout(ends.in.read_some(memory), 1ms);
      FAIL("it was read");
    } catch (const error& failure) {
      CHECK(failure.code() == std::errc::timed_out);
      CHECK(failure.operation() == "file::read_some");
    }
    co_await ends.out.write_some(bytes_of("hello"));
    const auto got_1 = co_await link_timeout(ends.in.read_some(memory), 1h);
    CHECK(got_1 == 5);
  });
}

TEST_CASE("a link timeout stands in the middle of a chain") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 5> memory{};
    {
      auto [first, late, behind] =
          co_await link(own.nop(), link_timeout(ends.in.read_some(memory), 1ms), own.nop());
      CHECK(first);
      REQUIRE(late.error() != nullptr);
      CHECK(late.error()->code() == std::errc::timed_out);
      REQUIRE(behind.error() != nullptr);
      CHECK(behind.error()->code() == std::errc::operation_canceled);
    }
    {
      auto [written, read, behind] = co_await link(ends.out.write_some(bytes_of("hello")),
                                                   link_timeout(ends.in.read_some(memory), 1h), own.nop());
      CHECK(written);
      CHECK(read.value() == 5);
      CHECK(behind);
    }
    {
      auto [late, behind] = co_await hard_link(link_timeout(ends.in.read_some(memory), 1ms), own.nop());
      CHECK_FALSE(late);
      CHECK(behind);
    }
  });
}

TEST_CASE("buffers moved into a chain come back, also from behind a failure's neighbour") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file on = co_await open(own, folder / "a", read_write | open_flags::create);
    auto [written, read] =
        co_await link(on.write_some(owned_buffer(std::string("hello")), 0), on.read_some(owned_buffer(5), 0));
    CHECK(written.value().buffer.take<std::string>() == "hello");
    CHECK(text_of(read.value().buffer.bytes()) == "hello");
  });
}

TEST_CASE("a chain that the queue has no room for stays together") {
  require_io_uring();
  ring own{{.entries = 4}};
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    int whole = 0;
    co_await with_scope([&](scope& all) -> task<> {
      for (int i = 0; i < 50; ++i) {
        if (i % 2 == 0) all.spawn([&]() -> task<> { co_await own.nop(); });  // so that chains end anywhere
        all.spawn([&]() -> task<> { co_await own.nop(); });
        all.spawn([&]() -> task<> {
          auto [late, behind, last] = co_await link(timeout(own, 100us), own.nop(), own.nop());
          if (late && behind && last) ++whole;
        });
        all.spawn([&]() -> task<> {
          auto [failed, behind] = co_await link(own.nop_with(-EIO), own.nop());
          CHECK_FALSE(failed);
          CHECK_FALSE(behind);  // torn apart, it would succeed
        });
      }
      co_return;
    });
    CHECK(whole == 50);
  });
}

TEST_CASE("a chain that is longer than the queue is misuse that says how long it may be") {
  require_io_uring();
  ring own{{.entries = 2}};
  run_to_the_end(own, [&]() -> task<> {
    try {
      static_cast<void>(co_await link(own.nop(), own.nop(), own.nop()));
      FAIL("it was submitted");
    } catch (const misuse& refused) {
      CHECK(std::string(refused.what()).find("3 operations do not fit") != std::string::npos);
    }
  });
}

TEST_CASE("a chain of two rings is misuse") {
  require_io_uring();
  ring own;
  ring other;
  run_to_the_end(own, [&]() -> task<> {
    try {
      static_cast<void>(co_await link(own.nop(), other.nop()));
      FAIL("it was submitted");
    } catch (const misuse& refused) {
      CHECK(std::string(refused.what()).find("belong to different rings") != std::string::npos);
    }
  });
}

TEST_CASE("a cancelled chain throws if nothing of it was done, and tells else what was") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 5> memory{};
    std::array<std::byte, 5> other_memory{};
    bool threw = false;
    bool told = false;
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        try {
          static_cast<void>(co_await link(ends.in.read_some(memory), own.nop()));
        } catch (const error& failure) {
          threw = failure.code() == std::errc::operation_canceled;
        }
      });
      all.spawn([&]() -> task<> {
        auto [written, read] = co_await link(own.nop(), ends.in.read_some(other_memory));
        told = written && !read && read.error()->code() == std::errc::operation_canceled;
      });
      co_await sleep_for(1ms);
      all.request_stop();
    });
    CHECK(threw);
    CHECK(told);
  });
}

TEST_CASE("pending() tells a chain with all that it works on, and its descriptor cancels it") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 5> memory{};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        auto [read, behind] = co_await link(ends.in.read_some(memory), own.nop());
        CHECK_FALSE(read);
        CHECK_FALSE(behind);
      });
      co_await own.nop();
      const std::vector<pending_operation> open = own.pending();
      REQUIRE(open.size() == 1);
      CHECK(open[0].kind == "link");
      CHECK(open[0].object ==
            "file::read_some descriptor " + std::to_string(ends.in.native()) + ", then ring::nop");
      CHECK(own.cancel_all_on(ends.in) == 1);
    });
  });
}

TEST_CASE("drained, an operation begins when all before it have ended") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::vector<int> order;
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        co_await timeout(own, 5ms);
        order.push_back(1);
      });
      all.spawn([&]() -> task<> {
        co_await own.nop().with({.drain = true});
        order.push_back(2);
      });
      all.spawn([&]() -> task<> {
        co_await own.nop();
        order.push_back(3);
      });
      co_return;
    });
    CHECK(order == std::vector{1, 2, 3});
  });
}

TEST_CASE("what has done a part, in a chain or not, does its rest before what is drained begins") {
  require_io_uring();
  const bool in_a_chain = GENERATE(false, true);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 8> memory{};
    std::vector<int> order;
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        if (in_a_chain) {
          const auto [read, nothing] =
              co_await hard_link(ends.in.read_exactly(memory, current_position), own.nop());
          CHECK(read);
          CHECK(nothing);
        } else {
          co_await ends.in.read_exactly(memory, current_position);
        }
        order.push_back(1);
      });
      all.spawn([&]() -> task<> {
        co_await own.nop().with({.drain = true});
        order.push_back(2);
      });
      CHECK(::write(ends.out.native(), "half", 4) == 4);
      co_await sleep_for(5ms);
      CHECK(order.empty());
      CHECK(::write(ends.out.native(), "past", 4) == 4);
    });
    CHECK(order == std::vector{1, 2});
    CHECK(text_of(memory) == "halfpast");
  });
}

TEST_CASE("the rest of a chain's part is linked to nothing that is begun later") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 8> memory{};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const auto [read, nothing] =
            co_await hard_link(ends.in.read_exactly(memory, current_position), own.nop());
        CHECK(read);
        CHECK(nothing);
      });
      co_await own.nop();
      CHECK(::write(ends.out.native(), "half", 4) == 4);
      for (int begun_later = 0; begun_later < 4; ++begun_later) co_await with_timeout(10s, own.nop());
      CHECK(::write(ends.out.native(), "past", 4) == 4);
    });
  });
}

TEST_CASE("what comes behind a drained chain begins when that has ended, and options replace each other") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const auto [first, second] = co_await link(own.nop().with({.drain = true}), own.nop());
    CHECK(first);
    CHECK(second);
    co_await with_timeout(10s, own.nop());
    co_await link_timeout(own.nop().with({.drain = true}), 10s);
    co_await with_timeout(10s, own.nop());
    co_await own.nop().with({.drain = true}).with({});
    co_await with_timeout(10s, own.nop());
  });
}

TEST_CASE("a chain destroyed in flight ends the program, which names it") {
  require_io_uring();
  const std::string said = gauntlet::test::last_words_of([] {
    ring own;
    pipe_of ends(own);
    std::array<std::byte, 5> memory{};
    gauntlet::test::foreign waits = [](ring& on, file& from,
                                       std::span<std::byte> into) -> gauntlet::test::foreign {
      static_cast<void>(co_await link(from.read_some(into), on.nop()));
    }(own, ends.in, memory);
    waits.destroy();
  });
  CHECK(said.find("link file::read_some descriptor ") != std::string::npos);
  CHECK(said.find("then ring::nop") != std::string::npos);
  CHECK(said.find("chains_are_linked.cpp:") != std::string::npos);
}

}  // namespace
}  // namespace gauntlet::uring::test
