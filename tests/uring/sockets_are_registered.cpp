// Sockets in a ring's table of files, and memory that the ring knows, sent without a copy.
#include <gauntlet/shim/uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <type_traits>
#include <vector>

#include "../core/support/foreign.hpp"
#include "file_support.hpp"
#include "needs.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

using gauntlet::test::foreign;

// What wants a descriptor of the system's takes no place in a table, and the other way around.
static_assert(!std::is_convertible_v<fixed_socket&, const descriptor&>);
static_assert(!std::is_convertible_v<socket&, const fixed_descriptor&>);
static_assert(!std::is_copy_constructible_v<fixed_socket>);

/// A client that has connected, and the other end in the table.
struct fixed_ends {
  socket client;
  fixed_socket peer;
};

task<fixed_ends> tcp_pair_in(file_table& table, ring& on) {
  listener waits{on, any_port()};
  socket client{on, address_family::ip4};
  co_await client.connect(waits.local_address());
  fixed_socket peer = co_await waits.accept(table);
  co_return fixed_ends{.client = std::move(client), .peer = std::move(peer)};
}

int lowest_free_descriptor() {
  const int next = ::dup(0);
  ::close(next);
  return next;
}

task<socket> connected(ring& on, const listener& to) {
  socket client{on, address_family::ip4};
  co_await client.connect(to.local_address());
  co_return client;
}

}  // namespace

TEST_CASE("a connection comes into a table, takes no descriptor, and talks") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 4);
    listener waits{own, any_port()};
    socket client{own, address_family::ip4};
    co_await client.connect(waits.local_address());
    const int next = lowest_free_descriptor();
    fixed_socket peer = co_await waits.accept(table);
    CHECK(lowest_free_descriptor() == next);
    co_await client.write(bytes_of("hello"));
    std::array<std::byte, 16> into{};
    const std::size_t size = co_await peer.read_exactly(std::span(into).first(5));
    CHECK(text_of(std::span(into).first(size)) == "hello");
    const transfer back = co_await peer.write(owned_buffer(std::string("and back")));
    CHECK(back.size == 8);
    const std::size_t got = co_await client.read_exactly(std::span(into).first(8));
    CHECK(text_of(std::span(into).first(got)) == "and back");
    const std::array parts{bytes_of("a"), bytes_of("bc")};
    co_await peer.write(std::span<const std::span<const std::byte>>(parts));
    const received message = co_await client.recvfrom(into);
    CHECK(text_of(std::span(into).first(message.size)) == "abc");
    co_await peer.shutdown();
    const std::size_t at_end = co_await client.read_some(into);
    CHECK(at_end == 0);
    co_await peer.close();
    CHECK_FALSE(peer.is_open());
    CHECK(misuse_of([&] { return peer.read_some(into); }).contains("it is closed: open another one"));
  });
}

TEST_CASE("a socket is made in a table, and connects") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 2);
    listener waits{own, any_port()};
    const int next = lowest_free_descriptor();
    fixed_socket client = co_await open_socket(table, address_family::ip4);
    CHECK(lowest_free_descriptor() == next);
    co_await client.connect(waits.local_address());
    socket peer = co_await waits.accept();
    co_await client.write(bytes_of("x"));
    std::array<std::byte, 4> into{};
    const std::size_t size = co_await peer.read_some(into);
    CHECK(size == 1);
    const fixed_socket second = co_await open_socket(table, address_family::local, socket_type::datagram);
    CHECK(second.index() != client.index());
    const std::error_code third = co_await code_of(open_socket(table, address_family::ip4));
    CHECK(third == std::errc::too_many_files_open_in_system);
    CHECK(misuse_of([&] {
            return open_socket(table, address_family::none);
          }).contains("a socket needs a family"));
  });
}

TEST_CASE("an option of a socket in a table is never that of the descriptor with its number") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    const socket other{own, address_family::ip4};
    const auto number = static_cast<std::uint32_t>(other.native());
    file_table table(own, number + 1);
    std::vector<fixed_socket> made;
    do made.push_back(co_await open_socket(table, address_family::ip4));
    while (made.back().index() != number);
    // TCP's are no options of the kernel's operation: a descriptor is asked by getsockopt(2) instead.
    const int on = 1;
    REQUIRE(::setsockopt(other.native(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    const std::error_code asked = co_await code_of(made.back().option<int>(IPPROTO_TCP, TCP_NODELAY));
    CHECK(asked == (gauntlet_uring_has("io_uring_prep_cmd_sock") ? std::errc::operation_not_supported
                                                                 : std::errc::function_not_supported));
    static_cast<void>(co_await code_of(made.back().bind(any_port())));
    CHECK(other.local_address().port() == 0);
  });
}

TEST_CASE("a socket in a table is bound") {
  require_io_uring();
  require_prepared("io_uring_prep_bind");
  require_operation(operation_code::bind);
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 1);
    fixed_socket one = co_await open_socket(table, address_family::ip4, socket_type::datagram);
    socket other{own, address_family::ip4, socket_type::datagram};
    co_await one.bind(any_port());
    co_await other.bind(any_port());
    co_await one.connect(other.local_address());
    co_await one.write(bytes_of("x"));
    std::array<std::byte, 4> into{};
    const received got = co_await other.recvfrom(into);
    CHECK(got.size == 1);
    const std::error_code again = co_await code_of(one.bind(any_port()));
    CHECK(again == std::errc::invalid_argument);  // it is bound
  });
}

TEST_CASE("an option of a socket in a table is set and asked") {
  require_io_uring();
  require_prepared("io_uring_prep_cmd_sock");
  require_linux(6, 7, "SOCKET_URING_OP_SETSOCKOPT");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 1);
    fixed_socket one = co_await open_socket(table, address_family::ip4);
    for (const int wanted : {1, 0}) {
      co_await one.set_option(SOL_SOCKET, SO_KEEPALIVE, wanted);
      const int alive = co_await one.option<int>(SOL_SOCKET, SO_KEEPALIVE);
      CHECK(alive == wanted);
    }
  });
}

TEST_CASE("connections come into a table by one submission") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 4);
    listener waits{own, any_port()};
    multishot<fixed_socket> all = waits.accept_multishot(table);
    std::set<std::uint32_t> places;
    std::vector<fixed_socket> peers;
    for (int i = 0; i < 3; ++i) {
      socket client{own, address_family::ip4};
      co_await client.connect(waits.local_address());
      peers.push_back(co_await all.next());
      places.insert(peers.back().index());
      co_await client.write(bytes_of("hi"));
      std::array<std::byte, 4> into{};
      const std::size_t size = co_await peers.back().read_some(into);
      CHECK(size == 2);
    }
    CHECK(places.size() == 3);
    std::error_code full;
    std::vector<socket> clients;
    for (int i = 0; i < 2 && !full; ++i) {
      clients.emplace_back(own, address_family::ip4);
      co_await clients.back().connect(waits.local_address());
      try {
        peers.push_back(co_await all.next());
      } catch (const error& failure) {
        full = failure.code();
      }
    }
    CHECK(full == std::errc::too_many_files_open_in_system);
    CHECK(peers.size() == 4);
  });
}

TEST_CASE("connections that nobody takes are closed, and leave their places in the table") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 3);
    listener waits{own, any_port()};
    std::vector<socket> clients;
    {
      multishot<fixed_socket> all = waits.accept_multishot(table);
      clients.push_back(co_await connected(own, waits));
      const fixed_socket first = co_await all.next();
      CHECK(first.is_open());
      const std::uint64_t before = own.metrics().completed;
      for (int i = 0; i < 2; ++i) clients.push_back(co_await connected(own, waits));
      co_await until([&] { return own.metrics().completed >= before + 4; });  // both ends are told
      CHECK(misuse_of([&] {
              return table.update(0, {});
            }).contains("just choosing a place"));  // the kernel chooses places meanwhile
    }
    std::vector<fixed_file> files;
    for (std::uint32_t i = 0; i < table.size(); ++i)
      files.push_back(co_await table.open(own, folder / "a", read_only));
    CHECK(files.size() == 3);
    for (socket& client : clients) {
      std::array<std::byte, 1> into{};
      const std::size_t none = co_await client.read_some(into);
      CHECK(none == 0);
    }
  });
}

foreign destroys_when_resumed(ring& on, std::optional<foreign>& other) {
  co_await on.nop();
  other.reset();
}

TEST_CASE("a connection that was accepted for who is gone before he is told is closed") {
  require_io_uring();
  const temporary_folder folder;
  put_file(folder / "a", "hello");
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 1);
    listener waits{own, any_port()};
    socket client = co_await connected(own, waits);
    // Both come to their end in the same turn, the one that destroys the other first.
    std::optional<foreign> accepting;
    const foreign destroys = destroys_when_resumed(own, accepting);
    accepting.emplace([](listener& at, file_table& into) -> foreign {
      static_cast<void>(co_await at.accept(into));
    }(waits, table));
    co_await own.nop();
    CHECK_FALSE(accepting.has_value());
    const fixed_file it = co_await table.open(own, folder / "a", read_only);
    CHECK(it.index() == 0);
    std::array<std::byte, 1> into{};
    const std::size_t none = co_await client.read_some(into);
    CHECK(none == 0);
  });
}

TEST_CASE("a connection is closed, too, that was accepted into no table for who is gone before he is told") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    listener waits{own, any_port()};
    socket client = co_await connected(own, waits);
    // In the same turn, as above.
    std::optional<foreign> accepting;
    const foreign destroys = destroys_when_resumed(own, accepting);
    accepting.emplace([](listener& at) -> foreign { static_cast<void>(co_await at.accept()); }(waits));
    co_await own.nop();
    CHECK_FALSE(accepting.has_value());
    std::array<std::byte, 1> into{};
    const std::size_t none = co_await client.read_some(into);
    CHECK(none == 0);
  });
}

TEST_CASE("a connection goes into a table of the listener's ring only") {
  require_io_uring();
  ring own;
  ring other;
  file_table others(other, 2);
  listener waits{own, any_port()};
  CHECK(misuse_of([&] { return waits.accept(others); }).contains("take one of the listener's"));
  CHECK(misuse_of([&] { return waits.accept_multishot(others); }).contains("take one of the listener's"));
}

TEST_CASE("memory that the ring knows is sent without a copy, whole and in part") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = co_await tcp_pair(own);
    const registered_buffers buffers(own, 2, 4096);
    std::ranges::copy(bytes_of("hello, world"), buffers.at(1).bytes().begin());
    const sent all = co_await left.send_zc(buffers.at(1).first(12));
    CHECK(all.size == 12);
    const sent part = co_await left.send_zc(buffers.at(1).subspan(7, 5));
    CHECK(part.size == 5);
    std::array<std::byte, 17> into{};
    const std::size_t got = co_await right.read_exactly(into);
    CHECK(text_of(std::span(into).first(got)) == "hello, worldworld");
    ring other;
    const registered_buffers others(other, 1, 64);
    CHECK(misuse_of([&] { return left.send_zc(others.at(0)); }).contains("registered with another ring"));
  });
}

TEST_CASE("a socket in a table sends registered memory") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    file_table table(own, 1);
    auto [client, peer] = co_await tcp_pair_in(table, own);
    const registered_buffers buffers(own, 1, 64);
    std::ranges::copy(bytes_of("registered"), buffers.at(0).bytes().begin());
    const sent all = co_await peer.send_zc(buffers.at(0).first(10));
    CHECK(all.size == 10);
    std::array<std::byte, 10> into{};
    const std::size_t got = co_await client.read_exactly(into);
    CHECK(text_of(std::span(into).first(got)) == "registered");
  });
}

}  // namespace gauntlet::uring::test
