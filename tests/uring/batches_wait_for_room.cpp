// What of a batch has found no room in the submission queue, and how it begins or ends.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../core/support/foreign.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using gauntlet::test::foreign;

constexpr std::size_t places = 5;

/// A ring that takes no more than two, until it is enabled.
ring_options with_little_room() { return {.entries = 2, .disabled = true}; }

void read_all_places(batch& all, const file& from) {
  for (std::size_t place = 0; place < places; ++place) all.read(place, from);
}

TEST_CASE("the rest of a batch that finds the queue full begins when there is room, in its order") {
  require_io_uring();
  ring own{with_little_room()};
  pipe_of ends(own);
  batch all(own, places, 1);
  constexpr std::string_view text = "abcde";
  for (std::size_t place = 0; place < places; ++place) {
    all.bytes(place)[0] = static_cast<std::byte>(text[place]);
    all.write(place, ends.out, 1);
  }
  CHECK(all.in_flight() == places);
  CHECK(own.pending().size() == places);
  own.enable();
  run_to_the_end(own, [&]() -> task<> {
    std::size_t told = 0;
    while (all.in_flight() != 0)
      for (const batch_end& each : co_await all.next()) told += each.size();
    CHECK(told == places);
    std::array<std::byte, 2 * places> memory{};
    const std::size_t size = co_await ends.in.read_some(memory);
    CHECK(text_of(std::span(memory).first(size)) == text);
  });
}

TEST_CASE(
    "a batch that goes while the rest of it waits for room reads nothing, and lets go of its descriptor") {
  require_io_uring();
  ring own{with_little_room()};
  pipe_of ends(own);
  std::optional<batch> all(std::in_place, own, places, 4);
  read_all_places(*all, ends.in);
  all.reset();
  CHECK(own.pending().size() == 2);  // those that the kernel is asked to end
  own.enable();
  run_to_the_end(own, [&]() -> task<> {
    while (!own.pending().empty()) co_await own.nop();
    co_await ends.out.write_some(bytes_of("text"));
    std::array<std::byte, 4> memory{};
    const std::size_t size = co_await ends.in.read_some(memory);
    CHECK(text_of(std::span(memory).first(size)) == "text");
    const int number = ends.in.native();
    co_await ends.in.close();
    CHECK(::fcntl(number, F_GETFD) == -1);
  });
}

/// How many it is told of first, and how many of these were cancelled.
struct first_told {
  std::size_t all = 0;
  std::size_t cancelled = 0;
};

foreign tells_first(batch& of, first_told& told) {
  for (const batch_end& each : co_await of.next()) {
    ++told.all;
    if (each.res == -ECANCELED) ++told.cancelled;
  }
}

TEST_CASE(
    "a ring that is closed while the rest of a batch waits for room cancels all of it, and tells who waits") {
  require_io_uring();
  ring own{with_little_room()};
  pipe_of ends(own);
  const int number = ends.in.native();
  first_told told;
  std::optional<batch> all(std::in_place, own, places, 4);
  read_all_places(*all, ends.in);
  SECTION("nobody waits") {
    const std::vector<pending_operation> left = own.close();
    CHECK(std::ranges::count(left, "batch::read", &pending_operation::kind) == places);
  }
  SECTION("somebody waits") {
    const foreign waits = tells_first(*all, told);
    own.close();
    CHECK(waits.done());
    CHECK(told.all > 0);
    CHECK(told.cancelled == told.all);
  }
  SECTION("the batch has gone") {
    all.reset();
    CHECK(own.close().empty());
  }
  if (all) CHECK(misuse_of([&] { return all->in_flight(); }).contains("the ring is closed"));
  all.reset();
  CHECK(own.metrics().stale == 0);
  const file gone = std::move(ends.in);
  CHECK(::fcntl(number, F_GETFD) != -1);
}

TEST_CASE("a descriptor whose batch's reads wait behind a drain is closed without them") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    pipe_of before(own);
    pipe_of ends(own);
    const int number = ends.in.native();
    batch behind(own, places, 4);
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        std::array<std::byte, 1> memory{};
        co_await before.in.read_some(memory);
      });
      all.spawn([&]() -> task<> { co_await own.nop().with({.drain = true}); });
      read_all_places(behind, ends.in);
      const std::uint64_t submitted = own.metrics().submitted;
      all.spawn([&]() -> task<> { co_await ends.in.close(); });  // which waits for the drain itself
      CHECK(own.metrics().submitted == submitted);
      const auto ended = co_await behind.next();
      CHECK(ended.size() == places);
      for (const batch_end& each : ended) CHECK(each.res == -ECANCELED);
      CHECK(::fcntl(number, F_GETFD) != -1);
      REQUIRE(::write(before.out.native(), "x", 1) == 1);
    });
    CHECK(::fcntl(number, F_GETFD) == -1);
  });
}

TEST_CASE("places that were withdrawn for want of room are used again") {
  require_io_uring();
  ring own{with_little_room()};
  pipe_of ends(own);
  batch all(own, places, 4);
  batch first(own, 2, 4);
  for (std::size_t place = 0; place < 2; ++place) first.read(place, ends.in);
  read_all_places(all, ends.in);
  all.cancel();
  CHECK(all.in_flight() == 0);
  CHECK(own.pending().size() == 2);
  own.enable();
  run_to_the_end(own, [&]() -> task<> {
    const auto withdrawn = co_await all.next();
    CHECK(withdrawn.size() == places);
    for (int round = 0; round < 3; ++round) {
      for (std::size_t place = 0; place < places; ++place) all.nop(place);
      std::size_t done = 0;
      while (all.in_flight() != 0)
        for (const batch_end& each : co_await all.next()) done += each.res == 0 ? 1U : 0U;
      CHECK(done == places);
    }
    first.cancel();
    while (first.in_flight() != 0) static_cast<void>(co_await first.next());
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
