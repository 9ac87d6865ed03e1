// Channels, locks, permits and events between tasks whose work is a ring's; and between two rings.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "../core/support/cancel_everywhere.hpp"
#include "asserting_thread.hpp"
#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

/// A part of what is copied.
struct piece {
  std::size_t size = 0;
  owned_buffer bytes{};
};

task<> reads_pieces(file& from, channel<piece>& to) {
  while (true) {
    auto [size, bytes] = co_await from.read_some(owned_buffer(100));
    if (size == 0) break;
    piece next{.size = size, .bytes = std::move(bytes)};
    co_await to.send_from(next);
  }
  to.close();
}

task<> writes_pieces(channel<piece>& from, file& to) {
  while (std::optional<piece> next = co_await from.receive())
    co_await to.write_all(next->bytes.bytes().first(next->size));
}

TEST_CASE("what one task reads another one writes, by way of a channel, in order") {
  require_io_uring();
  const temporary_folder folder;
  std::string text(5050, '.');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('!' + i % 89);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file written = co_await open(own, folder / "a", write_only | open_flags::create);
    co_await written.write_all(bytes_of(text));
    for (const std::size_t capacity : {0U, 1U, 3U}) {
      file in = co_await open(own, folder / "a", read_only);
      file out = co_await open(own, folder / "b", read_write | open_flags::create | open_flags::truncate);
      channel<piece> pieces(capacity, "pieces");
      co_await when_all(reads_pieces(in, pieces), writes_pieces(pieces, out));
      std::vector<std::byte> copied(text.size() + 1);
      const std::size_t size = co_await out.read_exactly(copied, 0);
      CHECK(text_of(std::span(copied).first(size)) == text);
    }
  });
}

TEST_CASE(
    "cancelled at every suspension, what was read is sent, received or still there, and nothing twice") {
  require_io_uring();
  ring own;
  int sent = 0;
  int received = 0;
  int left = 0;
  const auto program = [&]() -> task<> {
    sent = received = left = 0;
    channel<int> values(1);
    mutex lock;
    auto [in, out] = pipe_of(own);
    const auto reads = [&]() -> task<> {
      std::array<std::byte, 1> memory{};
      for (int i = 0; i < 3; ++i) {
        co_await out.write_some(bytes_of("x"));
        co_await with_timeout(1h, in.read_some(memory));
        co_await values.send(i);
        ++sent;
        const auto guard = co_await lock.lock();
        co_await own.nop();
      }
      values.close();
    };
    const auto receives = [&]() -> task<> {
      while (const std::optional<int> value = co_await values.receive()) {
        CHECK(*value == received++);
        const auto guard = co_await lock.lock();
        auto race = when_any(own.nop(), timeout(own, 1h));
        static_cast<void>(co_await std::move(race));
      }
    };
    std::exception_ptr ended;
    try {
      co_await when_all(reads(), receives());
    } catch (...) {
      ended = std::current_exception();
    }
    while (values.try_receive()) ++left;
    CHECK_FALSE(lock.is_locked());
    if (ended) std::rethrow_exception(ended);
  };
  const auto check = [&](bool cancelled) {
    CHECK(sent == received + left);
    if (!cancelled) CHECK(received == 3);
    CHECK(own.pending().empty());
  };
  CHECK(gauntlet::test::cancel_everywhere(own.context(), program, check) > 10);
  CHECK(gauntlet::test::cancel_everywhere(own.context(), program, check,
                                          [&](callback<void()> later) { own.post(std::move(later)); }) > 10);
  CHECK(own.metrics().stale == 0);
  CHECK(own.close().empty());
}

TEST_CASE("what two tasks write under a lock stands together, whatever they wait for in between") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    mutex line("line");
    const auto writes = [&](std::string_view name) -> task<> {
      for (int i = 0; i < 10; ++i) {
        const auto guard = co_await line.lock();
        co_await out.write_some(bytes_of(name));
        co_await own.nop();
        co_await out.write_some(bytes_of(name));
      }
    };
    co_await when_all(writes("a"), writes("b"));
    std::array<std::byte, 100> memory{};
    const std::size_t size = co_await in.read_some(memory);
    const std::string all = text_of(std::span(memory).first(size));
    CHECK(all.size() == 40);
    for (std::size_t i = 0; i + 1 < all.size(); i += 2) CHECK(all[i] == all[i + 1]);
  });
}

TEST_CASE(
    "who waits too long for a lock that is held over a read is told where it is held, and holds nothing") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    mutex line("line");
    std::string said;
    const auto holds = [&]() -> task<> {
      const auto guard = co_await line.lock();
      std::array<std::byte, 1> memory{};
      co_await in.read_some(memory);
    };
    const auto gives_up = [&]() -> task<> {
      try {
        static_cast<void>(co_await with_timeout(1ms, line.lock()));
      } catch (const gauntlet::error& late) {
        said = late.what();
      }
      CHECK(line.is_locked());
      co_await out.write_some(bytes_of("x"));
    };
    co_await when_all(holds(), gives_up());
    CHECK(said.contains("mutex::lock line, locked at "));
    CHECK(said.contains("tasks_share_on_a_ring.cpp:"));
    CHECK_FALSE(line.is_locked());
  });
}

/// How many of a kind are in flight.
std::size_t in_flight(const ring& own, std::string_view kind) {
  return static_cast<std::size_t>(std::ranges::count(own.pending(), kind, &pending_operation::kind));
}

TEST_CASE(
    "no more reads are in flight than there are permits, and one that is cancelled gives its own back") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    semaphore permits(3, "reads");
    std::size_t done = 0;
    const auto reads = [&]() -> task<> {
      const auto permit = co_await permits.acquire();
      std::array<std::byte, 1> memory{};
      done += co_await in.read_some(memory);
    };
    co_await with_scope([&](scope& all) -> task<> {
      for (int i = 0; i < 10; ++i) all.spawn(reads());
      for (std::size_t written = 0; written < 10; ++written) {
        CHECK(in_flight(own, "file::read_some") == std::min<std::size_t>(3, 10 - written));
        CHECK(in_flight(own, "semaphore::acquire") == 10 - written - in_flight(own, "file::read_some"));
        co_await out.write_some(bytes_of("x"));
        while (done <= written) co_await own.nop();
      }
    });
    CHECK(permits.available() == 3);
    const std::error_code late = co_await code_of(with_timeout(1ms, reads()));
    CHECK(late == std::errc::timed_out);
    CHECK(permits.available() == 3);
  });
}

TEST_CASE("an event that is set when a read has ended wakes all that wait, and late ones go on at once") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [in, out] = pipe_of(own);
    event come("come");
    int woken = 0;
    co_await with_scope([&](scope& all) -> task<> {
      for (int i = 0; i < 20; ++i)
        all.spawn([&]() -> task<> {
          co_await come.wait();
          ++woken;
          co_await own.nop();
        });
      all.spawn([&]() -> task<> {
        std::array<std::byte, 1> memory{};
        co_await in.read_some(memory);
        come.set();
      });
      co_await own.nop();
      CHECK(woken == 0);
      co_await out.write_some(bytes_of("x"));
    });
    CHECK(woken == 20);
    co_await come.wait();
  });
}

TEST_CASE("a channel is one thread's: a task on another thread's ring is refused, and says to post") {
  require_io_uring();
  channel<int> values(1);
  ring own;
  gauntlet::run(own, [&]() -> task<> { co_await values.send(1); }());
  std::string sends;
  std::string receives;
  gauntlet::test::on_another_thread([&] {
    ring other;
    run_to_the_end(other, [&]() -> task<> {
      sends = co_await misuse_in([&]() -> task<> { co_await values.send(2); });
      receives = co_await misuse_in([&]() -> task<> { static_cast<void>(co_await values.receive()); });
    });
  });
  CHECK(sends.contains("post to that one's loop"));
  CHECK(receives.contains("post to that one's loop"));
  CHECK(values.size() == 1);
  run_to_the_end(own, [&]() -> task<> {
    const std::optional<int> value = co_await values.receive();
    CHECK(value == 1);
  });
}

TEST_CASE("two rings on one thread share a channel: what the one's task sends the other's receives") {
  require_io_uring();
  ring own;
  ring other;
  channel<int> values(0, "values");
  int received = 0;
  run_to_the_end(own, [&]() -> task<> {
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        while (const std::optional<int> value = co_await values.receive()) {
          received += *value;
          co_await own.nop();
        }
      });
      run_to_the_end(other, [&]() -> task<> {
        co_await values.send(20);
        co_await other.nop();
      });
      CHECK(received == 20);  // as the other ring's loop has resumed it
      co_await values.send(22);
      values.close();
    });
  });
  CHECK(received == 42);
}

TEST_CASE("what a ring reads on another thread is posted, and goes through a channel to a task of this one") {
  require_io_uring();
  constexpr int count = 300;
  ring own;
  std::array<int, 2> pipe{};
  REQUIRE(pipe2(pipe.data(), O_CLOEXEC) == 0);
  channel<int> values(count, "values");
  std::vector<int> received;
  std::atomic<bool> refused = false;
  std::thread other;
  run_to_the_end(own, [&]() -> task<> {
    ring::work_guard open = own.keep_alive();
    other = std::thread([&, here = std::move(open)]() mutable {
      ring reads;
      gauntlet::run(reads, [&]() -> task<> {
        file in(reads, pipe[0]);
        file out(reads, pipe[1]);
        std::array<std::byte, 1> memory{};
        for (int i = 0; i < count; ++i) {
          const std::array<std::byte, 1> sent{static_cast<std::byte>(i % 256)};
          co_await out.write_some(sent);
          co_await in.read_some(memory);
          const int value = std::to_integer<int>(memory[0]);
          if (!own.post([&values, value] {
                int given = value;
                values.try_send(given);
              }))
            refused = true;
        }
      }());
      own.post([&values] { values.close(); });
      here.reset();
    });
    while (const std::optional<int> value = co_await values.receive()) {
      received.push_back(*value);
      co_await own.nop();
    }
  });
  other.join();
  CHECK_FALSE(refused);
  REQUIRE(received.size() == count);
  for (int i = 0; i < count; ++i) CHECK(received[static_cast<std::size_t>(i)] == i % 256);
}

}  // namespace
}  // namespace gauntlet::uring::test
