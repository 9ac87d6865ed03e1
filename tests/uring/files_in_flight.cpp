// What ends operations on files before their time: a request to stop, the file closed, the ring gone.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "file_support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

/// Awaits what must be cancelled.
template <class Operation>
task<> is_canceled(Operation operation) {
  try {
    static_cast<void>(co_await std::move(operation));
    FAIL("it came to an end");
  } catch (const gauntlet::error& failure) {
    CHECK(failure.code() == std::errc::operation_canceled);
  }
}

}  // namespace

TEST_CASE("reads of an empty pipe are cancelled, and the pipe goes on") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own, O_DIRECT);
    std::array<std::byte, 8> into{};
    std::array<std::byte, 8> into_list{};
    std::array<std::byte, 8> into_all{};
    const std::array<std::span<std::byte>, 1> list{into_list};
    std::vector<owned_buffer> buffers;
    buffers.push_back(owned_buffer(8));
    co_await with_scope([&](scope& all) -> task<> {
      const auto canceled_by_stop = [&](auto operation) {
        all.spawn([operation = std::make_shared<decltype(operation)>(std::move(operation))]() -> task<> {
          co_await is_canceled(std::move(*operation));
        });
      };
      canceled_by_stop(reads.read_some(into));
      canceled_by_stop(reads.read_some(list));
      canceled_by_stop(reads.read_some(owned_buffer(8)));
      canceled_by_stop(reads.read_some(std::move(buffers)));
      canceled_by_stop(reads.read_exactly(into_all));
      canceled_by_stop(reads.read_exactly(owned_buffer(8)));
      co_await own.nop();
      CHECK(own.pending().size() >= 6);
      all.request_stop();
    });
    const auto timed = co_await as_expected<gauntlet::error>(with_timeout(1ms, reads.read_some(into)));
    CHECK_FALSE(timed.has_value());
    co_await writes.write_some(bytes_of("x"));
    const auto answer_1 = co_await reads.read_some(into);
    CHECK(answer_1 == 1);
  });
}

TEST_CASE("read_exactly is cancelled between its parts") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own, O_DIRECT);
    std::array<std::byte, 8> into{};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { co_await is_canceled(reads.read_exactly(into)); });
      co_await writes.write_some(bytes_of("a"));
      co_await writes.write_some(bytes_of("b"));
      while (text_of(std::span(into).first(2)) != "ab") co_await own.nop();
      all.request_stop();
    });
    co_await writes.write_some(bytes_of("c"));
    const auto answer_2 = co_await reads.read_some(into);
    CHECK(answer_2 == 1);
    CHECK(text_of(std::span(into).first(1)) == "c");
  });
}

TEST_CASE("what was lent is the caller's again when it was awaited, though the operation lives on") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own, O_DIRECT);
    std::array<std::byte, 8> into{};
    auto reading = reads.read_some(into);
    co_await writes.write_some(bytes_of("x"));
    const auto answer = co_await reading;
    CHECK(answer == 1);
    // Where lends are tracked, memory that is still lent would be refused.
    lend again("again");
    again.for_writing(into);
    again.give_back(1);
    CHECK(into[0] == std::byte{'x'});
    auto cancelled = reads.read_some(into);
    const auto wait = [&]() -> task<> { static_cast<void>(co_await cancelled); };
    const auto late = co_await as_expected<gauntlet::error>(with_timeout(1ms, wait()));
    CHECK_FALSE(late.has_value());
    again.for_writing(into);
    again.give_back();
  });
}

TEST_CASE("closing a file ends what is in flight on it, and then closes it") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    auto [other_reads, other_writes] = pipe_of(own);
    const int number = reads.native();
    std::array<std::byte, 8> into{};
    std::array<std::byte, 8> second{};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { co_await is_canceled(reads.read_some(into)); });
      all.spawn([&]() -> task<> { co_await is_canceled(reads.read_exactly(second)); });
      all.spawn([&]() -> task<> {
        co_await is_canceled(splice(reads, current_position, other_writes, current_position, 10));
      });
      all.spawn([&]() -> task<> { co_await is_canceled(tee(reads, other_writes, 10)); });
      co_await sleep_for(5ms);  // so that what waits on a thread of the kernel's most likely does by now
      co_await reads.close();
      CHECK_FALSE(reads.is_open());
      CHECK(::fcntl(number, F_GETFD) == -1);
    });
    CHECK(misuse_of([&] { return reads.read_some(into); }).contains("it is closed: open another one"));
    CHECK(misuse_of([&] {
            return splice(reads, 0, other_writes, 0, 1);
          }).contains("it is closed: open another one"));
    CHECK(misuse_of([&] { return reads.close(); }).contains("it is closed: open another one"));
  });
}

TEST_CASE("what is closed is closed once, and nothing begins on it afterwards") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    std::array<std::byte, 8> into{};
    const auto closes = [&]() -> task<> { co_await reads.close(); };
    const auto is_late = [&]() -> task<> {
      auto reading = reads.read_some(into);
      auto closing = reads.close();
      co_await own.nop();  // it is being closed, and waits for these two to go
      const std::string twice = co_await misuse_in([&]() -> task<> { co_await closing; });
      CHECK(twice.contains("closed already, or being closed by another task"));
      const std::string after = co_await misuse_in([&]() -> task<> { static_cast<void>(co_await reading); });
      CHECK(after.contains("begin before close()"));
    };
    co_await when_all(is_late(), closes());
  });
}

TEST_CASE("a descriptor is released when nothing is in flight on it, and is the caller's then") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    std::array<std::byte, 8> into{};
    const auto waits = [&]() -> task<> { static_cast<void>(co_await reads.read_some(into)); };
    const auto asks = [&]() -> task<> {
      CHECK(misuse_of([&] { return reads.release(); }).contains("something is in flight on it"));
      co_await writes.write_some(bytes_of("x"));
    };
    co_await when_all(waits(), asks());
    const int number = reads.release();
    CHECK_FALSE(reads.is_open());
    CHECK(::close(number) == 0);
  });
}

TEST_CASE("a close that waits for a drain closes the file, though all that is in flight is cancelled") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    auto [closed, kept] = pipe_of(own);
    const int number = closed.native();
    std::array<std::byte, 8> into{};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { co_await is_canceled(reads.read_some(into)); });
      all.spawn([&]() -> task<> { co_await is_canceled(own.nop().with({.drain = true})); });
      all.spawn([&]() -> task<> { co_await closed.close(); });
      own.cancel_all();
      co_return;
    });
    CHECK(::fcntl(number, F_GETFD) == -1);
  });
}

TEST_CASE("closing a file waits for what was made on it and never awaited, and says so") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    std::array<std::byte, 8> into{};
    auto made = std::make_unique<decltype(reads.read_some(into))>(reads.read_some(into));
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { co_await reads.close(); });
      co_await own.nop();
      const std::vector<pending_operation> waiting = own.pending();
      CHECK(waiting.size() == 1);
      CHECK(waiting[0].object.ends_with(", kept by 1 operation(s) made on it and not awaited to the end"));
      made.reset();
    });
    CHECK_FALSE(reads.is_open());
  });
}

TEST_CASE("a file that is dropped ends what is in flight on it") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    auto dropped = std::make_unique<file>(std::move(reads));
    std::array<std::byte, 8> into{};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { co_await is_canceled(dropped->read_some(into)); });
      co_await own.nop();
      dropped.reset();
    });
  });
}

TEST_CASE("a ring goes with hundreds of reads in flight, and each is told") {
  require_io_uring();
  constexpr int many = 300;
  int told = 0;
  {
    ring own{{.entries = 8}};
    auto [reads, writes] = pipe_of(own);
    try {
      gauntlet::run(own, [](ring& on, file& from, int& ended) -> task<> {
        co_await with_scope([&](scope& all) -> task<> {
          for (int i = 0; i < many; ++i)
            all.spawn([&, i]() -> task<> {
              try {
                if (i % 2 == 0)
                  static_cast<void>(co_await from.read_exactly(owned_buffer(16)));
                else
                  static_cast<void>(co_await from.read_some(owned_buffer(16)));
              } catch (const gauntlet::error& failure) {
                CHECK(failure.code() == std::errc::operation_canceled);
                ++ended;
              }
            });
          co_await on.nop();
          const ring goes = std::move(on);
        });
      }(own, reads, told));
      FAIL("the run came to an end");
    } catch (const misuse&) {  // the ring was destroyed by one of its own tasks
    }
  }
  CHECK(told == many);
}

TEST_CASE("a file may outlive its ring") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "x");
  std::unique_ptr<file> left;
  int number = -1;
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      left = std::make_unique<file>(co_await open(own, folder / "a", read_only));
      number = left->native();
    });
    std::array<std::byte, 1> into{};
    CHECK(misuse_of([&] { return left->read_some(into); }).contains("the ring is closed"));
  }
  CHECK(::fcntl(number, F_GETFD) != -1);
  left.reset();
  CHECK(::fcntl(number, F_GETFD) == -1);
}

}  // namespace gauntlet::uring::test
