#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <thread>
#include <vector>

#include "file_support.hpp"

namespace gauntlet::uring::test {
namespace {

void fill(const fixed_buffer& buffer, std::string_view text) {
  std::ranges::copy(bytes_of(text), buffer.bytes().begin());
}

}  // namespace

TEST_CASE("registered buffers are written and read, whole and in part") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const registered_buffers buffers(own, 3, 4096);
    CHECK(buffers.size() == 3);
    file both = co_await open(own, folder / "a", read_write | open_flags::create);
    fill(buffers.at(0), "hello, world");
    const std::size_t written = co_await both.write_some(buffers.at(0).first(12), 0);
    CHECK(written == 12);
    const std::size_t part = co_await both.write_some(buffers.at(0).subspan(7, 5), 12);
    CHECK(part == 5);
    const std::size_t read = co_await both.read_some(buffers.at(2), 1);
    CHECK(read == 16);
    CHECK(text_of(buffers.at(2).bytes().first(16)) == "ello, worldworld");
    const std::size_t at_end = co_await both.read_some(buffers.at(1), 17);
    CHECK(at_end == 0);
    CHECK(misuse_of([&] { return buffers.at(3); }).contains("there is no buffer 3"));
    CHECK(misuse_of([&] { return buffers.at(0).subspan(4000, 97); }).contains("it has 4096 bytes"));
    CHECK(misuse_of([&] { return buffers.at(0).subspan(4097, 0); }).contains("it has 4096 bytes"));
    CHECK(buffers.at(0).subspan(4096, 0).size() == 0);
  });
  CHECK(get_file(folder / "a") == "hello, worldworld");
}

namespace {

/// Skips the test where buffers cannot be cloned.
template <class Clone>
registered_buffers cloned(Clone clone) {
  try {
    return clone();
  } catch (const error& failure) {
    const std::string said = failure.what();
    if (said.find("too old") == std::string::npos && said.find("6.12") == std::string::npos) throw;
    SKIP(said);
    throw;  // never: a skip does not come back
  }
}

}  // namespace

TEST_CASE("registered buffers are cloned for another ring, and stay when the first has gone") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  std::optional<ring> first(std::in_place);
  std::optional<registered_buffers> buffers(std::in_place, *first, 3, 4096);
  fill(buffers->at(2), "hello");
  registered_buffers clone = cloned([&] { return buffers->clone_for(own); });
  CHECK(clone.size() == 3);
  CHECK(clone.at(2).bytes().data() == buffers->at(2).bytes().data());
  CHECK(misuse_of([&] { return buffers->clone_for(*first); }).contains("registered with this ring"));
  CHECK_THROWS_AS(buffers->clone_for(own), error);  // it has a table already
  // What is put there later is in one of the two.
  buffers->update(2, owned_buffer(std::string(4096, 'x')));
  buffers.reset();
  first.reset();
  run_to_the_end(own, [&]() -> task<> {
    file both = co_await open(own, folder / "a", read_write | open_flags::create);
    const std::size_t written = co_await both.write_some(clone.at(2).first(5), 0);
    CHECK(written == 5);
    const std::size_t read = co_await both.read_some(clone.at(0), 1);
    CHECK(text_of(clone.at(0).bytes().first(read)) == "ello");
  });
  CHECK(get_file(folder / "a") == "hello");
}

TEST_CASE("a part of the registered buffers is cloned") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  ring first;
  const registered_buffers buffers(first, 4, 4096);
  fill(buffers.at(2), "two");
  const registered_buffers clone = cloned([&] { return buffers.clone_for(own, 1, 2); });
  CHECK(clone.size() == 2);
  CHECK(misuse_of([&] { return buffers.clone_for(own, 3, 2); }).contains("there are 4 places"));
  CHECK(misuse_of([&] { return buffers.clone_for(own, 5, 1); }).contains("there are 4 places"));
  CHECK(misuse_of([&] { return buffers.clone_for(own, 0, 0); }).contains("take one at least of those"));
  run_to_the_end(own, [&]() -> task<> {
    file out = co_await open(own, folder / "a", write_only | open_flags::create);
    co_await out.write_some(clone.at(1).first(3), 0);
    CHECK(misuse_of([&] {
            return out.write_some(buffers.at(1).first(3), 0);
          }).contains("registered with another ring"));  // of the other ring
  });
  CHECK(get_file(folder / "a") == "two");
}

TEST_CASE("registered buffers and files in a table go together, past the page cache") {
  require_io_uring();
  const temporary_folder folder;
  const std::string text = pattern(8192);
  put_file(folder / "a", text);
  ring own;
  bool there = true;
  run_to_the_end(own, [&]() -> task<> {
    try {
      file_table table(own, 1);
      fixed_file from = co_await table.open(own, folder / "a", read_only | open_flags::direct);
      const registered_buffers buffers(own, 1, 8192);
      CHECK(reinterpret_cast<std::uintptr_t>(buffers.at(0).bytes().data()) % 4096 == 0);
      const std::size_t size = co_await from.read_some(buffers.at(0), 0);
      CHECK(size == 8192);
      CHECK(text_of(buffers.at(0).bytes()) == text);
    } catch (const error& failure) {
      if (failure.res() != -EINVAL || failure.operation() != "file_table::open") throw;
      there = false;
    }
  });
  if (!there) SKIP("this file system has no O_DIRECT");
}

TEST_CASE("buffers stay registered as long as one of them is held") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::vector<owned_buffer> given;
    given.push_back(std::string("12345678"));
    given.push_back(owned_buffer(100));
    std::optional<registered_buffers> buffers(std::in_place, own, std::move(given));
    std::optional<fixed_buffer> held(buffers->at(0));
    CHECK(text_of(held->bytes()) == "12345678");
    buffers.reset();
    file from = co_await open(own, folder / "a", read_only);
    const std::size_t size = co_await from.read_some(*held, 0);
    CHECK(size == 5);
    CHECK(text_of(held->bytes()) == "hello678");
    try {
      const registered_buffers second(own, 1, 64);
      FAIL("there are two tables");
    } catch (const error& failure) {
      CHECK(failure.code() == std::errc::device_or_resource_busy);
      CHECK(std::string(failure.what()).find("let go of those") != std::string::npos);
    }
    held.reset();
    const registered_buffers second(own, 1, 64);
    CHECK(second.size() == 1);
  });
}

TEST_CASE("a buffer that is replaced is no longer read into") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    registered_buffers buffers = registered_buffers::sparse(own, 2);
    CHECK(misuse_of([&] { return buffers.at(1); }).contains("there is no buffer 1"));
    buffers.update(1, std::string("first"));
    const fixed_buffer first = buffers.at(1);
    file from = co_await open(own, folder / "a", read_only);
    buffers.update(1, std::string("other"));
    CHECK(misuse_of([&] { return from.read_some(first, 0); }).contains("replaced by update()"));
    CHECK(text_of(first.bytes()) == "first");
    const std::size_t size = co_await from.read_some(buffers.at(1), 0);
    CHECK(size == 5);
    CHECK(text_of(buffers.at(1).bytes()) == "hello");
    CHECK(misuse_of([&] { return buffers.update(2, std::string("x")); }).contains("there are 2 places"));
    CHECK(misuse_of([&] {
            return buffers.update(0, owned_buffer());
          }).contains("an empty buffer cannot be registered"));
    CHECK_THROWS_AS(buffers.update(0, owned_buffer::of_static(bytes_of("x"))), misuse);
  });
}

TEST_CASE("a registered buffer is of one ring, and is not moved from") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "x");
  ring own;
  ring other;
  run_to_the_end(own, [&]() -> task<> {
    const registered_buffers of_other(other, 1, 64);
    file from = co_await open(own, folder / "a", read_only);
    CHECK(misuse_of([&] {
            return from.read_some(of_other.at(0), 0);
          }).contains("registered with another ring"));
    registered_buffers buffers(own, 1, 64);
    fixed_buffer one = buffers.at(0);
    const fixed_buffer moved = std::move(one);
    CHECK(misuse_of([&] { return from.read_some(one, 0); }).contains("the buffer was moved from"));
    const registered_buffers elsewhere = std::move(buffers);
    CHECK(misuse_of([&] { return buffers.at(0); }).contains("it was moved from"));
    CHECK(misuse_of([&] {
            return registered_buffers(own, std::vector<owned_buffer>());
          }).contains("register one at least"));
  });
}

TEST_CASE("a read into a registered buffer keeps it until it is cancelled") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    std::optional<registered_buffers> buffers(std::in_place, own, 1, 4096);
    co_await with_scope([&](scope& all) -> task<> {
      all.spawn([&]() -> task<> {
        const long answered = co_await result_of(reads.read_some(buffers->at(0)));
        CHECK(answered == -ECANCELED);
      });
      co_await own.nop();
      buffers.reset();
      CHECK_THROWS_AS(registered_buffers(own, 1, 64), error);
      co_await reads.close();
    });
    const registered_buffers second(own, 1, 64);
    CHECK(second.size() == 1);
  });
}

TEST_CASE("registered buffers may go after the ring, or on another thread") {
  require_io_uring();
  std::optional<registered_buffers> buffers;
  std::optional<fixed_buffer> one;
  {
    ring own;
    buffers.emplace(own, 2, 4096);
    one = buffers->at(1);
    CHECK(own.close().empty());
  }
  fill(*one, "still there");
  CHECK(misuse_of([&] { return buffers->at(0); }).contains("the ring is closed"));
  buffers.reset();
  one.reset();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    buffers.emplace(own, 2, 4096);
    one = buffers->at(1);
    std::thread([&] {
      buffers.reset();
      one.reset();
    }).join();
    co_await sleep_for(std::chrono::milliseconds(1));  // a turn, in which what was posted runs
    const registered_buffers second(own, 1, 64);
    CHECK(second.size() == 1);
  });
}

TEST_CASE("too little memory that may be locked is said to be that") {
  require_io_uring();
  int told[2] = {-1, -1};
  REQUIRE(::pipe(told) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // Whoever may lock all is asked no limit.
    const rlimit little{.rlim_cur = 262144, .rlim_max = 262144};  // the queues of a ring may count, too
    std::string text = "no error";
    if (::setrlimit(RLIMIT_MEMLOCK, &little) != 0 || (::geteuid() == 0 && ::setuid(65534) != 0)) ::_exit(3);
    try {
      ring own{{.entries = 8}};
      const registered_buffers much(own, 16, 65536);
    } catch (const std::exception& failure) {
      text = failure.what();
    }
    const ssize_t written = ::write(told[1], text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 4);
  }
  ::close(told[1]);
  REQUIRE(child > 0);
  std::array<char, 1000> room{};
  const ssize_t size = ::read(told[0], room.data(), room.size());
  ::close(told[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  const std::string text(room.data(), static_cast<std::size_t>(size));
  INFO(text);
  CHECK(text.find("registered memory counts as locked memory, of which 256 KiB are allowed") !=
        std::string::npos);
  CHECK(text.find("ulimit -l") != std::string::npos);
}

}  // namespace gauntlet::uring::test
