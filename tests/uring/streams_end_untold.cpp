// Streams of Unix sockets whose end the kernel does not tell their multishot, as Linux 6.18 did for a while:
// the wrapper looks for it by recv(), and the linker puts this one in front (CMakeLists.txt), which knows of
// it.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "../core/support/foreign.hpp"
#include "sockets_support.hpp"

namespace {

// What the next recv() answers, if anything: 0, or a negative errno.
std::optional<int> untold;

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
extern "C" {
ssize_t __real_recv(int, void*, std::size_t, int);
ssize_t __wrap_recv(int descriptor, void* into, std::size_t size, int flags) {
  if (!untold) return __real_recv(descriptor, into, size, flags);
  errno = -std::exchange(untold, std::nullopt).value();
  return errno == 0 ? 0 : -1;
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace gauntlet::uring::test {
namespace {

using gauntlet::test::foreign;

/// A stream that has brought a first message, and waits for more.
struct begun_stream {
  explicit begun_stream(ring& on) : pair(socket_pair(on)), buffers(on, {.count = 4, .size = 16}) {}

  task<> begin(ring& on) {
    says("first");
    co_await hears("first");
    co_await on.nop();
  }
  void says(std::string_view text) {
    REQUIRE(::write(pair.left.native(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  task<> hears(std::string_view text) {
    const provided_buffer part = co_await stream.next();
    CHECK(text_of(part.bytes()) == text);
  }

  ends pair;
  buffer_ring buffers;
  multishot<provided_buffer> stream = pair.right.recv_multishot(buffers);
};

TEST_CASE(
    "the end of a stream that the kernel does not tell is found, behind what has come, and stays its end") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    begun_stream of(own);
    co_await of.begin(own);
    of.says("last");  // the kernel has taken it, and the ring has not heard of it
    untold = 0;
    co_await of.hears("last");
    CHECK_FALSE(untold);
    for (int again = 0; again < 2; ++again) {
      const provided_buffer end = co_await of.stream.next();
      CHECK(end.empty());
    }
    CHECK(of.buffers.available() == 4);
  });
}

TEST_CASE(
    "an error of a stream that looking for its end takes from the kernel is told, behind what has come") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    begun_stream of(own);
    co_await of.begin(own);
    of.says("last");
    untold = -ECONNRESET;
    co_await of.hears("last");
    const std::error_code reset = co_await code_of(of.stream.next());
    CHECK(reset == std::errc::connection_reset);
    of.says("more");  // it was told once
    co_await of.hears("more");
    CHECK(of.buffers.available() == 4);
  });
}

TEST_CASE("that there is nothing to look at now is no end of a stream") {
  require_io_uring();
  for (const int nothing : {EAGAIN, EINTR}) {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      begun_stream of(own);
      co_await of.begin(own);
      untold = -nothing;
      const auto waits = [&]() -> task<> { co_await of.hears("more"); };
      const auto goes_on = [&]() -> task<> {
        co_await make_turns(own, 3);
        of.says("more");
      };
      co_await when_all(waits(), goes_on());
      CHECK_FALSE(untold);
    });
  }
}

TEST_CASE("a stream that is cancelled while its untold end is on its way is cancelled, and may go on") {
  require_io_uring();
  for (const int end : {0, -ECONNRESET}) {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      begun_stream of(own);
      co_await of.begin(own);
      untold = end;
      std::error_code ended;
      const auto waits = [&]() -> task<> { ended = co_await code_of(of.stream.next()); };
      const auto cancels = [&]() -> task<> {
        CHECK_FALSE(untold);
        CHECK(own.cancel_all_on(of.pair.right) == 1);
        co_return;
      };
      co_await when_all(waits(), cancels());
      CHECK(ended == std::errc::operation_canceled);
      of.says("more");
      co_await of.hears("more");
    });
  }
}

TEST_CASE("a stream whose socket is closed while its untold end is on its way is cancelled") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    begun_stream of(own);
    co_await of.begin(own);
    untold = 0;
    std::error_code ended;
    const auto waits = [&]() -> task<> { ended = co_await code_of(of.stream.next()); };
    const auto closes = [&]() -> task<> { co_await of.pair.right.close(); };
    co_await when_all(waits(), closes());
    CHECK(ended == std::errc::operation_canceled);
    CHECK(of.buffers.available() == 4);
  });
}

TEST_CASE(
    "a ring that is closed while the untold end of a stream is on its way tells who waits it was cancelled") {
  require_io_uring();
  ring own;
  begun_stream of(own);
  gauntlet::run(own, of.begin(own));
  untold = 0;
  std::error_code ended;
  const foreign waits = [](multishot<provided_buffer>& from, std::error_code& code) -> foreign {
    try {
      static_cast<void>(co_await from.next());
    } catch (const gauntlet::error& failure) {
      code = failure.code();
    }
  }(of.stream, ended);
  CHECK_FALSE(untold);
  own.close();
  CHECK(waits.done());
  CHECK(ended == std::errc::operation_canceled);
  CHECK(own.metrics().stale == 0);
}

TEST_CASE("who goes while the untold end of a stream is on its way leaves nothing behind") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::optional<begun_stream> of(std::in_place, own);
    co_await of->begin(own);
    untold = 0;
    const auto waits = [&]() -> task<> { co_await of->stream.next(); };
    const auto wins = []() -> task<> { co_return; };
    auto race = when_any(waits(), wins());
    const auto first = co_await std::move(race);
    CHECK(first.index() == 1);
    CHECK(of->buffers.available() == 4);
    of.reset();
    while (!own.pending().empty()) co_await own.nop();
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
