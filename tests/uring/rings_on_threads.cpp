// Rings on several threads at once, each with a ring of its own. What ThreadSanitizer is to see, and what
// not, is half of it.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "file_support.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

std::array<int, 2> socket_numbers() {
  std::array<int, 2> made{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made.data()) == 0);
  return made;
}

/// The sum of what is handed over to a thread with a ring of its own, which waits until something has come:
/// no lock or atomic tells it that all is there.
template <class Receive, class Send>
int sum_of_what_is_handed_over(Receive receive, Send send) {
  const std::array<int, 2> numbers = socket_numbers();
  std::vector<int> handed_over;
  int sum = 0;
  std::atomic<bool> waits = false;
  std::thread other([&] {
    ring receives;
    gauntlet::run(receives, [&]() -> task<> {
      socket from{receives, numbers[1]};
      waits = true;
      waits.notify_one();
      co_await receive(receives, from);
      for (const int each : handed_over) sum += each;
    }());
  });
  waits.wait(false);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    socket to{own, numbers[0]};
    handed_over.assign({1, 2, 3});
    co_await send(own, to);
  });
  other.join();
  return sum;
}

task<> read_a_byte(ring&, socket& from) {
  std::array<std::byte, 1> got{};
  co_await from.read_some(got);
}
task<> write_a_byte(ring&, socket& to) { co_await to.write(bytes_of("x")); }

TEST_CASE("what was written before bytes were sent is there when they have come") {
  require_io_uring();
  CHECK(sum_of_what_is_handed_over(read_a_byte, write_a_byte) == 6);
}

TEST_CASE("what was written before bytes were sent is there when a stream has brought them") {
  require_io_uring();
  const auto next_of_stream = [](ring& on, socket& from) -> task<> {
    const buffer_ring buffers{on, {.count = 2, .size = 8}};
    multishot<provided_buffer> stream = from.recv_multishot(buffers);
    static_cast<void>(co_await stream.next());
  };
  CHECK(sum_of_what_is_handed_over(next_of_stream, write_a_byte) == 6);
}

TEST_CASE("what was written before a batch sent bytes is there when a batch has read them") {
  require_io_uring();
  const auto read = [](ring& on, socket& from) -> task<> {
    batch all{on, 1, 8};
    all.read(0, from);
    co_await all.next();
  };
  const auto write = [](ring& on, socket& to) -> task<> {
    batch all{on, 1, 8};
    all.bytes(0)[0] = std::byte{1};
    all.write(0, to, 1);
    co_await all.next();
  };
  CHECK(sum_of_what_is_handed_over(read, write) == 6);
}

constexpr std::size_t threads = 4;

/// What a thread has read, of what it has written.
struct work_done {
  std::string from_file{};
  std::string from_socket{};
  std::string from_batch{};
  std::size_t unexpected = 0;
};

/// Some for each thread, and none like another's.
std::string text_of_thread(std::size_t thread, std::size_t size) {
  std::string text = pattern(size);
  text.front() = static_cast<char>('a' + thread);
  return text;
}

task<> write_and_read_a_file(ring& on, const std::string& path, const std::string& text, std::string& read) {
  file both = co_await open(on, path, open_flags::read_write | open_flags::create);
  co_await both.write_all(bytes_of(text), 0);
  std::vector<std::byte> room(text.size());
  const std::size_t size = co_await both.read_exactly(room, 0);
  read = text_of(std::span(room).first(size));
}

task<> send_and_receive(ring& on, const std::string& text, std::string& read) {
  ends pair = co_await tcp_pair(on);
  co_await with_scope([&](scope& all) -> task<> {
    all.spawn([&]() -> task<> {
      co_await pair.left.write(bytes_of(text));
      co_await pair.left.shutdown();
    });
    read = co_await read_all(pair.right);
  });
}

task<> write_and_read_in_a_batch(ring& on, const std::string& path, const std::string& text,
                                 std::string& read) {
  file both = co_await open(on, path, open_flags::read_write | open_flags::create);
  batch all{on, 1, text.size()};
  std::ranges::copy(bytes_of(text), all.bytes(0).begin());
  all.write(0, both, text.size(), 0);
  co_await all.next();
  all.read(0, both, 0);
  const std::span<const batch_end> ends_of_read = co_await all.next();
  read = text_of(all.bytes(0).first(ends_of_read.front().size()));
}

TEST_CASE("threads work at once, each with rings of its own, and none sees what is another's") {
  require_io_uring();
  constexpr int rounds = 8;
  const temporary_folder folder;
  std::array<work_done, threads> done;
  std::barrier together(threads);
  std::vector<std::thread> all;
  for (std::size_t i = 0; i < threads; ++i) {
    all.emplace_back([&, i] {
      const std::string text = text_of_thread(i, 3000);
      const std::string path = folder / std::to_string(i);
      work_done& mine = done[i];
      for (int round = 0; round < rounds; ++round) {
        together.arrive_and_wait();
        ring own;
        gauntlet::run(own, [&]() -> task<> {
          co_await when_all(write_and_read_a_file(own, path, text, mine.from_file),
                            send_and_receive(own, text, mine.from_socket),
                            write_and_read_in_a_batch(own, path + "b", text, mine.from_batch));
        }());
        if (mine.from_file != text || mine.from_socket != text || mine.from_batch != text) ++mine.unexpected;
        if (own.metrics().stale != 0 || !own.close().empty()) ++mine.unexpected;
      }
    });
  }
  for (std::thread& each : all) each.join();
  for (std::size_t i = 0; i < threads; ++i) {
    CHECK(done[i].from_file == text_of_thread(i, 3000));
    CHECK(done[i].from_socket == text_of_thread(i, 3000));
    CHECK(done[i].from_batch == text_of_thread(i, 3000));
    CHECK(done[i].unexpected == 0);
  }
}

TEST_CASE("a ring may lie where another thread's has been") {
  require_io_uring();
  constexpr int rounds = 8;
  std::atomic<int> closed = 0;
  const auto use = [](ring& on) { gauntlet::run(on, make_turns(on, 3)); };
  std::thread other([&] {
    for (int round = 1; round <= rounds; ++round) {
      while (closed.load(std::memory_order_relaxed) < round) std::this_thread::yield();
      ring next;  // nothing but the system's memory says that the other one has gone
      use(next);
    }
  });
  std::size_t left_open = 0;
  std::vector<ring> rings;
  for (int round = 1; round <= rounds; ++round) {
    ring& one = rings.emplace_back();
    use(one);
    left_open += one.close().size();
    closed.store(round, std::memory_order_relaxed);
  }
  other.join();
  CHECK(left_open == 0);
}

}  // namespace
}  // namespace gauntlet::uring::test
