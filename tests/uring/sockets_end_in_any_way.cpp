#include <deque>
#include <memory>

#include "../core/support/foreign.hpp"
#include "needs.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

/// Everything that waits for a peer who says nothing.
struct waiting {
  explicit waiting(ring& on)
      : own(on),
        buffers(on, {.count = 4, .size = 8}),
        waits(on, any_port()),
        pair(socket_pair(on)),
        full(socket_pair(on)),
        datagrams(on, address_family::ip4, socket_type::datagram),
        connections(waits.accept_multishot()),
        stream(full.right.recv_multishot(buffers)),
        messages(datagrams.recvmsg_multishot(large)),
        events(poll_multishot(pair.left, poll_events::readable)) {}

  /// A task for each; cancelled and closed are the only ways that they end.
  std::vector<task<std::error_code>> all() {
    std::vector<task<std::error_code>> every;
    every.push_back(code_of(waits.accept()));
    every.push_back(code_of(waits.accept_from()));
    every.push_back(code_of(connections.next()));
    every.push_back(code_of(pair.left.read_some(std::span(memory[0]))));
    every.push_back(code_of(pair.left.read_some(owned_buffer(8))));
    every.push_back(code_of(pair.left.read_some(buffers)));
    every.push_back(code_of(pair.left.read_exactly(std::span(memory[1]))));
    every.push_back(code_of(pair.left.recvfrom(std::span(memory[2]))));
    every.push_back(code_of(pair.left.recvmsg(into, &control)));
    every.push_back(code_of(events.next()));
    every.push_back(code_of(full.left.write(std::span(much))));
    every.push_back(code_of(full.left.write(owned_buffer(much))));
    every.push_back(code_of(full.left.write(parts)));
    every.push_back(code_of(messages.next()));
    return every;
  }

  ring& own;
  buffer_ring buffers;
  buffer_ring large{own, {.count = 4, .size = 512}};
  listener waits;
  ends pair;
  ends full;
  socket datagrams;
  multishot<socket> connections;
  multishot<provided_buffer> stream;
  multishot<received_message> messages;
  multishot<poll_events> events;
  std::array<std::array<std::byte, 8>, 4> memory{};
  std::array<std::span<std::byte>, 1> into{memory[3]};
  control_data control;
  std::vector<std::byte> much = std::vector<std::byte>(std::size_t{4} << 20);
  std::array<std::span<const std::byte>, 2> parts{much, much};
};

TEST_CASE("each operation of a socket is cancelled, and its memory comes back") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    waiting here(own);
    const std::size_t count = here.all().size();
    for (std::size_t i = 0; i < count; ++i) {
      INFO(i);
      waiting each(own);
      std::vector<task<std::error_code>> every = each.all();
      {
        const auto awaited = co_await with_timeout(1ms, std::move(every[i]));
        CHECK(awaited == std::errc::operation_canceled);
      }
    }
  });
}

TEST_CASE("all at once are ended by closing what they work on") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    waiting here(own);
    std::size_t ended = 0;
    co_await with_scope([&](scope& waits) -> task<> {
      for (task<std::error_code>& each : here.all())
        waits.spawn([](task<std::error_code> one, std::size_t& done) -> task<> {
          {
            const auto awaited = co_await std::move(one);
            CHECK(awaited == std::errc::operation_canceled);
          }
          ++done;
        }(std::move(each), ended));
      co_await sleep_for(2ms);
      co_await here.waits.close();
      co_await here.pair.left.close();
      co_await here.full.left.close();
      co_await here.datagrams.close();
    });
    CHECK(ended == 14);
    CHECK(here.buffers.available() == 4);
  });
}

TEST_CASE("destroying what operations work on ends them") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto here = std::make_unique<waiting>(own);
    std::array<std::byte, 8> memory{};
    auto [left, right] = socket_pair(own);
    const auto reads = [&](socket& from) -> task<> {
      {
        const auto awaited = co_await code_of(from.read_some(std::span(memory)));
        CHECK(awaited == std::errc::operation_canceled);
      }
    };
    const auto destroys = [](socket& goes) -> task<> {
      const socket gone = std::move(goes);
      co_await sleep_for(1ms);
    };
    co_await when_all(reads(left), destroys(left));
    here.reset();
  });
}

TEST_CASE("a ring that goes with thousands of sockets' operations in flight ends them all") {
  require_io_uring();
  constexpr std::size_t pairs = 200;
  constexpr std::size_t each = 10;
  const std::size_t before = open_descriptors();
  std::size_t ended = 0;
  std::deque<std::array<std::byte, 8>> memory;
  {
    std::optional<ring> own(std::in_place);
    buffer_ring buffers{*own, {.count = 16, .size = 16}};
    std::vector<ends> all;
    std::deque<multishot<provided_buffer>> streams;
    for (std::size_t i = 0; i < pairs; ++i) {
      all.push_back(socket_pair(*own));
      streams.push_back(all.back().right.recv_multishot(buffers));
    }
    const auto waits = [&](ends& on) -> task<> {
      co_await with_scope([&](scope& inside) -> task<> {
        for (std::size_t i = 0; i < each; ++i)
          inside.spawn([](socket& from, std::array<std::byte, 8>& into, std::size_t& count) -> task<> {
            if (co_await code_of(from.read_some(std::span(into))) == std::errc::operation_canceled) ++count;
          }(on.left, memory.emplace_back(), ended));
        co_return;
      });
    };
    const auto stream = [&](multishot<provided_buffer>& from) -> task<> {
      if (co_await code_of(from.next()) == std::errc::operation_canceled) ++ended;
    };
    const auto program = [&]() -> task<> {
      co_await with_scope([&](scope& inside) -> task<> {
        for (ends& pair : all) inside.spawn(waits(pair));
        for (multishot<provided_buffer>& from : streams) inside.spawn(stream(from));
        co_await sleep_for(1ms);
        own.reset();
      });
    };
    try {
      gauntlet::run(*own, program());
    } catch (const misuse&) {  // NOLINT(bugprone-empty-catch): the ring was destroyed by its own task
    }
  }
  CHECK(ended == pairs * (each + 1));
  CHECK(open_descriptors() == before);
}

TEST_CASE("streams that nobody awaits end with their ring, in any order") {
  require_io_uring();
  const std::size_t before = open_descriptors();
  for (const bool ring_first : {true, false}) {
    std::optional<ring> own(std::in_place);
    std::optional<buffer_ring> buffers(std::in_place, *own, buffer_ring_options{.count = 4, .size = 8});
    std::optional<listener> waits(std::in_place, *own, any_port());
    std::optional<multishot<socket>> connections(waits->accept_multishot());
    std::optional<ends> pair(socket_pair(*own));
    std::optional<multishot<provided_buffer>> stream(pair->right.recv_multishot(*buffers));
    gauntlet::run(*own, [&]() -> task<> {
      {
        const auto awaited = co_await code_of(with_timeout(1ms, connections->next()));
        CHECK(awaited == std::errc::timed_out);
      }
      {
        const auto awaited = co_await code_of(with_timeout(1ms, stream->next()));
        CHECK(awaited == std::errc::timed_out);
      }
      socket client{*own, address_family::ip4};
      co_await client.connect(waits->local_address());
      co_await pair->left.write(bytes_of("x"));
      co_await sleep_for(1ms);
    }());
    if (ring_first) own.reset();
    pair.reset();
    buffers.reset();
    stream.reset();
    waits.reset();
    connections.reset();
  }
  CHECK(open_descriptors() == before);
}

namespace {

/// A Unix socket that listens, whose queue is full: who connects waits.
struct full_listener {
  explicit full_listener(ring& on)
      : path(folder / "s"), waits(on, address::unix_path(path), {.backlog = 0}) {}

  temporary_folder folder;
  std::string path;
  listener waits;
  std::vector<socket> queued;

  task<> fill(ring& on) {
    socket first{on, address_family::local};
    co_await first.connect(address::unix_path(path));
    queued.push_back(std::move(first));
  }
};

}  // namespace

TEST_CASE("connecting is cancelled, by a time and by its descriptor") {
  require_io_uring();
  ring own;
  full_listener to(own);
  run_to_the_end(own, [&]() -> task<> {
    co_await to.fill(own);
    socket client{own, address_family::local};
    const address peer = address::unix_path(to.path);
    const std::error_code timed_out = co_await code_of(with_timeout(5ms, client.connect(peer)));
    CHECK(timed_out == std::errc::timed_out);
    std::error_code canceled;
    const auto connect = [&]() -> task<> { canceled = co_await code_of(client.connect(peer)); };
    const auto cancel = [&]() -> task<> {
      co_await sleep_for(5ms);
      CHECK(own.cancel_all_on(client) == 1);
    };
    co_await when_all(connect(), cancel());
    CHECK(canceled == std::errc::operation_canceled);
    // The socket is as it was: with room in the queue it connects.
    const socket taken = co_await to.waits.accept();
    co_await client.connect(peer);
    const socket other = co_await to.waits.accept();
    co_await client.write(bytes_of("x"));
  });
}

TEST_CASE("connecting that nobody answers ends when its socket is closed") {
  require_io_uring();
  ring own;
  full_listener to(own);
  std::error_code closed;
  gauntlet::run(own, [&]() -> task<> {
    co_await to.fill(own);
    socket client{own, address_family::local};
    const auto connect = [&]() -> task<> {
      closed = co_await code_of(client.connect(address::unix_path(to.path)));
    };
    const auto close = [&]() -> task<> {
      co_await sleep_for(5ms);
      co_await client.close();
    };
    co_await when_all(connect(), close());
  }());
  CHECK(closed == std::errc::operation_canceled);
  CHECK(own.close().empty());
}

TEST_CASE("what is closed or moved from says so") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    std::array<std::byte, 8> buffer{};
    socket moved = std::move(left);
    CHECK(misuse_of([&] {
            return left.read_some(std::span(buffer));
          }).contains("it was moved from"));  // NOLINT(bugprone-use-after-move)
    co_await moved.close();
    CHECK(misuse_of([&] { return moved.write(bytes_of("x")); }).contains("it is closed: open another one"));
    CHECK(misuse_of([&] { return moved.local_address(); }).contains("it is closed: open another one"));
    CHECK(misuse_of([&] { return socket(own, address_family::none); }).contains("a socket needs a family"));
    CHECK(misuse_of([&] {
            return open_socket(own, address_family::none);
          }).contains("a socket needs a family"));
  });
}

}  // namespace
TEST_CASE("a peer that does not read keeps no ring from ending, which what was sent without a copy waits for") {
  require_io_uring();
  require_operation(operation_code::send_zc);
  std::optional<ring> own(std::in_place);
  const owned_buffer much(std::string(1U << 20U, 'x'));
  std::optional<ends> pair;
  gauntlet::run(*own, [&]() -> task<> { pair.emplace(co_await tcp_pair(*own)); }());
  bool ended = false;
  const foreign sends = [](socket& to, std::span<const std::byte> bytes, bool& told) -> foreign {
    try {
      co_await to.send_zc(bytes);
    } catch (const error&) {  // NOLINT(bugprone-empty-catch): either will do
    }
    told = true;
  }(pair->left, much.bytes(), ended);
  gauntlet::run(*own, make_turns(*own, 3));
  CHECK_FALSE(ended);
  own.reset();
  CHECK(ended);
}

}  // namespace gauntlet::uring::test
