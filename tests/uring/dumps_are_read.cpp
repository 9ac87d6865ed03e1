// What ring::dump() prints, as who reads it sees it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <regex>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

std::string dump_of(const ring& own) {
  std::ostringstream said;
  own.dump(said);
  return said.str();
}

/// With # for each number, and without the folders of files.
std::string without_numbers(const std::string& text) {
  return std::regex_replace(std::regex_replace(text, std::regex("[^ ]*/"), ""), std::regex("[0-9]+"), "#");
}

TEST_CASE("a dump tells what tasks wait for, oldest first and by whom, and then what nobody awaits") {
  require_io_uring();
  ring own;
  std::string said;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    pipe_of other(own);
    std::array<std::byte, 8> memory{};
    batch awaited(own, 2, 4);
    batch unawaited(own, 2, 4);
    multishot<poll_events> events = poll_multishot(ends.in, poll_events::readable);
    const std::error_code nothing = co_await code_of(with_timeout(1ms, events.next()));
    CHECK(nothing == std::errc::timed_out);
    awaited.read(0, other.in);
    awaited.read(1, other.in);
    unawaited.read(1, other.in);
    const auto body = [&](scope& all) -> task<> {
      all.spawn(named("reader", [](file& from, std::span<std::byte> into) -> task<> {
        static_cast<void>(co_await with_timeout(1h, from.read_some(into)));
      }(ends.in, memory)));
      all.spawn([&]() -> task<> { static_cast<void>(co_await awaited.next()); });
      all.spawn([&]() -> task<> { co_await own.nop().with({.drain = true}); });
      all.spawn([&]() -> task<> { static_cast<void>(co_await timeout(own, 1h)); });
      said = dump_of(own);
      all.request_stop();
      co_return;
    };
    co_await with_scope(body);
    awaited.cancel();
    while (awaited.in_flight() != 0) static_cast<void>(co_await awaited.next());
    unawaited.cancel();
    while (unawaited.in_flight() != 0) static_cast<void>(co_await unawaited.next());
  });
  const std::string task =
      "  awaited by a task, at dumps_are_read.cpp:#\n"
      "  awaited by with_scope\n"
      "  awaited by a task, at dumps_are_read.cpp:#\n";
  CHECK(without_numbers(said) ==
        "file::read_some descriptor #, for # ms, from dumps_are_read.cpp:#\n"
        "  awaited by with_timeout, at dumps_are_read.cpp:#\n"
        "  awaited by reader, at dumps_are_read.cpp:#, started at dumps_are_read.cpp:#\n"
        "  awaited by with_scope\n"
        "  awaited by a task, at dumps_are_read.cpp:#\n"
        "batch::next # in flight, for # ms, from dumps_are_read.cpp:#\n" +
            task + "ring::nop, for # ms, from dumps_are_read.cpp:#\n" + task +
            "timeout, for # ms, from dumps_are_read.cpp:#\n" + task +
            "batch::read descriptor #, for # ms, from dumps_are_read.cpp:#\n"
            "poll_multishot descriptor #, for # ms, from dumps_are_read.cpp:#\n");
  CHECK(said.contains("batch::next 2 in flight"));
}

TEST_CASE("what is not in flight any more, and not yet, is not in a dump") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    std::array<std::byte, 8> memory{};
    batch all(own, 2, 4);
    auto waits = ends.in.read_some(memory);
    CHECK(dump_of(own).empty());
    co_await ends.out.write_some(bytes_of("x"));
    co_await std::move(waits);
    all.read(0, ends.in);
    CHECK(dump_of(own).starts_with("batch::read descriptor "));
    all.cancel();
    const auto cancelled = co_await all.next();
    CHECK(cancelled.size() == 1);
    CHECK(dump_of(own).empty());
  });
  CHECK(dump_of(own).empty());
}

TEST_CASE("errors that came second are in the dump, between what tasks wait for and what nobody awaits") {
  require_io_uring();
  ring own;
  std::string said;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of ends(own);
    batch all(own, 1, 4);
    all.read(0, ends.in);
    const auto complains = [&]() -> task<> {
      std::array<std::byte, 4> memory{};
      try {
        co_await ends.in.read_some(memory);
      } catch (const gauntlet::error&) {
        throw std::runtime_error("no line came");
      }
    };
    const auto body = [&](scope& both) -> task<> {
      both.spawn(named("reader", complains()));
      co_await own.nop();
      throw std::runtime_error("first");
    };
    try {
      co_await with_scope(body);
    } catch (const std::runtime_error&) {  // NOLINT(bugprone-empty-catch): the other one is looked for
    }
    co_await with_scope([&](scope& last) -> task<> {
      last.spawn([&]() -> task<> { co_await own.nop(); });
      said = dump_of(own);
      co_return;
    });
    all.cancel();
    static_cast<void>(co_await all.next());
  });
  const std::size_t awaited = said.find("ring::nop, for ");
  const std::size_t suppressed = said.find("suppressed: reader: no line came\n");
  const std::size_t unawaited = said.find("batch::read descriptor ");
  CAPTURE(said);
  CHECK(awaited == 0);
  CHECK(suppressed < unawaited);
  CHECK(unawaited != std::string::npos);
}

TEST_CASE("a dump has a line for each of ten thousand in flight, and of an awaited batch one for all") {
  require_io_uring();
  constexpr std::ptrdiff_t many = 10'000;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    batch all(own, many);
    const auto begin_all = [&] {
      for (std::size_t place = 0; place < all.size(); ++place) all.nop(place);
    };
    begin_all();
    const std::string unawaited = dump_of(own);
    CHECK(std::ranges::count(unawaited, '\n') == many);
    std::size_t told = 0;
    co_await with_scope([&](scope& others) -> task<> {
      others.spawn([&]() -> task<> {
        while (told < all.size()) told += (co_await all.next()).size();
      });
      const std::string awaited = dump_of(own);
      CHECK(awaited.starts_with("batch::next 10000 in flight, for "));
      CHECK(std::ranges::count(awaited, '\n') == 4);  // and three for who awaits it
      co_return;
    });
    CHECK(told == all.size());
  });
}

TEST_CASE("a ring that was moved from, or is another thread's, is not dumped") {
  require_io_uring();
  ring first;
  const ring second = std::move(first);
  std::ostringstream out;
  // NOLINTNEXTLINE(bugprone-use-after-move): what is looked at
  CHECK(misuse_of([&] { return (first.dump(out), 0); }).contains("use the one it was moved to"));
  std::string refused;
  std::thread([&] { refused = misuse_of([&] { return (second.dump(out), 0); }); }).join();
  CHECK(refused.contains("but the ring belongs to thread"));
  CHECK(out.str().empty());
}

}  // namespace
}  // namespace gauntlet::uring::test
