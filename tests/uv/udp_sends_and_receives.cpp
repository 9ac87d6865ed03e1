#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <stdexcept>
#include <vector>

#include "ip6_support.hpp"
#include "pipe_support.hpp"

namespace gauntlet::uv::test {
namespace {

/// Bound to a free port of 127.0.0.1 by `bound`.
address bind(udp& bound) {
  bound.bind(any_port());
  return bound.local_address();
}

TEST_CASE("udp_send_and_recv") {
  loop loop;
  udp server{loop};
  udp client{loop};
  const address server_address = bind(server);
  server.recv_start([&](const datagram& asked) {
    CHECK(text_of(asked.bytes) == "PING");
    CHECK_FALSE(asked.truncated);
    CHECK(asked.from.is_loopback());
    server.send(buffer_of("PONG"), asked.from, [&](outcome<> sent, const owned_buffer& back) {
      CHECK(sent);
      CHECK(text_of(back.bytes()) == "PONG");
      server.close();
    });
  });
  std::vector<owned_buffer> parts;
  parts.push_back(buffer_of("PI"));
  parts.push_back(buffer_of("NG"));
  client.send(std::move(parts), server_address, [&](outcome<> sent, std::vector<owned_buffer> back) {
    CHECK(sent);
    REQUIRE(back.size() == 2);
    CHECK(back[1].take<std::string>() == "NG");
    client.recv_start([&](const datagram& answer) {
      CHECK(text_of(answer.bytes) == "PONG");
      CHECK(answer.from == server_address);
      client.close();
    });
  });
  run_to_the_end(loop);
}

TEST_CASE("udp_bind") {
  loop loop;
  udp first{loop};
  udp second{loop};
  const address taken = bind(first);
  CHECK(error_of([&] { second.bind(taken); }) == std::errc::address_in_use);
  CHECK(error_of([&] { first.bind(any_port()); }) == std::errc::invalid_argument);
  CHECK(misuse_of([&] { second.bind(address::unix_path("/a")); }).find("IPv4 and IPv6") != std::string::npos);
  CHECK(misuse_of([&] { udp refused(loop, {.family = address_family::local}); }) != "");
  first.close();
  second.close();
  CHECK(misuse_of([&] { second.bind(any_port()); }).find("closed") != std::string::npos);
  run_to_the_end(loop);
}

TEST_CASE("udp_bind_reuseaddr") {
  loop loop;
  udp first{loop};
  udp second{loop};
  first.bind(any_port(), {.reuse_address = true});
  second.bind(first.local_address(), {.reuse_address = true});
  first.close();
  second.close();
  run_to_the_end(loop);
}

TEST_CASE("udp_reuseport") {
  loop loop;
  udp first{loop};
  udp second{loop};
  if (UV_VERSION_HEX < ((1 << 16) | (49 << 8))) {
    CHECK(error_of([&] { first.bind(any_port(), {.reuse_port = true}); }) ==
          std::errc::function_not_supported);
  } else {
    first.bind(any_port(), {.reuse_port = true});
    second.bind(first.local_address(), {.reuse_port = true});
  }
  first.close();
  second.close();
  run_to_the_end(loop);
}

TEST_CASE("udp_create_early") {
  loop loop;
  udp early{loop, {.family = address_family::ip4}};
  CHECK(early.fileno() > 2);
  CHECK(early.native() != nullptr);
  CHECK_FALSE(early.using_recvmmsg());
  bind(early);
  early.close();
  udp late{loop};
  CHECK(error_of([&] { static_cast<void>(late.fileno()); }) == std::errc::bad_file_descriptor);
  CHECK(error_of([&] { static_cast<void>(late.local_address()); }) == std::errc::bad_file_descriptor);
  late.close();
  run_to_the_end(loop);
}

void talks_connected(loop& loop, const address& local) {
  udp server{loop};
  server.bind(local);
  udp client{loop};
  CHECK(error_of([&] { client.send(buffer_of("x")); }) == std::errc::destination_address_required);
  CHECK(error_of([&] { client.disconnect(); }) == std::errc::not_connected);
  client.connect(server.local_address());
  CHECK(client.peer_address() == server.local_address());
  CHECK(error_of([&] { client.connect(server.local_address()); }) == std::errc::already_connected);
  CHECK(error_of([&] { client.send(buffer_of("x"), server.local_address()); }) ==
        std::errc::already_connected);
  CHECK(error_of([&] { client.try_send(std::as_bytes(std::span("x", 1)), server.local_address()); }) ==
        std::errc::already_connected);
  std::vector<std::string> heard;
  server.recv_start([&](const datagram& received) {
    heard.push_back(text_of(received.bytes));
    if (heard.size() < 4) return;
    server.close();
    client.close();
  });
  CHECK(client.try_send(std::as_bytes(std::span("tried", 5))));
  client.send(buffer_of("sent"));
  std::vector<owned_buffer> parts;
  parts.push_back(buffer_of("in "));
  parts.push_back(buffer_of("parts"));
  client.send(std::move(parts), [&] {
    client.disconnect();
    CHECK(error_of([&] { static_cast<void>(client.peer_address()); }) == std::errc::not_connected);
    CHECK(error_of([&] { client.try_send(std::as_bytes(std::span("x", 1))); }) ==
          std::errc::destination_address_required);
    client.send(buffer_of("to"), server.local_address());
  });
  run_to_the_end(loop);
  CHECK(heard == std::vector<std::string>{"tried", "sent", "in parts", "to"});
}

TEST_CASE("udp_connect") {
  loop loop;
  talks_connected(loop, any_port());
}

TEST_CASE("udp_connect6") {
  loop loop;
  if (has_ipv6(loop)) talks_connected(loop, address::ip6("::1", 0));
}

TEST_CASE("udp_ipv6: one socket hears both families unless it may not") {
  loop loop;
  if (!has_ipv6(loop)) return;
  udp both{loop};
  both.bind(address::ip6("::", 0));
  udp only{loop, {.family = address_family::ip6}};
  only.bind(address::ip6("::", 0), {.ipv6_only = true});
  CHECK(error_of([&] {
          udp refused(loop);
          refused.bind(any_port(), {.ipv6_only = true});
        }) == std::errc::invalid_argument);
  udp sender{loop};
  std::string from;
  both.recv_start([&](const datagram& received) {
    from = received.from.host();
    both.close();
    only.close();
    sender.close();
  });
  only.recv_start([](const datagram&) { FAIL("it hears IPv6 only"); });
  sender.send(buffer_of("x"), any_port().with_port(only.local_address().port()));
  sender.send(buffer_of("x"), any_port().with_port(both.local_address().port()));
  run_to_the_end(loop);
  CHECK(from == "::ffff:127.0.0.1");
}

TEST_CASE("udp_dgram_too_big") {
  loop loop;
  udp sender{loop};
  const address to = address::ip4("127.0.0.1", 1);
  const std::vector<std::byte> large(65536);
  CHECK(error_of([&] { sender.try_send(large, to); }) == std::errc::message_size);
  std::error_code told;
  sender.send(owned_buffer(std::string(65536, 'x')), to,
              [&](const outcome<>& sent, const owned_buffer& back) {
                told = sent.error()->code();
                CHECK(back.size() == 65536);
                sender.close();
              });
  run_to_the_end(loop);
  CHECK(told == std::errc::message_size);
}

TEST_CASE("udp_no_autobind: a socket is made and bound by the first use") {
  loop loop;
  udp receiver{loop};
  receiver.recv_start([](const datagram&) {});
  CHECK(receiver.local_address().port() != 0);
  CHECK(error_of([&] { receiver.recv_start([](const datagram&) {}); }) ==
        std::errc::connection_already_in_progress);
  udp sender{loop};
  sender.send(buffer_of("x"), any_port().with_port(receiver.local_address().port()), [&] {
    CHECK(sender.local_address().port() != 0);
    sender.close();
    receiver.recv_stop();
    receiver.recv_stop();
    CHECK_FALSE(receiver.is_active());
    receiver.close();
  });
  run_to_the_end(loop);
}

TEST_CASE("udp_open") {
  loop loop;
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  udp opened{loop};
  opened.open(socket);
  CHECK(opened.fileno() == socket);
  CHECK(error_of([&] { opened.open(socket); }) == std::errc::device_or_resource_busy);  // udp_open_twice
  const address local = bind(opened);
  std::string heard;
  opened.recv_start([&](const datagram& received) {
    heard = text_of(received.bytes);
    opened.close();
  });
  opened.send(buffer_of("to myself"), local);
  run_to_the_end(loop);
  CHECK(heard == "to myself");
}

TEST_CASE("udp_open_bound, udp_open_connect") {
  loop loop;
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  const address any = any_port();
  REQUIRE(::bind(socket, any.native(), static_cast<socklen_t>(any.size())) == 0);
  udp server{loop};
  server.open(socket);
  const address local = server.local_address();
  const int connected = ::socket(AF_INET, SOCK_DGRAM, 0);
  REQUIRE(::connect(connected, local.native(), static_cast<socklen_t>(local.size())) == 0);
  udp client{loop};
  client.open(connected);
  std::string heard;
  server.recv_start([&](const datagram& received) {
    heard = text_of(received.bytes);
    server.close();
    client.close();
  });
  client.send(buffer_of("connected"));
  run_to_the_end(loop);
  CHECK(heard == "connected");
}

TEST_CASE("udp_send_unix") {
  const temporary_folder folder;
  loop loop;
  udp none{loop};
  const address path = address::unix_path(folder / "a");
  CHECK(misuse_of([&] { none.send(buffer_of("x"), path); }).find("opened with open()") != std::string::npos);
  CHECK(misuse_of([&] { none.try_send(std::as_bytes(std::span("x", 1)), path); }) != "");
  none.close();
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  REQUIRE(::bind(socket, path.native(), static_cast<socklen_t>(path.size())) == 0);
  udp receiver{loop};
  receiver.open(socket);
  udp sender{loop};
  sender.open(::socket(AF_UNIX, SOCK_DGRAM, 0));
  CHECK(misuse_of([&] { sender.send(buffer_of("x"), address::unix_abstract("a")); }) != "");
  std::vector<address> from;
  receiver.recv_start([&](const datagram& received) {
    CHECK(text_of(received.bytes) == "x");
    from.push_back(received.from);
    if (from.size() < 2) return;
    receiver.close();
    sender.close();
  });
  sender.send(buffer_of("x"), path);
  receiver.send(buffer_of("x"), path);
  run_to_the_end(loop);
  CHECK(from == std::vector<address>{address(), path});
}

TEST_CASE("udp_options") {
  loop loop;
  udp used{loop};
  CHECK(error_of([&] { used.set_ttl(1); }) == std::errc::bad_file_descriptor);
  bind(used);
  used.set_broadcast(true);
  used.set_broadcast(false);
  for (const int ttl : {1, 64, 255}) {
    used.set_ttl(ttl);
    int found = 0;
    socklen_t size = sizeof found;
    REQUIRE(::getsockopt(used.fileno(), 0 /* IPPROTO_IP */, 2 /* IP_TTL */, &found, &size) == 0);
    CHECK(found == ttl);
  }
  for (const int ttl : {-1, 0, 256})
    CHECK(error_of([&] { used.set_ttl(ttl); }) == std::errc::invalid_argument);
  used.set_multicast_loop(true);
  used.set_multicast_loop(false);
  used.set_multicast_ttl(1);
  CHECK(error_of([&] { used.set_multicast_ttl(256); }) == std::errc::invalid_argument);
  used.set_multicast_interface("127.0.0.1");
  used.set_multicast_interface({});
  CHECK(error_of([&] { used.set_multicast_interface("no address"); }) == std::errc::invalid_argument);
  CHECK(misuse_of([&] { used.set_multicast_interface(std::string_view("127.0.0.1\0", 10)); }) != "");
  used.send_buffer_size(16384);
  CHECK(used.send_buffer_size() >= 16384);
  used.recv_buffer_size(16384);
  CHECK(used.recv_buffer_size() >= 16384);
  CHECK(misuse_of([&] { used.recv_buffer_size(0); }) != "");
  used.close();
  run_to_the_end(loop);
}

TEST_CASE("udp_send_immediate: several sends in one turn arrive whole and in order") {
  loop loop;
  udp receiver{loop};
  udp sender{loop};
  const address to = bind(receiver);
  int sent = 0;
  std::vector<std::string> heard;
  receiver.recv_start([&](const datagram& received) {
    heard.push_back(text_of(received.bytes));
    if (heard.size() < 3) return;
    receiver.close();
    sender.close();
  });
  for (const char* const text : {"first", "", "third"}) sender.send(buffer_of(text), to, [&] { ++sent; });
  CHECK(sent == 0);  // callbacks come from run()
  CHECK(sender.send_queue_count() == 3);
  CHECK(sender.send_queue_size() == 10);
  CHECK_FALSE(sender.try_send(std::as_bytes(std::span("x", 1)), to));  // others are before it
  run_to_the_end(loop);
  CHECK(sent == 3);
  CHECK(heard == std::vector<std::string>{"first", "", "third"});
}

TEST_CASE("udp_send_hang_loop: a send from each callback leaves room for others") {
  loop loop;
  udp sender{loop};
  udp sink{loop};
  const address to = bind(sink);
  idle other{loop};
  int turns = 0;
  other.start([&] {
    if (++turns < 100) return;
    other.close();
    sender.close();
    sink.close();
  });
  std::optional<callback<void()>> again;
  again.emplace([&] {
    if (!sender.is_closing()) sender.send(buffer_of("x"), to, [&] { (*again)(); });
  });
  (*again)();
  run_to_the_end(loop);
  CHECK(turns == 100);
}

TEST_CASE("udp_send_unreachable") {
  loop loop;
  address nobody;
  {
    udp gone{loop};
    nobody = bind(gone);
  }
  loop.run(run_mode::nowait);
  udp sender{loop};
  sender.bind(any_port(), {.linux_recverr = true});
  std::vector<std::error_code> told;
  sender.recv_start([&](const outcome<datagram>& received) {
    REQUIRE(received.error() != nullptr);
    told.push_back(received.error()->code());
    sender.close();
  });
  sender.send(buffer_of("x"), nobody);
  run_to_the_end(loop);
  CHECK(told == std::vector{make_error_code(UV_ECONNREFUSED)});
}

TEST_CASE("udp_sendmmsg_error: each send is told its own end") {
  loop loop;
  address nobody;
  {
    udp gone{loop};
    nobody = bind(gone);
  }
  loop.run(run_mode::nowait);
  udp sender{loop};
  sender.connect(nobody);
  int ends = 0;
  int refused = 0;
  for (int i = 0; i < 100; ++i)
    sender.send(buffer_of("x"), [&](const outcome<>& sent) {
      if (!sent && sent.error()->code() == std::errc::connection_refused) ++refused;
      if (++ends == 100) sender.close();
    });
  run_to_the_end(loop);
  CHECK(ends == 100);
  CHECK(refused > 0);
}

TEST_CASE("udp_try_send") {
  loop loop;
  udp receiver{loop};
  const address to = bind(receiver);
  udp sender{loop};
  CHECK(error_of([&] { sender.try_send(std::as_bytes(std::span("x", 1))); }) ==
        std::errc::destination_address_required);
  const std::array parts{std::as_bytes(std::span("EX", 2)), std::as_bytes(std::span("IT", 2))};
  CHECK(sender.try_send(parts, to));
  CHECK(misuse_of([&] { sender.try_send(std::span<const std::span<const std::byte>>(), to); }) != "");
  CHECK(misuse_of([&] { sender.send(std::vector<owned_buffer>(), to); }) != "");
  receiver.recv_start([&](const datagram& received) {
    CHECK(text_of(received.bytes) == "EXIT");
    receiver.close();
    sender.close();
  });
  run_to_the_end(loop);
}

TEST_CASE("udp_try_send of several") {
  loop loop;
  udp receiver{loop};
  const address to = bind(receiver);
  udp sender{loop};
  std::vector<std::string> texts;
  for (int i = 0; i < 50; ++i) texts.push_back(std::to_string(i));
  std::vector<outgoing_datagram> datagrams;
  for (const std::string& text : texts)
    datagrams.push_back({.bytes = std::as_bytes(std::span(text)), .to = to});
  CHECK(misuse_of([&] { sender.try_send(std::span<const outgoing_datagram>()); }) != "");
  std::vector<std::string> heard;
  receiver.recv_start([&](const datagram& received) {
    heard.push_back(text_of(received.bytes));
    if (heard.size() < texts.size()) return;
    receiver.close();
    sender.close();
  });
  if (UV_VERSION_HEX < ((1 << 16) | (50 << 8))) {
    CHECK(error_of([&] { sender.try_send(datagrams); }) == std::errc::function_not_supported);
    receiver.close();
    sender.close();
    run_to_the_end(loop);
    return;
  }
  CHECK(error_of([&] { sender.try_send(datagrams); }) == std::errc::invalid_argument);  // there is no socket
  bind(sender);
  CHECK(sender.try_send(datagrams) == texts.size());
  run_to_the_end(loop);
  CHECK(heard == texts);
}

TEST_CASE("a datagram that is larger than its memory says so") {
  loop loop;
  udp receiver{loop};
  const address to = bind(receiver);
  udp sender{loop};
  std::array<std::byte, 4> memory{};
  std::vector<std::pair<std::string, bool>> heard;
  receiver.recv_start(
      [&](std::size_t suggested) {
        CHECK(suggested == 65536);
        return std::span(memory);
      },
      [&](const datagram& received) {
        CHECK(received.bytes.data() == memory.data());
        heard.emplace_back(text_of(received.bytes), received.truncated);
        if (heard.size() < 2) return;
        receiver.close();
        sender.close();
      });
  sender.send(buffer_of("whole"), to);
  sender.send(buffer_of("four"), to);
  run_to_the_end(loop);
  CHECK(heard == std::vector<std::pair<std::string, bool>>{{"whol", true}, {"four", false}});
}

TEST_CASE("nothing to receive into ends receiving, and what the callbacks throw comes out of run") {
  loop loop;
  udp receiver{loop};
  const address to = bind(receiver);
  udp sender{loop};
  std::vector<std::error_code> told;
  receiver.recv_start([](std::size_t) { return std::span<std::byte>(); },
                      [&](const outcome<datagram>& received) { told.push_back(received.error()->code()); });
  sender.send(buffer_of("x"), to);
  while (told.empty()) loop.run(run_mode::once);
  CHECK(told == std::vector{make_error_code(UV_ENOBUFS)});
  CHECK_FALSE(receiver.is_active());

  receiver.recv_start([](std::size_t) -> std::span<std::byte> { throw std::runtime_error("alloc"); },
                      [&](const outcome<datagram>&) { throw std::runtime_error("receive"); });
  CHECK(thrown_by<std::runtime_error>([&] { loop.run(); }) == "alloc");
  CHECK(thrown_by<std::runtime_error>([&] { loop.run(); }) == "receive");

  receiver.recv_start([](const datagram&) { throw std::runtime_error("again"); });
  sender.send(buffer_of("y"), to, [] { throw std::runtime_error("sent"); });
  std::vector<std::string> thrown;
  for (int i = 0; i < 3; ++i) thrown.push_back(thrown_by<std::runtime_error>([&] { loop.run(); }));
  std::ranges::sort(thrown);
  CHECK(thrown == std::vector<std::string>{"again", "again", "sent"});
  receiver.close();
  sender.close();
  run_to_the_end(loop);
}

TEST_CASE("a socket is dropped with sends in flight, the loop ends with sends in flight") {
  std::optional<loop> loop;
  loop.emplace();
  udp receiver{*loop};
  const address to = bind(receiver);
  int ends = 0;
  {
    udp dropped{*loop};
    dropped.send(buffer_of("x"), to, [&](const outcome<>&, const owned_buffer& back) {
      CHECK(text_of(back.bytes()) == "x");
      ++ends;
    });
  }
  CHECK(loop->pending().size() == 3);
  while (ends == 0) loop->run(run_mode::once);
  udp left{*loop};
  for (int i = 0; i < 50; ++i) left.send(buffer_of("x"), to, [&](const outcome<>&) { ++ends; });
  receiver.recv_start([&](const outcome<datagram>&) { FAIL("the loop ends silently"); });
  loop.reset();
  CHECK(ends == 1);
  CHECK(misuse_of([&] { left.send(buffer_of("x"), to); }).find("together with its loop") !=
        std::string::npos);
}

}  // namespace
}  // namespace gauntlet::uv::test
