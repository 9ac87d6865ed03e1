// Connections that the system accepts while nobody wants them any more: each is told or closed.
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

#include "../core/support/foreign.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

using gauntlet::test::foreign;

/// A client whose connection the ring under test has not heard of, and the kernel has accepted for whoever
/// waits there.
struct accepted_unheard {
  explicit accepted_unheard(const listener& to) {
    gauntlet::run(own, [&]() -> task<> { co_await client.connect(to.local_address()); }());
  }
  /// The other end has been closed.
  bool is_cut_off() {
    std::size_t come = 1;
    gauntlet::run(own, [&]() -> task<> {
      std::array<std::byte, 1> into{};
      come = co_await client.read_some(into);
    }());
    return come == 0;
  }

  ring own{};
  socket client{own, address_family::ip4};
};

}  // namespace

TEST_CASE("an accept that comes to its end while it is cancelled, for a race that it has lost, is closed") {
  require_io_uring();
  const std::size_t before = open_descriptors();
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      listener waits{own, any_port()};
      std::optional<accepted_unheard> peer;
      const auto wins = [&]() -> task<> {
        co_await make_turns(own, 2);
        peer.emplace(waits);
      };
      auto race = when_any(waits.accept(), wins());
      const auto first = co_await std::move(race);
      CHECK(first.index() == 1);
      CHECK(own.pending().empty());
      CHECK(peer->is_cut_off());
    });
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("an accept that comes to its end while its task is stopped is told, and what it brought is used") {
  require_io_uring();
  const std::size_t before = open_descriptors();
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      listener waits{own, any_port()};
      std::optional<accepted_unheard> peer;
      std::optional<socket> got;
      co_await with_scope([&](scope& all) -> task<> {
        all.spawn([&]() -> task<> { got.emplace(co_await waits.accept()); });
        co_await make_turns(own, 2);
        peer.emplace(waits);
        all.request_stop();
      });
      REQUIRE(got.has_value());
      CHECK(got->peer_address() == peer->client.local_address());
    });
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a connection that a stream was to bring, and whose owner has gone before it is told, is closed") {
  require_io_uring();
  const std::size_t before = open_descriptors();
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      listener waits{own, any_port()};
      std::optional<multishot<socket>> connections(waits.accept_multishot());
      const std::error_code nobody =
          co_await code_of(with_timeout(std::chrono::milliseconds(1), connections->next()));
      CHECK(nobody == std::errc::timed_out);
      accepted_unheard peer(waits);
      connections.reset();
      co_await until([&] { return own.pending().empty(); });
      CHECK(peer.is_cut_off());
    });
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a connection that a stream has brought to who is destroyed before he goes on is closed") {
  require_io_uring();
  const std::size_t before = open_descriptors();
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      listener waits{own, any_port()};
      multishot<socket> connections = waits.accept_multishot();
      auto [left, right] = socket_pair(own);
      std::optional<foreign> accepting;
      const foreign destroys = [](socket& from, std::optional<foreign>& other) -> foreign {
        std::array<std::byte, 1> into{};
        static_cast<void>(co_await from.read_some(into));
        other.reset();
      }(right, accepting);
      accepting.emplace(
          [](multishot<socket>& of) -> foreign { static_cast<void>(co_await of.next()); }(connections));
      co_await make_turns(own, 2);
      REQUIRE(::write(left.native(), "x", 1) == 1);  // both come to their end in the same turn, in this order
      accepted_unheard peer(waits);
      co_await own.nop();
      CHECK_FALSE(accepting.has_value());
      CHECK(peer.is_cut_off());
    });
  }
  CHECK(open_descriptors() == before);
}

}  // namespace gauntlet::uring::test
