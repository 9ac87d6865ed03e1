#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

/// An address where nobody listens: one that was just given up, so that the system does not give it away
/// soon.
address nobody() {
  loop loop;
  const tcp_listener gone{loop, any_port()};
  return gone.local_address();
}

/// A server and its client, connected.
struct connected_ends {
  explicit connected_ends(loop& loop)
      : listener(std::in_place, loop, any_port()), client(std::in_place, loop) {
    listener->listen([this](tcp peer) {
      served = std::move(peer);
      listener->close();
    });
    client->connect(listener->local_address(), [this] { connected = true; });
    while (!connected || !served) loop.run(run_mode::once);
  }
  std::optional<tcp_listener> listener;
  std::optional<tcp> client;
  std::optional<tcp> served;
  bool connected = false;
};

TEST_CASE("tcp_close") {
  loop loop;
  connected_ends both(loop);
  bool closed = false;
  both.client->write(buffer_of("hello"), [&](outcome<> written) {
    CHECK(name_of(written) == "ok");
    both.client->close([&] { closed = true; });
  });
  bool ended = false;
  both.served->read_start([&](std::span<std::byte> data) {
    if (!data.empty()) return;
    ended = true;
    both.served->close();
  });
  run_to_the_end(loop);
  CHECK(closed);
  CHECK(ended);
}

TEST_CASE("tcp_close_accept: connections are closed while they are accepted") {
  loop loop;
  std::optional<tcp_listener> listener(std::in_place, loop, any_port());
  std::vector<tcp> accepted;
  std::vector<tcp> clients;
  int seen = 0;
  listener->listen([&](tcp peer) {
    accepted.push_back(std::move(peer));
    accepted.back().read_start([&](outcome<std::span<std::byte>> read) {
      ++seen;
      static_cast<void>(read);
      for (tcp& each : accepted)
        if (!each.is_closing()) each.close();
      listener.reset();
      clients.clear();
    });
  });
  const address where = listener->local_address();
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(loop);
    clients.back().connect(where, [&, i](outcome<> connected) {
      if (connected && i == 2) clients.back().try_write(std::as_bytes(std::span("x", 1)));
    });
  }
  CHECK_FALSE(loop.run());
  CHECK(seen == 1);
  loop.close();
}

TEST_CASE("tcp_close_while_connecting") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  tcp client{loop};
  std::string order;
  client.connect(listener.local_address(), [&](outcome<> connected) { order += name_of(connected) + ' '; });
  client.close([&] { order += "closed"; });
  listener.close();
  run_to_the_end(loop);
  CHECK(order == "ECANCELED closed");
}

/// Listens, with a queue that is full: nobody accepts, and who connects now waits.
struct full_listener {
  full_listener() {
    descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // SAFETY: a sockaddr_in is used as the sockaddr it begins with.
    REQUIRE(bind(descriptor, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0);
    REQUIRE(listen(descriptor, 0) == 0);
    socklen_t size = sizeof local;
    REQUIRE(getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) == 0);
    where = address::ip4("127.0.0.1", ntohs(local.sin_port));
  }
  ~full_listener() { close(descriptor); }
  full_listener(const full_listener&) = delete;
  full_listener& operator=(const full_listener&) = delete;

  int descriptor = -1;
  address where;
};

TEST_CASE("tcp_connect_timeout: a connection that does not come is given up by a timer") {
  const full_listener full;
  loop loop;
  std::vector<tcp> fillers;
  std::vector<std::string> told;
  timer timer{loop};
  // One more than the queue takes is never answered: the system drops its SYN.
  for (int i = 0; i < 4; ++i) {
    fillers.emplace_back(loop).connect(full.where,
                                       [&](outcome<> connected) { told.push_back(name_of(connected)); });
  }
  timer.start(50ms, [&] {
    fillers.clear();
    timer.close();
  });
  run_to_the_end(loop);
  REQUIRE(told.size() == 4);
  CHECK(told.back() == "ECANCELED");
}

TEST_CASE("tcp_close_after_read_timeout") {
  loop loop;
  connected_ends both(loop);
  timer timer{loop};
  bool served_ended = false;
  both.client->write(buffer_of("hello"));
  both.client->read_start([&](outcome<std::span<std::byte>>) {});
  both.served->read_start([&](std::span<std::byte> data) {
    if (data.empty()) {
      served_ended = true;
      both.served->close();
      return;
    }
    timer.start(10ms, [&] {
      both.client->close();
      timer.close();
    });
  });
  run_to_the_end(loop);
  CHECK(served_ended);
}

TEST_CASE("tcp_close_reset_client") {
  loop loop;
  connected_ends both(loop);
  std::string told;
  bool closed = false;
  both.served->read_start([&](outcome<std::span<std::byte>> read) {
    told = name_of(read);
    both.served->close();
  });
  both.client->close_reset([&] { closed = true; });
  CHECK(both.client->is_closing());
  run_to_the_end(loop);
  CHECK(closed);
  CHECK(told == "ECONNRESET");
}

TEST_CASE("tcp_close_reset_client_after_shutdown") {
  loop loop;
  connected_ends both(loop);
  bool ended = false;
  both.client->shutdown([&](outcome<> shut) {
    CHECK(name_of(shut) == "ok");
    ended = true;
  });
  CHECK(misuse_of([&] { both.client->close_reset(); }).find("shutdown() was called before: use close()") !=
        std::string::npos);
  CHECK_FALSE(both.client->is_closing());
  while (!ended) loop.run(run_mode::once);
  both.client->close();
  both.served->close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_close_reset_accepted") {
  loop loop;
  connected_ends both(loop);
  std::string told;
  both.client->read_start([&](outcome<std::span<std::byte>> read) {
    told = name_of(read);
    both.client->close();
  });
  both.served->close_reset();
  run_to_the_end(loop);
  CHECK(told == "ECONNRESET");
}

TEST_CASE("tcp_close_reset_accepted_after_shutdown") {
  loop loop;
  connected_ends both(loop);
  both.served->shutdown(no_callback());
  CHECK(misuse_of([&] { both.served->close_reset(); }).find("use close()") != std::string::npos);
  both.served->close();
  both.client->close();
  run_to_the_end(loop);
}

TEST_CASE(
    "tcp_close_reset_accepted_after_socket_shutdown: one that is half closed can be reset all the same") {
  loop loop;
  connected_ends both(loop);
  REQUIRE(::shutdown(both.served->fileno(), SHUT_WR) == 0);  // libuv knows nothing of it
  std::string told;
  both.client->read_start([&](outcome<std::span<std::byte>> read) {
    told += name_of(read) + ' ';
    if (!read) both.client->close();
  });
  while (told.empty()) loop.run(run_mode::once);
  CHECK(told == "ok ");  // the end of what is read
  both.served->close_reset();
  bool written = false;
  both.client->write(buffer_of("x"), [&](outcome<> ended) {
    written = true;
    CHECK((name_of(ended) == "ECONNRESET" || name_of(ended) == "EPIPE"));
    both.client->close();
  });
  run_to_the_end(loop);
  CHECK(written);
}

TEST_CASE("close_reset of a handle without a socket is an error, and the handle stays open") {
  loop loop;
  tcp none{loop};
  bool closed = false;
  CHECK(error_name_of([&] { none.close_reset([&] { closed = true; }); }) == "EBADF");
  CHECK_FALSE(none.is_closing());
  none.close();
  run_to_the_end(loop);
  CHECK_FALSE(closed);
}

TEST_CASE("tcp_connect_error_fault, tcp_bind_error_fault: an address that is not one of IP") {
  loop loop;
  tcp client{loop};
  CHECK(misuse_of([&] { client.connect(address(), [] {}); }).find("make one with address::ip") !=
        std::string::npos);
  CHECK(misuse_of([&] { client.bind(address()); }).find("make one with address::ip") != std::string::npos);
  CHECK(misuse_of([&] { tcp_listener none(loop, address()); }).find("make one with address::ip") !=
        std::string::npos);
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("connection_fail, connection_fail_doesnt_auto_close") {
  loop loop;
  tcp client{loop};
  std::string told;
  client.connect(nobody(), [&](outcome<> connected) { told = name_of(connected); });
  CHECK_FALSE(loop.run());
  CHECK(told == "ECONNREFUSED");
  CHECK_FALSE(client.is_closing());
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_connect_error_after_write") {
  loop loop;
  tcp client{loop};
  CHECK(error_name_of([&] { client.write(buffer_of("too early")); }) == "EBADF");
  std::string told;
  client.connect(nobody(), [&](outcome<> connected) { told += name_of(connected); });
  std::string written;
  client.write(buffer_of("hello"), [&](outcome<> ended, owned_buffer back) {
    written = name_of(ended);
    CHECK(back.take<std::string>() == "hello");
  });
  CHECK_FALSE(loop.run());
  CHECK(told == "ECONNREFUSED");
  CHECK(written == "ECANCELED");
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_connect6_error: a family the socket is not of") {
  loop loop;
  tcp client{loop, address_family::ip4};
  CHECK(error_name_of([&] { client.connect(address::ip6("::1", 1), no_callback()); }) != "none");
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_bind_error_addrinuse_listen") {
  loop loop;
  tcp_listener first{loop, any_port()};
  first.listen([](tcp) {});
  tcp_listener second{loop, first.local_address()};  // libuv tells of it with listen
  CHECK(error_name_of([&] { second.listen([](tcp) {}); }) == "EADDRINUSE");
  first.close();
  second.close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_bind_error_addrinuse_connect") {
  loop loop;
  tcp_listener taken{loop, any_port()};
  taken.listen([](tcp) {});
  tcp client{loop};
  client.bind(taken.local_address());
  std::string told;
  client.connect(taken.local_address(), [&](outcome<> connected) { told = name_of(connected); });
  taken.unref();
  CHECK_FALSE(loop.run());
  CHECK(told == "EADDRINUSE");
  loop.close();
}

TEST_CASE("tcp_bind_error_addrnotavail") {
  loop loop;
  // 192.0.2.0/24 is nobody's.
  CHECK(error_name_of([&] {
          tcp_listener listener(loop, address::ip4("192.0.2.1", 0));
          listener.listen([](tcp) {});
        }) == "EADDRNOTAVAIL");
  run_to_the_end(loop);
}

TEST_CASE("tcp_bind_error_inval: bound twice") {
  loop loop;
  tcp client{loop};
  client.bind(any_port());
  CHECK(error_name_of([&] { client.bind(any_port()); }) == "EINVAL");
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_listen_without_bind: a socket that was taken over") {
  loop loop;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  tcp_listener listener{loop, socket};
  bool accepted = false;
  listener.listen([&](tcp) {
    accepted = true;
    listener.close();
  });
  tcp client{loop};
  client.connect(address::ip4("127.0.0.1", listener.local_address().port()), [&] { client.close(); });
  CHECK(listener.fileno() == socket);
  run_to_the_end(loop);
  CHECK(accepted);
}

TEST_CASE("a backlog of nothing is misuse") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  CHECK(misuse_of([&] { listener.listen([](tcp) {}, 0); }).find("at least 1") != std::string::npos);
  listener.close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_open, tcp_open_twice, tcp_open_bound") {
  loop loop;
  {
    tcp first{loop};
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    first.open(socket);
    CHECK(first.fileno() == socket);
    const int another = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(error_name_of([&] { first.open(another); }) == "EBUSY");
    CHECK(::close(another) == 0);  // what was not taken over stays the caller's
    CHECK(error_name_of([&] { first.open(-1); }) == "EBADF");
  }
  {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // SAFETY: a sockaddr_in is used as the sockaddr it begins with.
    REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0);
    tcp_listener bound{loop, socket};
    bound.listen([](tcp) {});
    CHECK(bound.local_address().port() != 0);
    tcp client{loop};
    bool connected = false;
    client.connect(bound.local_address(), [&] {
      connected = true;
      bound.close();
    });
    CHECK_FALSE(loop.run());
    CHECK(connected);
  }
  loop.run();
  loop.close();
}

TEST_CASE("tcp_flags, and what a socket says of itself") {
  loop loop;
  tcp fresh{loop, address_family::ip4};
  fresh.nodelay(true);
  fresh.keepalive(60s);
  fresh.no_keepalive();
  CHECK(misuse_of([&] { fresh.keepalive(0s); }).find("at least one second") != std::string::npos);
  CHECK(error_name_of([&] { static_cast<void>(fresh.peer_address()); }) == "ENOTCONN");
  fresh.send_buffer_size(65536);
  CHECK(fresh.send_buffer_size() >= 65536);
  fresh.recv_buffer_size(65536);
  CHECK(fresh.recv_buffer_size() >= 65536);
  CHECK(misuse_of([&] { fresh.send_buffer_size(0); }).find("1 to 2147483647") != std::string::npos);
  connected_ends both(loop);
  CHECK(both.client->peer_address() == both.served->local_address());
  CHECK(both.client->local_address() == both.served->peer_address());
  CHECK(both.client->is_readable());
  CHECK(both.client->is_writable());
  CHECK_FALSE(fresh.is_readable());
  loop.close();
}

TEST_CASE("tcp_reuseport") {
  loop loop;
  tcp_listener first{loop, any_port(), {.reuse_port = true}};
  tcp_listener second{loop, first.local_address(), {.reuse_port = true}};
  constexpr int connections = 100;
  int accepted_by_first = 0;
  int accepted_by_second = 0;
  const auto count = [&](int& by) {
    return [&](tcp) {
      ++by;
      if (accepted_by_first + accepted_by_second < connections) return;
      first.close();
      second.close();
    };
  };
  first.listen(count(accepted_by_first));
  second.listen(count(accepted_by_second));
  std::vector<tcp> clients;
  for (int i = 0; i < connections; ++i)
    clients.emplace_back(loop).connect(first.local_address(), no_callback());
  while (accepted_by_first + accepted_by_second < connections) loop.run(run_mode::once);
  CHECK(accepted_by_first > 0);
  CHECK(accepted_by_second > 0);
  clients.clear();
  run_to_the_end(loop);
}

TEST_CASE("tcp_create_early, tcp_create_early_accept: there is a socket before it is used") {
  loop loop;
  CHECK(error_name_of([&] { static_cast<void>(tcp(loop).fileno()); }) == "EBADF");
  tcp client{loop, address_family::ip4};
  const int socket = client.fileno();
  CHECK(socket >= 0);
  client.bind(any_port());
  const address own = client.local_address();
  CHECK(client.fileno() == socket);
  tcp_listener listener{loop, any_port()};
  address seen;
  listener.listen([&](tcp peer) {
    seen = peer.peer_address();
    listener.close();
  });
  client.connect(listener.local_address(), [&] {
    CHECK(client.fileno() == socket);
    client.close();
  });
  run_to_the_end(loop);
  CHECK(seen == own);
}

TEST_CASE("multiple_listen") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  bool first = false;
  bool second = false;
  listener.listen([&](tcp) { first = true; });
  listener.listen([&](tcp) {
    second = true;
    listener.close();
  });
  tcp client{loop};
  client.connect(listener.local_address(), [&] { client.close(); });
  run_to_the_end(loop);
  CHECK_FALSE(first);
  CHECK(second);
}

TEST_CASE("delayed_accept") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  int told = 0;
  std::vector<tcp> accepted;
  std::vector<tcp> clients;
  timer later{loop};
  listener.listen([&] {
    ++told;
    if (!later.is_active()) later.start(1ms, [&] { accepted.push_back(listener.try_accept().value()); });
  });
  CHECK_FALSE(listener.try_accept());
  for (int i = 0; i < 2; ++i) clients.emplace_back(loop).connect(listener.local_address(), no_callback());
  while (accepted.size() < 2) loop.run(run_mode::once);
  CHECK(told == 2);  // again only after try_accept()
  loop.close();
}

TEST_CASE("the listener may end inside its own callback, and another's connection comes to nobody") {
  loop loop;
  std::optional<tcp_listener> listener(std::in_place, loop, any_port());
  const address where = listener->local_address();
  int accepted = 0;
  listener->listen([&](tcp) {
    ++accepted;
    listener.reset();
  });
  tcp first{loop};
  tcp second{loop};
  first.connect(where, [&](outcome<>) { first.close(); });
  second.connect(where, [&](outcome<>) { second.close(); });
  CHECK_FALSE(loop.run());
  CHECK(accepted == 1);
  loop.close();
}

}  // namespace
}  // namespace gauntlet::uv::test
