#include <fcntl.h>
#include <gauntlet/shim/uring.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <optional>
#include <thread>

#include "../core/support/foreign.hpp"
#include "needs.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("one submission accepts many connections") {
  require_io_uring();
  constexpr std::size_t count = 1000;
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    listener waits{own, any_port(), {.backlog = 1024}};
    const address here = waits.local_address();
    multishot<socket> connections = waits.accept_multishot();
    std::vector<socket> peers;
    std::vector<socket> clients;
    const auto accepts = [&]() -> task<> {
      while (peers.size() < count) peers.push_back(co_await connections.next());
    };
    const auto connects = [&]() -> task<> {
      for (std::size_t i = 0; i < count; ++i) {
        clients.emplace_back(own, address_family::ip4);
        co_await clients.back().connect(here);
      }
    };
    co_await when_all(accepts(), connects());
    CHECK(peers.size() == count);
    for (std::size_t i = 0; i < count; i += 100) {
      co_await peers[i].write(bytes_of("x"));
      CHECK(peers[i].peer_address().port() != 0);
    }
  });
}

TEST_CASE("connections that nobody takes wait, no more than some, and none is lost") {
  require_io_uring();
  constexpr std::size_t count = 200;
  const std::size_t before = open_descriptors();
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      listener waits{own, any_port(), {.backlog = 512}};
      multishot<socket> connections = waits.accept_multishot();
      std::vector<socket> clients;
      const auto connect = [&]() -> task<> {
        clients.emplace_back(own, address_family::ip4);
        co_await clients.back().connect(waits.local_address());
      };
      co_await connect();
      socket first = co_await connections.next();
      const std::size_t at_first = open_descriptors();
      for (std::size_t i = 1; i < count; ++i) co_await connect();
      co_await sleep_for(2ms);
      const std::size_t kept = open_descriptors() - at_first - (count - 1);
      CHECK(kept >= 64);
      CHECK(kept < 100);
      std::size_t taken = 1;
      for (; taken < count; ++taken) static_cast<void>(co_await connections.next());
      CHECK(taken == count);
      for (std::size_t i = 0; i < 10; ++i) co_await connect();  // these are closed with the stream
      co_await sleep_for(2ms);
    });
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a stream that the kernel ends, for want of room for completions, goes on") {
  require_io_uring();
  ring own{{.entries = 4, .completion_entries = 4}};
  run_to_the_end(own, [&]() -> task<> {
    constexpr std::size_t count = 100;
    listener waits{own, any_port(), {.backlog = 256}};
    const address here = waits.local_address();
    multishot<socket> connections = waits.accept_multishot();
    std::vector<socket> clients;
    const auto connect = [&] {
      clients.emplace_back(own, address_family::ip4);
      const auto size = static_cast<socklen_t>(here.size());
      REQUIRE(::connect(clients.back().native(), here.native(), size) == 0);
    };
    connect();
    static_cast<void>(co_await connections.next());  // from now on they come, and nobody looks
    while (clients.size() < count) connect();
    CHECK(gauntlet_uring_cq_has_overflow(own.native()));
    const std::uint64_t submitted = own.metrics().submitted;
    for (std::size_t i = 1; i < count; ++i) {
      const socket peer = co_await connections.next();
      CHECK(peer.peer_address().port() != 0);
    }
    CHECK(own.metrics().submitted > submitted);
  });
}

TEST_CASE("a stream that nobody reads keeps some buffers, and leaves the others") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring buffers{own, {.count = 256, .size = 16}};
    auto [left, right] = socket_pair(own);
    multishot<provided_buffer> stream = right.recv_multishot(buffers);
    co_await left.write(bytes_of("begins"));
    const provided_buffer first = co_await stream.next();
    std::size_t sent = 0;
    for (; sent < 5000; sent += 50) {
      co_await left.write(bytes_of(std::string(50, 'x')));
      co_await sleep_for(0ms);
    }
    CHECK(buffers.available() >= 128);
    CHECK(buffers.available() < 256 - 16);
    co_await left.shutdown();
    std::size_t come = 0;
    while (const provided_buffer part = co_await stream.next()) come += part.size();
    CHECK(come == sent);
  });
}

TEST_CASE("what comes is in buffers of a ring, to the end of the stream and from then on") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring buffers{own, {.count = 4, .size = 16}};
    auto [left, right] = co_await tcp_pair(own);
    multishot<provided_buffer> stream = right.recv_multishot(buffers);
    const std::string sent = "what is sent does not fit into one buffer, nor into four of them, by far";
    const auto writes = [&](socket& to) -> task<> {
      co_await to.write(bytes_of(sent));
      co_await to.shutdown();
    };
    const auto reads = [&]() -> task<> {
      std::string got;
      while (const provided_buffer part = co_await stream.next()) {
        CHECK(part.size() <= 16);
        got += text_of(part.bytes());
      }
      CHECK(got == sent);
      {
        const auto awaited = co_await stream.next();
        CHECK(awaited.empty());
      }
      {
        const auto awaited = co_await stream.next();
        CHECK(awaited.empty());
      }
    };
    co_await when_all(writes(left), reads());
    CHECK(buffers.available() == 4);
  });
}

TEST_CASE("what the kernel has taken before the end of a stream, and not told yet, comes before that end") {
  require_io_uring();
  ring own{{.coop_taskrun = true}};  // it takes what comes in this thread's next system call
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring buffers{own, {.count = 4, .size = 16}};
    auto [left, right] = socket_pair(own);
    multishot<provided_buffer> stream = right.recv_multishot(buffers);
    co_await left.write(bytes_of("first"));
    {
      const provided_buffer first = co_await stream.next();
      CHECK(text_of(first.bytes()) == "first");
    }
    co_await own.nop();
    const int peer = left.native();
    bool sent = false;
    std::atomic<bool> ended = false;
    std::thread writes([&] {
      sent = ::write(peer, "last", 4) == 4 && ::shutdown(peer, SHUT_WR) == 0;
      ended = true;
    });
    while (!ended) continue;
    writes.join();
    REQUIRE(sent);
    {
      const provided_buffer last = co_await stream.next();
      CHECK(text_of(last.bytes()) == "last");
    }
    for (int again = 0; again < 2; ++again) {
      const provided_buffer end = co_await stream.next();
      CHECK(end.empty());
    }
    CHECK(buffers.available() == 4);
  });
}

TEST_CASE("a stream that was reset before its last bytes were taken says so behind them") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::array<int, 2> pair{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
    socket right(own, pair[0]);
    buffer_ring buffers{own, {.count = 4, .size = 16}};
    co_await right.write(bytes_of("which is never read"));
    REQUIRE(::write(pair[1], "last", 4) == 4);
    REQUIRE(::close(pair[1]) == 0);
    multishot<provided_buffer> stream = right.recv_multishot(buffers);
    {
      const provided_buffer last = co_await stream.next();
      CHECK(text_of(last.bytes()) == "last");
    }
    const std::error_code reset = co_await code_of(with_timeout(10s, stream.next()));
    CHECK(reset == std::errc::connection_reset);
  });
}

TEST_CASE("where all buffers are out the stream waits until one comes back") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring buffers{own, {.count = 2, .size = 4}};
    auto [left, right] = socket_pair(own);
    multishot<provided_buffer> stream = right.recv_multishot(buffers);
    co_await left.write(bytes_of("aaaabbbbccccdd"));
    provided_buffer first = co_await stream.next();
    provided_buffer second = co_await stream.next();
    CHECK(text_of(first.bytes()) == "aaaa");
    CHECK(text_of(second.bytes()) == "bbbb");
    CHECK(buffers.available() == 0);
    {
      const auto awaited = co_await code_of(right.read_some(buffers));
      CHECK(awaited == std::errc::no_buffer_space);
    }
    bool came = false;
    const auto waits = [&]() -> task<> {
      const provided_buffer third = co_await stream.next();
      CHECK(text_of(third.bytes()) == "cccc");
      came = true;
      const provided_buffer fourth = co_await stream.next();
      CHECK(text_of(fourth.bytes()) == "dd");
    };
    const auto gives_back = [&]() -> task<> {
      co_await sleep_for(2ms);
      CHECK_FALSE(came);
      CHECK(first.give_back());
      CHECK_FALSE(first.give_back());
      CHECK(first.empty());
      co_await until([&] { return came; });
      second = {};
    };
    co_await when_all(waits(), gives_back());
    CHECK(buffers.available() == 2);
  });
}

TEST_CASE("a stream that waits for a buffer is told when its ring goes") {
  require_io_uring();
  std::optional<ring> own(std::in_place);
  auto [left, right] = socket_pair(*own);
  buffer_ring buffers(*own, {.count = 1, .size = 4});
  multishot<provided_buffer> stream = left.recv_multishot(buffers);
  provided_buffer held;
  run(*own, [&]() -> task<> {
    co_await right.write(bytes_of("abcdefgh"));
    held = co_await stream.next();
  }());
  std::error_code ended;
  const auto waits = [&]() -> gauntlet::test::foreign { ended = co_await code_of(stream.next()); };
  const gauntlet::test::foreign waiting = waits();
  while (own->metrics().completed < 3) own->context().turn();  // written, "abcd", and no buffer
  CHECK_FALSE(waiting.done());
  own.reset();
  CHECK(waiting.done());
  CHECK(ended == std::errc::operation_canceled);
  CHECK_FALSE(held.give_back());
}

TEST_CASE("one read takes a buffer only when something has come") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring buffers{own, {.count = 1, .size = 8}};
    auto [left, right] = socket_pair(own);
    for (const char* text : {"one", "two", "three"}) {
      co_await left.write(bytes_of(text));
      const provided_buffer got = co_await right.read_some(buffers);
      CHECK(text_of(got.bytes()) == text);
      CHECK(buffers.available() == 0);
    }
    co_await left.close();
    {
      const auto awaited = co_await right.read_some(buffers);
      CHECK(awaited.empty());
    }
    CHECK(buffers.available() == 1);
  });
}

TEST_CASE("buffers come back from other threads") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring buffers{own, {.count = 8, .size = 8}};
    auto [left, right] = socket_pair(own);
    multishot<provided_buffer> stream = right.recv_multishot(buffers);
    std::size_t total = 0;
    const ring::work_guard open = own.keep_alive();
    for (int round = 0; round < 50; ++round) {
      co_await left.write(bytes_of("01234567012345670123456701234567"));
      std::vector<provided_buffer> out;
      for (int i = 0; i < 4; ++i) {
        out.push_back(co_await stream.next());
        total += out.back().size();
      }
      std::thread([out = std::move(out)]() mutable {
        for (provided_buffer& each : out) each.give_back();
      }).join();
    }
    CHECK(total == 50 * 32);
    co_await until([&] { return buffers.available() == 8; });
  });
}

TEST_CASE("a buffer outlives its ring, and says that nobody fills it any more") {
  require_io_uring();
  provided_buffer kept;
  provided_buffer elsewhere;
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      buffer_ring buffers{own, {.count = 2, .size = 8}};
      auto [left, right] = socket_pair(own);
      co_await left.write(bytes_of("kept"));
      kept = co_await right.read_some(buffers);
      co_await left.write(bytes_of("too"));
      elsewhere = co_await right.read_some(buffers);
    });
  }
  CHECK(text_of(kept.bytes()) == "kept");
  CHECK_FALSE(kept.give_back());
  bool filled_again = true;
  std::thread([&] { filled_again = elsewhere.give_back(); }).join();
  CHECK_FALSE(filled_again);
}

TEST_CASE("groups of buffers have numbers of their own, which are used again") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::optional<buffer_ring> first(std::in_place, own, buffer_ring_options{.count = 1, .size = 1});
    const buffer_ring second{own, {.count = 32768, .size = 16}};
    CHECK(first->group() != second.group());
    const std::uint16_t number = first->group();
    first.reset();
    const buffer_ring third{own};
    CHECK(third.group() == number);
    CHECK(third.count() == 256);
    CHECK(third.buffer_size() == 4096);
    for (const std::uint32_t count : {0U, 3U, 65536U})
      CHECK(misuse_of([&] { return buffer_ring(own, {.count = count}); }).contains("a power of two"));
    CHECK(misuse_of([&] { return buffer_ring(own, {.size = 0}); }).contains("the size of a buffer"));
    co_return;
  });
}

TEST_CASE("messages stream, with where they are from") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring buffers{own, {.count = 4, .size = 256}};
    socket one{own, address_family::ip4, socket_type::datagram};
    socket other{own, address_family::ip4, socket_type::datagram};
    co_await one.bind(any_port());
    co_await other.bind(any_port());
    multishot<received_message> messages = other.recvmsg_multishot(buffers, 32);
    for (int round = 0; round < 20; ++round) {
      const std::string text(static_cast<std::size_t>(round), 'x');  // the first is empty, and no end
      co_await one.sendto(bytes_of(text), other.local_address());
      const received_message got = co_await messages.next();
      CHECK(text_of(got.bytes) == text);
      CHECK(got.from == one.local_address());
      CHECK_FALSE(got.truncated());
      CHECK(control_messages(got.control_data).empty());
    }
    co_await one.sendto(bytes_of(std::string(200, 'y')), other.local_address());
    const received_message cut = co_await messages.next();
    CHECK(cut.truncated());
    CHECK(cut.bytes.size() == 256 - 16 - 128 - 32);
    CHECK(misuse_of([&] { return other.recvmsg_multishot(buffers, 112); }).contains("larger than 256 bytes"));
  });
}

TEST_CASE("a pipe is read as a stream") {
  require_io_uring();
  require_prepared("io_uring_prep_read_multishot");
  require_operation(operation_code::read_multishot);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    std::array<int, 2> made{};
    REQUIRE(::pipe2(made.data(), O_CLOEXEC) == 0);
    file in{own, made[0]};
    file out{own, made[1]};
    buffer_ring buffers{own, {.count = 4, .size = 8}};
    multishot<provided_buffer> stream = read_multishot(in, buffers);
    {
      const auto awaited = co_await out.write_some(bytes_of("hello"));
      CHECK(awaited == 5);
    }
    {
      const provided_buffer got = co_await stream.next();
      CHECK(text_of(got.bytes()) == "hello");
    }
    co_await out.close();
    {
      const auto awaited = co_await stream.next();
      CHECK(awaited.empty());
    }
  });
}

TEST_CASE("buffers are given to the kernel by submissions, too, also when all were taken") {
  require_io_uring();
  ring own{{.entries = 2}};
  run_to_the_end(own, [&]() -> task<> {
    for (int round = 0; round < 3; ++round) {
      buffer_ring buffers{own, {.count = 4, .size = 8, .by_submissions = true}};
      auto [left, right] = co_await tcp_pair(own);
      {
        multishot<provided_buffer> stream = right.recv_multishot(buffers);
        std::vector<provided_buffer> held;
        std::string got;
        co_await left.write(bytes_of("0123456789abcdefghijklmnopqrstuvwxyzABCD"));
        for (int i = 0; i < 4; ++i) {
          provided_buffer part = co_await stream.next();
          got += text_of(part.bytes());
          held.push_back(std::move(part));
        }
        CHECK(buffers.available() == 0);
        const std::error_code late = co_await code_of(with_timeout(2ms, stream.next()));
        CHECK(late == std::errc::timed_out);
        held.erase(held.begin() + 1, held.begin() + 3);
        const provided_buffer last = co_await stream.next();
        got += text_of(last.bytes());
        CHECK(got == "0123456789abcdefghijklmnopqrstuvwxyzABCD");
        std::thread([&] { held.clear(); }).join();
      }
      co_await left.write(bytes_of("one"));
      const provided_buffer single = co_await right.read_some(buffers);
      CHECK(text_of(single.bytes()) == "one");
    }
    // Of the first ones, whose group has the number 0, the kernel knows none any more.
    const raw_result left = co_await own.submit_raw({.code = operation_code::remove_buffers, .fd = 4});
    CHECK(left.res <= 0);
  });
}

TEST_CASE(
    "who waits for a buffer is told when its descriptor is closed or dropped, and when all is cancelled") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring buffers{own, {.count = 1, .size = 8}};
    std::array pairs{socket_pair(own), socket_pair(own), socket_pair(own)};
    std::vector<multishot<provided_buffer>> streams;
    for (ends& each : pairs) {
      streams.push_back(each.right.recv_multishot(buffers));
      co_await each.left.write(bytes_of("01234567 and more"));
    }
    const provided_buffer only = co_await streams[0].next();
    std::array<std::error_code, 3> ended;
    const auto waits = [](multishot<provided_buffer>& on, std::error_code& code) -> task<> {
      code = co_await code_of(on.next());
    };
    const auto cancelled = [&] { return std::count(ended.begin(), ended.end(), std::errc::operation_canceled); };
    co_await with_scope([&](scope& all) -> task<> {
      for (std::size_t i = 0; i < ended.size(); ++i) all.spawn(waits(streams[i], ended[i]));
      co_await make_turns(own, 3);
      CHECK(buffers.available() == 0);
      CHECK(cancelled() == 0);
      co_await pairs[0].right.close();
      co_await make_turns(own, 1);
      CHECK(cancelled() == 1);
      {
        const socket dropped = std::move(pairs[1].right);
      }
      co_await make_turns(own, 1);
      CHECK(cancelled() == 2);
      CHECK(own.cancel_all() >= 1);
    });
    CHECK(cancelled() == 3);
  });
}

TEST_CASE("events stream, and those that nobody awaited are one") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    std::array<std::byte, 8> buffer{};
    multishot<poll_events> events = poll_multishot(right, poll_events::readable | poll_events::peer_finished);
    for (int i = 0; i < 5; ++i) {
      co_await left.write(bytes_of("x"));
      const poll_events now = co_await events.next();
      CHECK((now & poll_events::readable) == poll_events::readable);
      {
        const auto awaited = co_await right.read_some(buffer);
        CHECK(awaited == 1);
      }
    }
    co_await left.write(bytes_of("x"));
    co_await left.close();
    co_await sleep_for(1ms);
    const poll_events told = co_await events.next();
    CHECK((told & poll_events::readable) == poll_events::readable);
    CHECK((told & poll_events::peer_finished) == poll_events::peer_finished);
  });
}

TEST_CASE("other events are watched for by the same submission") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    poll_stream events = poll_multishot(right, poll_events::peer_finished);
    co_await events.update(poll_events::readable);  // nobody has waited yet
    co_await left.write(bytes_of("x"));
    const poll_events first = co_await events.next();
    CHECK(first == poll_events::readable);
    const std::uint64_t submitted = own.metrics().submitted;
    co_await events.update(poll_events::writable);  // it is that, at once
    const poll_events second = co_await events.next();
    CHECK(second == poll_events::writable);
    co_await events.update(poll_events::priority);
    co_await left.write(bytes_of("y"));
    const std::error_code none = co_await code_of(with_timeout(2ms, events.next()));
    CHECK(none == std::errc::timed_out);
    CHECK(own.metrics().submitted == submitted + 3);  // two updates and what was written
    co_await left.close();
    const poll_events last = co_await events.next();
    CHECK((last & poll_events::hung_up) == poll_events::hung_up);
  });
}

TEST_CASE(
    "next() is cancelled without a loss, awaited by one task only, and ends when its socket is closed") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring buffers{own, {.count = 4, .size = 8}};
    auto [left, right] = socket_pair(own);
    multishot<provided_buffer> stream = right.recv_multishot(buffers);
    {
      const auto awaited = co_await code_of(with_timeout(2ms, stream.next()));
      CHECK(awaited == std::errc::timed_out);
    }
    REQUIRE(own.pending().size() == 1);  // nobody awaits it
    CHECK(own.pending().front().kind == "socket::recv_multishot");
    co_await left.write(bytes_of("still"));
    {
      const auto awaited = co_await stream.next();
      CHECK(text_of(awaited.bytes()) == "still");
    }

    const auto waits = [&]() -> task<> {
      {
        const auto awaited = co_await code_of(stream.next());
        CHECK(awaited == std::errc::operation_canceled);
      }
    };
    const auto closes = [&]() -> task<> {
      const auto waits_too = [&]() -> task<> { static_cast<void>(co_await stream.next()); };
      const std::string refused = co_await misuse_in(waits_too);
      CHECK(refused.contains("another task waits for the next one already"));
      co_await right.close();
    };
    co_await when_all(waits(), closes());
    const std::string late =
        co_await misuse_in([&]() -> task<> { static_cast<void>(co_await stream.next()); });
    CHECK(late.contains("begin before close()"));
    multishot<provided_buffer> moved = std::move(stream);
    CHECK(misuse_of([&] {
            return stream.next();
          }).contains("use the one it was moved to"));  // NOLINT(bugprone-use-after-move)
  });
}

TEST_CASE("a stream is awaited on its own ring, and takes buffers that are there") {
  require_io_uring();
  ring own;
  ring other;
  run_to_the_end(own, [&]() -> task<> {
    buffer_ring others{other, {.count = 1, .size = 8}};
    auto [left, right] = socket_pair(other);
    multishot<provided_buffer> stream = right.recv_multishot(others);
    const std::string refused =
        co_await misuse_in([&]() -> task<> { static_cast<void>(co_await stream.next()); });
    CHECK(refused.contains("another loop than the one that the task runs on"));
    const buffer_ring moved = std::move(others);
    // NOLINTNEXTLINE(bugprone-use-after-move): what is looked at
    CHECK(misuse_of([&] { return left.read_some(others); }).contains("the buffer_ring was moved from"));
  });
}

TEST_CASE("a stream whose owner goes is cancelled, and what comes nevertheless is closed or given back") {
  require_io_uring();
  const std::size_t before = open_descriptors();
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      buffer_ring buffers{own, {.count = 4, .size = 8}};
      listener waits{own, any_port()};
      auto [left, right] = socket_pair(own);
      std::vector<socket> clients;
      for (int i = 0; i < 20; ++i) {
        multishot<socket> connections = waits.accept_multishot();
        multishot<provided_buffer> stream = right.recv_multishot(buffers);
        {
          const auto awaited = co_await code_of(with_timeout(1ms, connections.next()));
          CHECK(awaited == std::errc::timed_out);
        }
        {
          const auto awaited = co_await code_of(with_timeout(1ms, stream.next()));
          CHECK(awaited == std::errc::timed_out);
        }
        clients.emplace_back(own, address_family::ip4);
        co_await clients.back().connect(waits.local_address());
        co_await left.write(bytes_of("x"));
      }
      co_await until([&] { return own.pending().size() <= 1; });  // the timer of this task itself
      CHECK(buffers.available() == 4);
    });
  }
  CHECK(open_descriptors() == before);
}

}  // namespace
}  // namespace gauntlet::uring::test
