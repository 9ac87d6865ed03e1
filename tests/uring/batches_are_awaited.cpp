// Many operations that one task awaits together.
#include <gauntlet/shim/uring.h>
#include <liburing.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "file_support.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

void fill(std::span<std::byte> memory, std::string_view text) {
  std::memcpy(memory.data(), text.data(), text.size());
}

}  // namespace

TEST_CASE("what a batch has in flight ends once each, and its places are used again") {
  require_io_uring();
  ring own{{.entries = 4}};  // fewer than there are places
  run_to_the_end(own, [&]() -> task<> {
    batch all(own, 50);
    CHECK(all.size() == 50);
    const auto nothing = co_await all.next();
    CHECK(nothing.empty());
    for (int round = 0; round < 3; ++round) {
      for (std::size_t place = 0; place < all.size(); ++place) all.nop(place);
      std::set<std::size_t> told;
      while (told.size() < all.size())
        for (const batch_end& each : co_await all.next()) {
          CHECK(each.size() == 0);
          CHECK(told.insert(each.place).second);
        }
      CHECK(all.in_flight() == 0);
    }
  });
}

TEST_CASE("a batch copies a file, in any order") {
  require_io_uring();
  const temporary_folder folder;
  constexpr std::size_t block = 512;
  constexpr std::size_t blocks = 40;
  const std::string text = pattern(block * blocks - 100);
  put_file(folder / "a", text);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const file in = co_await open(own, folder / "a", read_only);
    const file out = co_await open(own, folder / "b", write_only | open_flags::create);
    batch all(own, 8, block);
    std::array<std::size_t, 8> at{};
    std::array<bool, 8> was_read{};
    std::size_t next = 0;
    const auto read_next = [&](std::size_t place) {
      if (next == blocks) return;
      at[place] = next++ * block;
      was_read[place] = true;
      all.read(place, in, at[place]);
    };
    for (std::size_t place = 0; place < all.size(); ++place) read_next(place);
    while (all.in_flight() != 0)
      for (const batch_end& each : co_await all.next()) {
        const std::size_t size = each.size();
        CHECK(size == std::min(block, text.size() - at[each.place]));
        if (std::exchange(was_read[each.place], false)) {
          CHECK(text_of(all.bytes(each.place).first(size)) == text.substr(at[each.place], size));
          all.write(each.place, out, size, at[each.place]);
        } else {
          read_next(each.place);
        }
      }
  });
  CHECK(get_file(folder / "b") == text);
}

TEST_CASE("one of a batch that fails says what and why, and the others go on") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const file out = co_await open(own, folder / "a", write_only | open_flags::create);
    batch all(own, 2, 16);
    all.read(1, out, 0);
    fill(all.bytes(0), "hi");
    all.write(0, out, 2, 0);
    std::size_t told = 0;
    while (all.in_flight() != 0)
      for (const batch_end& each : co_await all.next()) {
        ++told;
        if (each.place == 0) {
          CHECK(each.size() == 2);
          continue;
        }
        try {
          static_cast<void>(each.size());
          FAIL("there is nothing to read");
        } catch (const error& failure) {
          CHECK(failure.res() == -EBADF);
          CHECK(failure.operation() == "batch::read");
          CHECK(failure.subject() == "place 1");
        }
      }
    CHECK(told == 2);
  });
}

TEST_CASE("a place in use, and its memory, are the kernel's") {
  require_io_uring();
  ring own;
  ring other;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    auto [others, peer] = socket_pair(other);
    batch all(own, 2, 16);
    CHECK(misuse_of([&] { return batch(own, 0); }).contains("one place at least"));
    CHECK(misuse_of([&] { return batch(own, SIZE_MAX, 16); }).contains("fits into memory"));
    all.read(0, left);
    CHECK(all.in_flight() == 1);
    CHECK(misuse_of([&] { return all.nop(0); }).contains("await that with next() first"));
    CHECK(misuse_of([&] { return all.read(0, left); }).contains("await that with next() first"));
    CHECK(misuse_of([&] { return all.bytes(0); }).contains("await that with next() first"));
    CHECK(misuse_of([&] { return all.nop(2); }).contains("it has 2 places"));
    CHECK(misuse_of([&] { return all.write(1, left, 17); }).contains("a place has 16 bytes"));
    CHECK(misuse_of([&] { return all.read(1, others); }).contains("take one of the batch's"));
    CHECK(own.pending().size() == 1);
    CHECK(own.pending().front().kind == std::string("batch::read"));
    CHECK(own.pending().front().object == "descriptor " + std::to_string(left.native()));
    co_await right.write(bytes_of("hello"));
    const auto ended = co_await all.next();
    REQUIRE(ended.size() == 1);
    CHECK(text_of(all.bytes(0).first(ended.front().size())) == "hello");
    batch moved = std::move(all);
    CHECK(moved.size() == 2);
    CHECK(misuse_of([&] {
            return all.nop(0);
          }).contains("use the one it was moved to"));  // NOLINT(bugprone-use-after-move): what is looked at
    bool refused = false;
    std::thread stranger([&] {
      try {
        moved.nop(0);
      } catch (const misuse&) {
        refused = true;
      }
    });
    stranger.join();
    CHECK(refused);
  });
}

TEST_CASE("a batch is awaited by one task at a time; cancelled, that has lost nothing") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    batch all(own, 1, 16);
    all.read(0, left);
    const std::error_code late = co_await code_of(with_timeout(2ms, all.next()));
    CHECK(late == std::errc::timed_out);
    CHECK(all.in_flight() == 1);
    const auto waits = [&]() -> task<> {
      const auto ended = co_await all.next();
      CHECK(ended.size() == 1);
    };
    const auto waits_too = [&]() -> task<> {
      const std::string refused = co_await misuse_in(waits);
      CHECK(refused.contains("another task waits for the next ones already"));
      co_await right.write(bytes_of("x"));
    };
    co_await when_all(waits(), waits_too());
  });
}

TEST_CASE("a batch that is cancelled tells of each") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    batch all(own, 3, 16);
    for (std::size_t place = 0; place < 3; ++place) all.read(place, left);
    all.cancel();
    std::size_t told = 0;
    while (all.in_flight() != 0)
      for (const batch_end& each : co_await all.next()) {
        ++told;
        CHECK((each.res == -ECANCELED || each.res == -EINTR));
      }
    CHECK(told == 3);
    // By its descriptor, too, and by closing that.
    all.read(0, left);
    co_await own.nop();
    CHECK(own.cancel_all_on(left) == 1);
    const auto asked = co_await all.next();
    CHECK(asked.size() == 1);
    all.read(0, left);
    all.read(1, left);
    co_await left.close();
    const auto closed = co_await all.next();
    CHECK(closed.size() == 2);
  });
}

TEST_CASE("a batch that goes while it is in flight reads nothing any more") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    {
      batch all(own, 2, 16);
      all.read(0, left);
      all.read(1, left);
      co_await own.nop();  // the kernel has them
    }
    co_await right.write(bytes_of("not theirs"));
    std::array<std::byte, 16> into{};
    const std::size_t size = co_await left.recv(into, message_flags::dont_wait);
    CHECK(text_of(std::span(into).first(size)) == "not theirs");
  });
}

TEST_CASE("what a batch begins behind a drain waits for it, and is cancelled without the kernel") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    batch first(own, 1, 16);
    first.read(0, left);
    batch behind(own, 3, 16);
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { co_await own.nop().with({.drain = true}); });
      for (std::size_t place = 0; place < 3; ++place) behind.nop(place);
      CHECK(own.pending().size() == 5);
      const std::uint64_t submitted = own.metrics().submitted;
      behind.cancel();
      CHECK(own.metrics().submitted == submitted);
      const auto cancelled = co_await behind.next();
      REQUIRE(cancelled.size() == 3);
      for (const batch_end& each : cancelled) CHECK(each.res == -ECANCELED);
      for (std::size_t place = 0; place < 2; ++place) behind.nop(place);
      all.spawn([&]() -> task<> {
        const auto ended = co_await behind.next();
        CHECK(ended.size() == 2);
        CHECK(first.in_flight() == 0);  // which the drain, and so these, waited for
        for (const batch_end& each : ended) CHECK(each.res == 0);
      });
      REQUIRE(::write(right.native(), "x", 1) == 1);  // what is begun on the ring waits, too
    });
    CHECK(behind.in_flight() == 0);
    const auto read = co_await first.next();
    CHECK(read.size() == 1);
  });
}

TEST_CASE("a place is used again when its end has been told, and for another kind of operation") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    batch all(own, 1, 16);
    all.nop(0);
    co_await own.nop();
    co_await own.nop();
    CHECK(all.in_flight() == 0);
    CHECK(misuse_of([&] { return all.nop(0); }).contains("await that with next() first"));
    CHECK(misuse_of([&] { return all.bytes(0); }).contains("await that with next() first"));
    const auto nothing = co_await all.next();
    CHECK(nothing.size() == 1);
    co_await right.write(bytes_of("x"));
    all.read(0, left);
    const auto read = co_await all.next();
    CHECK(read.size() == 1);
    all.nop(0);
    const auto nothing_again = co_await all.next();
    CHECK(nothing_again.size() == 1);
  });
}

TEST_CASE("who is told of a cancelled batch may destroy it") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    batch first(own, 1, 16);
    first.read(0, left);
    std::optional<batch> behind(std::in_place, own, 3);
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> { co_await own.nop().with({.drain = true}); });
      for (std::size_t place = 0; place < 3; ++place) behind->nop(place);
      all.spawn([&]() -> task<> {
        const auto ended = co_await behind->next();
        CHECK(ended.size() == 3);
        behind.reset();
      });
      CHECK(own.post([&] { behind->cancel(); }));
      co_await until([&] { return !behind.has_value(); });
      REQUIRE(::write(right.native(), "x", 1) == 1);
    });
    const auto read = co_await first.next();
    CHECK(read.size() == 1);
  });
}

TEST_CASE("who is told as all of a ring is cancelled may destroy its batch") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    std::array<std::byte, 1> memory{};
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const std::error_code ended = co_await code_of(left.read_some(memory));
        CHECK(ended == std::errc::operation_canceled);
      });
      all.spawn([&]() -> task<> { static_cast<void>(co_await code_of(own.nop().with({.drain = true}))); });
      bool told = false;
      all.spawn([&]() -> task<> {
        batch behind(own, 1);
        behind.nop(0);  // behind the drain
        const auto ended = co_await behind.next();
        CHECK(ended.front().res == -ECANCELED);
        told = true;
      });
      CHECK(own.post([&] { own.cancel_all(); }));
      co_await until([&] { return told; });
    });
  });
}

TEST_CASE("what cannot be lent is not begun, and its descriptor can be closed") {
  require_io_uring();
  if constexpr (!lends_are_tracked) SKIP("lends are not tracked in this build");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    batch all(own, 1, 16);
    const std::span<std::byte> memory = all.bytes(0);
    co_await with_scope([&](scope& others) -> task<> {
      others.spawn([&]() -> task<> { static_cast<void>(co_await right.read_some(memory)); });
      co_await own.nop();
      CHECK_FALSE(misuse_of([&] { return all.read(0, left); }).empty());
      co_await left.close();  // which waits for all that works on it
    });
  });
}

TEST_CASE("batches of a closed ring go on any threads") {
  require_io_uring();
  ring own;
  std::optional<batch> one(std::in_place, own, 40, 16);
  std::optional<batch> other(std::in_place, own, 40, 16);
  CHECK(own.close().empty());
  std::thread stranger([&] { one.reset(); });
  other.reset();
  stranger.join();
  CHECK(own.pending().empty());
}

TEST_CASE("a batch's place has another number each time: what is told of an old one reaches nobody") {
  require_io_uring();
  ring own;
  gauntlet::run(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    batch all(own, 1, 16);
    io_uring* const raw = own.native();
    const unsigned at = raw->sq.sqe_tail;
    all.nop(0);
    // SAFETY: the entry that has just been filled.
    gauntlet_uring_entry old{};
    old.user_data = raw->sq.sqes[at & raw->sq.ring_mask].user_data;
    const auto told = co_await all.next();
    CHECK(told.size() == 1);
    all.read(0, left);
    REQUIRE(gauntlet_uring_queue_nop(raw, old) == 0);
    co_await own.nop();
    CHECK(own.metrics().stale == 1);
    CHECK(all.in_flight() == 1);
    co_await right.write(bytes_of("x"));
    const auto read = co_await all.next();
    CHECK(read.size() == 1);
  }());
  CHECK(own.close().empty());
}

TEST_CASE("a batch of another ring than its task's is not awaited") {
  require_io_uring();
  ring own;
  ring other;
  run_to_the_end(own, [&]() -> task<> {
    batch all(other, 1);
    const std::string refused =
        co_await misuse_in([&]() -> task<> { static_cast<void>(co_await all.next()); });
    CHECK(refused.contains("another loop than the one that the task runs on"));
  });
}

TEST_CASE("a batch may go while it is in flight: its memory stays until the kernel has let go of it") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    std::optional<batch> all(std::in_place, own, 4, 64);
    for (std::size_t place = 0; place < 4; ++place) all->read(place, left);
    co_await own.nop();  // the kernel has them
    all.reset();
    co_await right.write(bytes_of("what may still come"));
    all.emplace(own, 4, 64);
    for (std::size_t place = 0; place < 4; ++place) all->read(place, left);
    all.reset();  // the kernel has not seen them
    co_await until([&] { return own.pending().empty(); });
  });
}

TEST_CASE("a ring goes before its batch, and a batch on another thread") {
  require_io_uring();
  std::optional<ring> own(std::in_place);
  auto ends = socket_pair(*own);
  std::optional<batch> all(std::in_place, *own, 2, 16);
  gauntlet::run(*own, [&]() -> task<> {
    all->read(0, ends.left);
    co_await own->nop();
  }());
  SECTION("ring first") {
    own.reset();
    CHECK(misuse_of([&] { return all->nop(1); }).contains("the ring is closed"));
    all.reset();
  }
  SECTION("on another thread") {
    const unsigned before = gauntlet_uring_sq_ready(own->native());
    std::thread other([&] { all.reset(); });
    other.join();
    CHECK(gauntlet_uring_sq_ready(own->native()) == before);  // its own thread is to ask for the end of it
    gauntlet::run(*own, [&]() -> task<> { co_await until([&] { return own->pending().empty(); }); }());
    CHECK(own->close().empty());
  }
}

}  // namespace gauntlet::uring::test
