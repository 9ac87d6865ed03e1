#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

using namespace std::chrono_literals;

/// Made, accepted and used.
void connect_over(const address& local) {
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    listener waits{own, local};
    const address there = waits.local_address();
    socket client = co_await open_socket(own, local.family());
    co_await client.connect(there);
    accepted got = co_await waits.accept_from();
    CHECK(got.from.family() == local.family());
    CHECK(got.from == client.local_address());
    CHECK(client.peer_address() == there);
    co_await client.write(bytes_of("hello"));
    co_await client.shutdown();
    {
      const auto awaited = co_await read_all(got.peer);
      CHECK(awaited == "hello");
    }
    co_await got.peer.write(bytes_of("bye"));  // half of it is closed
    co_await got.peer.close();
    {
      const auto awaited = co_await read_all(client);
      CHECK(awaited == "bye");
    }
    co_await client.close();
    co_await waits.close();
  });
}

TEST_CASE("a connection is made, accepted and used, over IPv4 and Unix") {
  require_io_uring();
  connect_over(address::ip4("127.0.0.1", 0));
  connect_over(address::unix_abstract("gauntlet-uring-" + std::to_string(::getpid())));
}

TEST_CASE("a connection is made, accepted and used, over IPv6") {
  require_io_uring();
  require_ip6();
  connect_over(address::ip6("::1", 0));
}

TEST_CASE("a socket is bound, listens and becomes a listener") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    socket made{own, address_family::ip4};
    co_await made.bind(any_port());
    const address bound = made.local_address();
    CHECK(bound.port() != 0);
    {
      const auto awaited = co_await code_of(made.bind(bound));
      CHECK(awaited == std::errc::invalid_argument);
    }  // bound already
    co_await made.listen(8);
    listener waits{std::move(made)};
    socket client{own, address_family::ip4};
    co_await client.connect(bound);
    const socket peer = co_await waits.accept();
    CHECK(peer.peer_address() == client.local_address());
    socket second{own, address_family::ip4};
    {
      const auto awaited = co_await code_of(second.bind(bound));
      CHECK(awaited == std::errc::address_in_use);
    }
  });
}

TEST_CASE("who is not there refuses, by an error that names the address") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    address gone;
    {
      const listener short_lived{own, any_port()};
      gone = short_lived.local_address();
    }
    socket client{own, address_family::ip4};
    try {
      co_await client.connect(gone);
      FAIL("somebody was there");
    } catch (const error& refused) {
      CHECK(refused.code() == std::errc::connection_refused);
      CHECK(refused.subject() == gone.to_string());
      CHECK(refused.operation() == "socket::connect");
    }
    CHECK(misuse_of([&] { return client.connect(address{}); }).contains("there is no address"));
  });
}

TEST_CASE("reading is exact, whole, in parts, and knows the end") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = co_await tcp_pair(own);
    std::array<std::byte, 8> buffer{};
    {
      const auto awaited = co_await right.read_exactly(std::span<std::byte>());
      CHECK(awaited == 0);
    }
    CHECK(misuse_of([&] { return right.read_some(std::span<std::byte>()); }).contains("there is no room"));
    const auto writes = [](socket& to) -> task<> {
      for (const char* part : {"a", "bc", "defgh", "ij"}) {
        co_await to.write(bytes_of(part));
        co_await sleep_for(1ms);
      }
      co_await to.shutdown();
    };
    const auto reads = [&](socket& from) -> task<> {
      {
        const auto awaited = co_await from.read_exactly(buffer);
        CHECK(awaited == 8);
      }
      CHECK(text_of(buffer) == "abcdefgh");
      {
        const auto awaited = co_await from.read_exactly(buffer);
        CHECK(awaited == 2);
      }
      CHECK(text_of(std::span(buffer).first(2)) == "ij");
      {
        const auto awaited = co_await from.read_exactly(buffer);
        CHECK(awaited == 0);
      }
      {
        const auto awaited = co_await from.read_some(buffer);
        CHECK(awaited == 0);
      }
    };
    co_await when_all(writes(left), reads(right));
  });
}

TEST_CASE("a large write is whole on the other side, by one span, by several and by a buffer") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = co_await tcp_pair(own);
    std::vector<std::byte> sent(std::size_t{2} << 20);
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i * 31 >> 3);
    std::vector<std::byte> got(3 * sent.size());
    const auto writes = [&](socket& to) -> task<> {
      co_await to.write(std::span(sent));
      std::vector<std::span<const std::byte>> parts;
      for (std::size_t at = 0; at < sent.size(); at += 300'000) {
        parts.push_back(std::span(sent).subspan(at, std::min<std::size_t>(300'000, sent.size() - at)));
        parts.emplace_back();
      }
      co_await to.write(parts);
      const transfer back = co_await to.write(owned_buffer(sent));
      CHECK(back.size == sent.size());
      CHECK(back.buffer.size() == sent.size());
      co_await to.shutdown();
    };
    const auto reads = [&](socket& from) -> task<> {
      co_await sleep_for(2ms);
      {
        const auto awaited = co_await from.read_exactly(got);
        CHECK(awaited == got.size());
      }
      {
        const auto awaited = co_await read_all(from);
        CHECK(awaited == "");
      }
    };
    co_await when_all(writes(left), reads(right));
    for (std::size_t part = 0; part < 3; ++part)
      CHECK(std::equal(sent.begin(), sent.end(),
                       got.begin() + static_cast<std::ptrdiff_t>(part * sent.size())));
  });
}

TEST_CASE("owned buffers come back with what was read and sent") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    auto [out, text] = co_await left.send(owned_buffer(std::string("abc")));
    CHECK(out == 3);
    CHECK(text.take<std::string>() == "abc");
    auto [in, buffer] = co_await right.read_some(owned_buffer(16));
    CHECK(text_of(buffer.bytes().first(in)) == "abc");
    co_await left.write(bytes_of("de"));
    auto [more, again] = co_await right.recv(std::move(buffer), message_flags::peek);
    CHECK(more == 2);
    CHECK(text_of(again.bytes().first(2)) == "de");
    {
      const auto awaited = co_await right.recv(again.writable());
      CHECK(awaited == 2);
    }
  });
}

TEST_CASE("asked for the whole length of a datagram, recv writes no more than there is room for") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own, socket_type::datagram);
    co_await left.write(bytes_of("0123456789"));
    const auto memory = std::make_unique<std::byte[]>(4);  // a tool sees who looks behind it
    const std::span<std::byte> room(memory.get(), 4);
    const auto both = message_flags::truncated | message_flags::peek;
    const std::size_t whole = co_await right.recv(room, both);
    CHECK(whole == 10);
    CHECK(text_of(room) == "0123");
    const std::size_t last = co_await right.recv(room);
    CHECK(last == 4);
  });
}

TEST_CASE("a peer that resets is an error, and writing to one that is gone") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = co_await tcp_pair(own);
    left.reset_on_close();
    co_await left.close();
    std::array<std::byte, 8> buffer{};
    {
      const auto awaited = co_await code_of(right.read_some(buffer));
      CHECK(awaited == std::errc::connection_reset);
    }
    auto [one, other] = socket_pair(own);
    co_await one.close();
    {
      const auto awaited = co_await code_of(other.write(bytes_of("x")));
      CHECK(awaited == std::errc::broken_pipe);
    }
    {
      const auto awaited = co_await other.read_some(buffer);
      CHECK(awaited == 0);
    }
  });
}

void send_datagrams_over(const address& local) {
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    socket one{own, local.family(), socket_type::datagram};
    socket other{own, local.family(), socket_type::datagram};
    co_await one.bind(local);
    co_await other.bind(local);
    std::array<std::byte, 8> buffer{};
    {
      const auto awaited = co_await one.sendto(bytes_of("hello"), other.local_address());
      CHECK(awaited == 5);
    }
    const received whole = co_await other.recvfrom(buffer);
    CHECK(whole.size == 5);
    CHECK(whole.from == one.local_address());
    CHECK_FALSE(whole.truncated());
    CHECK(text_of(std::span(buffer).first(5)) == "hello");
    {
      const auto awaited = co_await one.sendto({}, other.local_address());
      CHECK(awaited == 0);
    }
    {
      const auto awaited = co_await other.recvfrom(buffer);
      CHECK(awaited.size == 0);
    }
    {
      const auto awaited = co_await one.sendto(bytes_of("much too long"), other.local_address());
      CHECK(awaited == 13);
    }
    const received cut = co_await other.recvfrom(buffer);
    CHECK(cut.size == 8);
    CHECK(cut.truncated());
    CHECK(misuse_of([&] { return one.sendto(bytes_of("x"), address{}); }).contains("there is no address"));
  });
}

TEST_CASE("datagrams tell where they are from, and what was cut off") {
  require_io_uring();
  send_datagrams_over(address::ip4("127.0.0.1", 0));
}

TEST_CASE("datagrams over IPv6 tell where they are from, and what was cut off") {
  require_io_uring();
  require_ip6();
  send_datagrams_over(address::ip6("::1", 0));
}

TEST_CASE("messages are gathered from spans and scattered into spans") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own, socket_type::datagram);
    const std::array parts{bytes_of("ab"), bytes_of(""), bytes_of("cde"), bytes_of("f"),
                           bytes_of("gh"), bytes_of("i")};  // more than have room inside the operation
    {
      const auto awaited = co_await left.sendmsg(parts);
      CHECK(awaited == 9);
    }
    std::array<std::byte, 4> head{};
    std::array<std::byte, 16> tail{};
    const std::array<std::span<std::byte>, 2> into{head, tail};
    const received got = co_await right.recvmsg(into);
    CHECK(got.size == 9);
    CHECK(text_of(head) == "abcd");
    CHECK(text_of(std::span(tail).first(5)) == "efghi");
  });
}

TEST_CASE("descriptors travel as control data, and those that nobody takes are closed") {
  require_io_uring();
  const std::size_t before = open_descriptors();
  {
    ring own;
    run_to_the_end(own, [&]() -> task<> {
      auto [left, right] = socket_pair(own);
      auto [sent, kept] = socket_pair(own);
      std::array<std::byte, 8> buffer{};
      const std::array<std::span<const std::byte>, 1> text{bytes_of("x")};
      const std::array<std::span<std::byte>, 1> into{buffer};
      const std::size_t with_all = open_descriptors();
      for (const bool taken : {true, false}) {
        control_data control;
        const std::array<int, 2> numbers{sent.native(), sent.native()};
        control.add_descriptors(numbers);
        co_await left.sendmsg(text, &control);
        control_data room;
        const received got = co_await right.recvmsg(into, &room);
        CHECK(got.size == 1);
        REQUIRE(room.messages().size() == 1);
        CHECK(misuse_of([&] {
                return room.messages().front().as<int>();
              }).contains("of another size than this type"));
        CHECK(room.messages().front().level == SOL_SOCKET);
        CHECK(open_descriptors() == with_all + 2);
        if (!taken) continue;
        std::vector<int> numbers_here = room.take_descriptors();
        REQUIRE(numbers_here.size() == 2);
        socket first{own, numbers_here[0]};
        socket second{own, numbers_here[1]};
        co_await first.write(bytes_of("through"));
        {
          const auto awaited = co_await kept.read_exactly(std::span(buffer).first(7));
          CHECK(awaited == 7);
        }
        co_await first.close();
        co_await second.close();
      }
      CHECK(open_descriptors() == with_all);
      control_data tiny(8);
      CHECK(
          misuse_of([&] { return tiny.add_descriptors(std::array<int, 1>{0}); }).contains("it does not fit"));
    });
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("options are set and asked, by the ring or the system call") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = co_await tcp_pair(own);
    co_await left.set_option(SOL_SOCKET, SO_KEEPALIVE, 1);
    {
      const auto awaited = co_await left.option<int>(SOL_SOCKET, SO_KEEPALIVE);
      CHECK(awaited == 1);
    }
    co_await left.set_option(IPPROTO_TCP, TCP_NODELAY, 1);
    {
      const auto awaited = co_await left.option<int>(IPPROTO_TCP, TCP_NODELAY);
      CHECK(awaited == 1);
    }
    left.nodelay(false);
    {
      const auto awaited = co_await left.option<int>(IPPROTO_TCP, TCP_NODELAY);
      CHECK(awaited == 0);
    }
    CHECK(misuse_of([&] { left.keepalive(0s); }).contains("the delay must be 1 to 32767 seconds"));
    left.keepalive(7s);
    {
      const auto awaited = co_await left.option<int>(IPPROTO_TCP, TCP_KEEPIDLE);
      CHECK(awaited == 7);
    }
    left.no_keepalive();
    {
      const auto awaited = co_await left.option<int>(SOL_SOCKET, SO_KEEPALIVE);
      CHECK(awaited == 0);
    }
    left.recv_buffer_size(100'000);
    CHECK(left.recv_buffer_size() >= 100'000);
    left.send_buffer_size(100'000);
    CHECK(left.send_buffer_size() >= 100'000);
    {
      const auto awaited = co_await code_of(left.option<int>(IPPROTO_TCP, 9999));
      CHECK(awaited == std::errc::no_protocol_option);
    }
    {
      const auto awaited = co_await code_of(left.option<long>(SOL_SOCKET, SO_KEEPALIVE));
      CHECK(awaited == std::errc::message_size);
    }
  });
}

TEST_CASE("bytes are sent without a copy, and are the caller's when that has ended") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = co_await tcp_pair(own);
    std::vector<std::byte> bytes(100'000, std::byte{7});
    const auto sends = [&](socket& to) -> task<> {
      sent told = co_await to.send_zc(owned_buffer(bytes), message_flags::wait_all);
      CHECK(told.size == bytes.size());
      CHECK(told.copied);  // loopback has no other way
      CHECK(told.buffer.size() == bytes.size());
      const std::array<std::span<const std::byte>, 2> parts{bytes_of("ab"), bytes_of("c")};
      told = co_await to.sendmsg_zc(parts);
      CHECK(told.size == 3);
      told = co_await to.send_zc(bytes_of("d"));
      CHECK(told.size == 1);
      co_await to.shutdown();
    };
    const auto reads = [&](socket& from) -> task<> {
      std::vector<std::byte> got(bytes.size());
      {
        const auto awaited = co_await from.read_exactly(got);
        CHECK(awaited == got.size());
      }
      CHECK(got == bytes);
      {
        const auto awaited = co_await read_all(from);
        CHECK(awaited == "abcd");
      }
    };
    co_await when_all(sends(left), reads(right));
    auto [one, other] = socket_pair(own);  // which has no such way
    {
      const auto awaited = co_await code_of(one.send_zc(bytes_of("x")));
      CHECK(awaited == std::errc::operation_not_supported);
    }
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
