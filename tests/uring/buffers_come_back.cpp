// A buffer that was moved into an operation is not lost when that fails.
#include <cerrno>
#include <chrono>
#include <vector>

#include "file_support.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

/// The error that awaiting it throws; it stays the caller's.
template <class Operation>
task<std::error_code> awaited(Operation& operation) {
  try {
    static_cast<void>(co_await operation);
  } catch (const gauntlet::error& thrown) {
    co_return thrown.code();
  }
  co_return std::error_code();
}

}  // namespace

TEST_CASE("a buffer comes back from a read that fails") {
  require_io_uring();
  const temporary_folder folder;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file out = co_await open(own, folder / "a", write_only | open_flags::create);
    owned_buffer buffer(64);
    const std::byte* const memory = buffer.bytes().data();
    auto reading = out.read_some(std::move(buffer), 0);
    CHECK(misuse_of([&] {
            return reading.take_buffer();
          }).contains("has not come to its end"));  // it has not begun
    const std::error_code code = co_await awaited(reading);
    CHECK(code == std::errc::bad_file_descriptor);
    const owned_buffer back = reading.take_buffer();
    CHECK(back.bytes().data() == memory);
    CHECK(back.size() == 64);
    CHECK(reading.take_buffer().empty());
    auto whole = out.read_exactly(owned_buffer(32), 0);
    const std::error_code same = co_await awaited(whole);
    CHECK(same == std::errc::bad_file_descriptor);
    CHECK(whole.take_buffer().size() == 32);
  });
}

TEST_CASE("buffers come back from a write of several that fails") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file in = co_await open(own, folder / "a", read_only);
    std::vector<owned_buffer> texts;
    texts.emplace_back(std::string("one"));
    texts.emplace_back(std::string("two"));
    auto writing = in.write_some(std::move(texts), 0);
    const std::error_code code = co_await awaited(writing);
    CHECK(code == std::errc::bad_file_descriptor);
    std::vector<owned_buffer> back = writing.take_buffers();
    REQUIRE(back.size() == 2);
    CHECK(back[1].take<std::string>() == "two");
  });
}

TEST_CASE("buffers do not come back from what has not begun, or is in flight") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [reads, writes] = pipe_of(own);
    std::vector<owned_buffer> rooms;
    rooms.emplace_back(8);
    auto reading = reads.read_some(std::move(rooms));
    CHECK(misuse_of([&] { return reading.take_buffers(); }).contains("has not come to its end"));
    const auto waits = [&]() -> task<> {
      const auto read = co_await reading;
      CHECK(text_of(read.buffers.at(0).bytes().first(read.size)) == "x");
    };
    const auto asks = [&]() -> task<> {
      co_await own.nop();
      CHECK(misuse_of([&] { return reading.take_buffers(); }).contains("has not come to its end"));
      co_await writes.write_some(bytes_of("x"));
    };
    co_await when_all(waits(), asks());
  });
}

TEST_CASE("a buffer comes back from what is cancelled, and not before") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    auto reading = left.read_some(owned_buffer(16));
    std::error_code code;
    const auto wait = [&]() -> task<> { code = co_await awaited(reading); };
    const auto ask = [&]() -> task<> {
      co_await own.nop();
      CHECK(misuse_of([&] {
              return reading.take_buffer();
            }).contains("has not come to its end"));  // the kernel has it
      own.cancel_all_on(left);
    };
    co_await when_all(wait(), ask());
    CHECK(code == std::errc::operation_canceled);
    CHECK(reading.take_buffer().size() == 16);
    auto writing = left.write(owned_buffer(std::string("x")));
    co_await right.close();
    const std::error_code broken = co_await awaited(writing);
    CHECK(broken == std::errc::broken_pipe);
    owned_buffer back = writing.take_buffer();
    CHECK(back.take<std::string>() == "x");
  });
}

}  // namespace gauntlet::uring::test
