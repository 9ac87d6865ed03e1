// when_any, when_all, time limits and scopes, with what a ring really does below them.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

/// All of it; where it is still lent, a tool says so.
void overwrite(std::span<std::byte> memory) { std::ranges::fill(memory, std::byte{'.'}); }

TEST_CASE("of a read and a timer the first counts, and the loser's buffer is the caller's again") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 4> memory{};
    auto late = when_any(ends.in.read_some(memory), timeout(own, 1ms));
    const auto first = co_await std::move(late);
    CHECK(first.index() == 1);
    CHECK(own.pending().empty());
    overwrite(memory);
    co_await ends.out.write_some(bytes_of("text"));
    CHECK(text_of(memory) == "....");
    auto in_time = when_any(ends.in.read_some(memory), timeout(own, 1h));
    const auto second = co_await std::move(in_time);
    REQUIRE(second.index() == 0);
    CHECK(std::get<0>(second) == 4);
    CHECK(text_of(memory) == "text");
    CHECK(own.pending().empty());
  });
}

TEST_CASE("of many reads the first counts, and the others take nothing from their pipes") {
  require_io_uring();
  constexpr std::size_t count = 40;
  constexpr std::size_t chosen = 17;
  ring own{{.entries = 4}};
  run_to_the_end(own, [&]() -> task<> {
    std::vector<pipe_of> pipes;
    std::vector<std::array<std::byte, 4>> memory(count);
    for (std::size_t i = 0; i < count; ++i) pipes.emplace_back(own);
    const auto race = [&]() -> task<> {
      std::vector<detail::ring_operation<std::size_t>> reads;
      for (std::size_t i = 0; i < count; ++i) reads.push_back(pipes[i].in.read_some(memory[i]));
      const std::pair<std::size_t, std::size_t> first = co_await when_any(std::move(reads));
      CHECK(first.first == chosen);
      CHECK(first.second == 4);
    };
    const auto writes = [&]() -> task<> { co_await pipes[chosen].out.write_some(bytes_of("text")); };
    co_await when_all(race(), writes());
    CHECK(own.pending().empty());
    for (std::size_t i = 0; i < count; ++i) {
      overwrite(memory[i]);
      co_await pipes[i].out.write_some(bytes_of("rest"));
      const std::size_t size = co_await pipes[i].in.read_some(memory[i]);
      CHECK(text_of(std::span(memory[i]).first(size)) == "rest");
    }
  });
}

TEST_CASE("of two reads that both come to their end, the loser's is forgotten, and lent no more") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of one(own);
    pipe_of other(own);
    co_await one.out.write_some(bytes_of("one!"));
    co_await other.out.write_some(bytes_of("two!"));
    std::array<std::byte, 4> first_memory{};
    std::array<std::byte, 4> second_memory{};
    auto race = when_any(one.in.read_some(first_memory), other.in.read_some(second_memory));
    const auto first = co_await std::move(race);
    CHECK(first.index() == 0);
    CHECK(text_of(first_memory) == "one!");
    CHECK(text_of(second_memory) == "two!");  // and so it can be found
    overwrite(first_memory);
    overwrite(second_memory);
    CHECK(own.pending().empty());
  });
}

TEST_CASE("all of several kinds at the same time give their results in the order of the call") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 8> memory{};
    auto all = when_all(ends.in.read_some(memory), timeout(own, 1ms),
                        open(own, folder / "a", write_only | open_flags::create), own.nop(),
                        ends.out.write_some(bytes_of("hello")));
    auto [size, end, made, nothing, written] = co_await std::move(all);
    static_cast<void>(nothing);
    CHECK(text_of(std::span(memory).first(size)) == "hello");
    CHECK(end == timeout_end::expired);
    CHECK(made.is_open());
    CHECK(written == 5);
  });
}

TEST_CASE("one of all that fails has the others cancelled before its error comes out") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 4> memory{};
    auto all = when_all(ends.in.read_some(memory), timeout(own, 1h), open(own, folder / "none", read_only));
    const std::error_code failed = co_await code_of(std::move(all));
    CHECK(failed == std::errc::no_such_file_or_directory);
    CHECK(own.pending().empty());
    overwrite(memory);
    co_await ends.out.write_some(bytes_of("text"));
    CHECK(text_of(memory) == "....");
  });
  CHECK(own.context().take_suppressed_errors().empty());
}

TEST_CASE("a time limit says for what it waited, of limits in each other the one that is over") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 4> memory{};
    std::string said;
    const auto limited = [&]() -> task<> {
      co_await with_timeout(1h, with_timeout(1ms, with_timeout(2h, ends.in.read_some(memory))));
    };
    try {
      co_await limited();
    } catch (const gauntlet::error& late) {
      CHECK(late.code() == std::errc::timed_out);
      said = late.what();
    }
    CHECK(said.contains("file::read_some descriptor " + std::to_string(ends.in.native())));
    CHECK(said.contains("it was given 1 ms"));
    CHECK(own.pending().empty());
    overwrite(memory);
    const auto until_now = execution_context::clock::now();
    const std::error_code over = co_await code_of(with_deadline(until_now, ends.in.read_some(memory)));
    CHECK(over == std::errc::timed_out);
    overwrite(memory);
  });
}

TEST_CASE("who is cancelled from outside is not told that it took too long") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 4> memory{};
    std::error_code ended;
    const auto reads = [&]() -> task<> {
      ended = co_await code_of(with_timeout(1h, ends.in.read_some(memory)));
    };
    auto race = when_any(reads(), timeout(own, 1ms));
    const auto first = co_await std::move(race);
    CHECK(first.index() == 1);
    CHECK(ended == std::errc::operation_canceled);
    overwrite(memory);
  });
}

/// The misuse of awaiting it a second time, whatever became of it the first time.
template <class Awaitable>
task<std::string> second_time(Awaitable awaited) {
  try {
    static_cast<void>(co_await awaited);
  } catch (const gauntlet::error&) {  // NOLINT(bugprone-empty-catch): it may have taken too long
  }
  try {
    static_cast<void>(co_await awaited);
  } catch (const misuse& refused) {
    co_return refused.what();
  }
  co_return std::string();
}

task<std::size_t> reads_from(file& from, std::span<std::byte> into) {
  co_return co_await from.read_some(into);
}

task<std::size_t> reads_in_time(file& from, std::span<std::byte> into, std::chrono::milliseconds limit) {
  co_return co_await with_timeout(limit, from.read_some(into));
}

TEST_CASE("what has a time limit is awaited once, a task as well as an operation") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 4> memory{};
    for (const auto limit : {std::chrono::milliseconds(1), std::chrono::milliseconds(1h)}) {
      const bool in_time = limit == 1h;
      const std::string text = in_time ? "text" : "";
      static_cast<void>(co_await ends.out.write_some(bytes_of(text)));
      const std::string of_read = co_await second_time(with_timeout(limit, ends.in.read_some(memory)));
      CHECK(of_read.contains("it is awaited for the second time"));
      static_cast<void>(co_await ends.out.write_some(bytes_of(text)));
      const std::string of_task = co_await second_time(with_timeout(limit, reads_from(ends.in, memory)));
      CHECK(of_task.contains("it is awaited for the second time"));
      static_cast<void>(co_await ends.out.write_some(bytes_of(text)));
      const std::string of_value = co_await second_time(as_expected(reads_in_time(ends.in, memory, limit)));
      CHECK(of_value.contains("awaited before"));
      overwrite(memory);
    }
    CHECK(own.pending().empty());
  });
}

TEST_CASE("what one task awaits with a time limit another one cannot, and the first goes on") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 4> memory{};
    auto limited = with_timeout(1h, reads_from(ends.in, memory));
    std::string refused;
    const auto first = [&]() -> task<> {
      const std::size_t size = co_await limited;
      CHECK(size == 4);
    };
    const auto second = [&]() -> task<> {
      refused = co_await misuse_in([&]() -> task<> { static_cast<void>(co_await limited); });
      co_await ends.out.write_some(bytes_of("text"));
    };
    co_await when_all(first(), second());
    CHECK(refused.contains("it is awaited for the second time"));
    CHECK(text_of(memory) == "text");
  });
}

TEST_CASE("a child's error has its siblings' reads cancelled, whose buffers go with their frames") {
  require_io_uring();
  const temporary_folder folder;
  constexpr int readers = 50;
  ring own{{.entries = 8}};
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    int cancelled = 0;
    const auto body = [&](scope& all) -> task<> {
      for (int i = 0; i < readers; ++i)
        all.spawn([&]() -> task<> {
          std::array<std::byte, 4> here{};
          try {
            co_await ends.in.read_some(here);
          } catch (const gauntlet::error& ended) {
            if (ended.code() == std::errc::operation_canceled) ++cancelled;
            overwrite(here);
            throw;
          }
        });
      all.spawn([&]() -> task<> { static_cast<void>(co_await open(own, folder / "none", read_only)); });
      co_await timeout(own, 1h);
    };
    const std::error_code failed = co_await code_of(with_scope(body));
    CHECK(failed == std::errc::no_such_file_or_directory);
    CHECK(cancelled == readers);
    CHECK(own.pending().empty());
  });
  CHECK(own.context().take_suppressed_errors().empty());
}

TEST_CASE("a scope joins what its tasks read in the order of the spawns, and stops when it is asked to") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::vector<pipe_of> pipes;
    for (int i = 0; i < 3; ++i) pipes.emplace_back(own);
    const auto reads = [&](std::size_t which) -> task<std::string> {
      std::array<std::byte, 4> memory{};
      const std::size_t size = co_await pipes[which].in.read_some(memory);
      co_return text_of(std::span(memory).first(size));
    };
    const auto body = [&](scope_of<std::string>& all) -> task<std::vector<std::string>> {
      for (std::size_t i = 0; i < 3; ++i) all.spawn(reads(i));
      for (std::size_t i = 3; i > 0; --i) {
        const std::string text(1, static_cast<char>('a' + i - 1));
        co_await pipes[i - 1].out.write_some(bytes_of(text));
      }
      co_return co_await all.join();
    };
    const std::vector<std::string> joined = co_await with_scope_of<std::string>(body);
    CHECK(joined == std::vector<std::string>{"a", "b", "c"});
    const auto stops = [&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { static_cast<void>(co_await reads(0)); });
      co_await own.nop();
      all.request_stop();
      co_await reads(1);  // which is not begun
    };
    co_await with_scope(stops);
    CHECK(own.pending().empty());
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
