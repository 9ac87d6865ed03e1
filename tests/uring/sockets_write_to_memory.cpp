// As files_write_to_memory.cpp, of what sockets bring.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>

#include "known_memory.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

constexpr std::size_t head_size = 16;      // struct io_uring_recvmsg_out
constexpr std::size_t address_size = 128;  // struct sockaddr_storage

TEST_CASE("of what a socket is to read into those bytes are written that have come") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    const blank memory(8);
    co_await left.write(bytes_of("hello"));
    const std::size_t peeked = co_await right.recv(memory.first(3), message_flags::peek);
    CHECK(peeked == 3);
    CHECK(runs_of(memory.bytes()) == runs{3, 5});
    const std::size_t size = co_await right.read_some(memory.bytes());
    CHECK(size == 5);
    CHECK(runs_of(memory.bytes()) == runs{5, 3});
    CHECK(text_of(memory.first(5)) == "hello");
    co_await left.write(bytes_of("bye"));
    co_await left.shutdown();
    const blank whole(8);
    const std::size_t all = co_await right.read_exactly(whole.bytes());
    CHECK(all == 3);
    CHECK(runs_of(whole.bytes()) == runs{3, 5});
  });
}

TEST_CASE("asked for the whole length of a message, the kernel has written what there was room for") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own, socket_type::datagram);
    const blank memory(12);
    co_await left.send(bytes_of("much too long"));
    const auto both = message_flags::truncated | message_flags::peek;
    const std::size_t whole = co_await right.recv(memory.first(4), both);
    CHECK(whole == 13);
    CHECK(runs_of(memory.bytes()) == runs{4, 8});
    const std::array<std::span<std::byte>, 2> into{memory.bytes().subspan(5, 2),
                                                   memory.bytes().subspan(8, 3)};
    const received got = co_await right.recvmsg(into, nullptr, message_flags::truncated);
    CHECK(got.size == 13);
    CHECK(got.truncated());
    CHECK(runs_of(memory.bytes()) == runs{4, 1, 2, 1, 3, 1});
    CHECK(text_of(memory.bytes().subspan(8, 3)) == "ch ");
  });
}

TEST_CASE("TCP writes none of the bytes that it throws away") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = co_await tcp_pair(own);
    const blank memory(8);
    memory.bytes()[1] = std::byte{1};  // as it was before
    const runs before{0, 1, 1, 6};
    const std::array<std::span<std::byte>, 2> parts{memory.first(3), memory.bytes().subspan(3)};
    co_await left.write(bytes_of("12345678abcdefghABCDEFGHtaken"));
    const std::size_t first = co_await right.recv(memory.bytes(), message_flags::truncated);
    CHECK(first == 8);
    CHECK(runs_of(memory.bytes()) == before);
    const received second = co_await right.recvmsg(parts, nullptr, message_flags::truncated);
    CHECK(second.size == 8);
    CHECK(runs_of(memory.bytes()) == before);
    const received third = co_await right.recvfrom(memory.bytes(), message_flags::truncated);
    CHECK(third.size == 8);
    CHECK(runs_of(memory.bytes()) == before);
    const std::size_t last = co_await right.recv(memory.bytes());
    CHECK(text_of(memory.first(last)) == "taken");
    co_await left.write(bytes_of("gone"));
    const transfer owned = co_await right.recv(owned_buffer(8), message_flags::truncated);
    CHECK(owned.size == 4);
    CHECK(runs_of(owned.buffer.bytes()) == runs{0, 8});
  });
}

TEST_CASE("of a message its bytes are written, where it is from, and its control data") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    socket one{own, address_family::ip4, socket_type::datagram};
    socket other{own, address_family::ip4, socket_type::datagram};
    co_await one.bind(any_port());
    co_await other.bind(any_port());
    co_await other.set_option(SOL_SOCKET, SO_TIMESTAMP, 1);
    const blank head(4);
    const blank tail(4);
    const std::array<std::span<std::byte>, 2> into{head.bytes(), tail.bytes()};
    control_data control(128);
    const blank nothing(64);
    control.add(SOL_SOCKET, SO_TIMESTAMP, nothing.bytes());  // what was there before is unknown, too
    co_await one.sendto(bytes_of("hello"), other.local_address());
    const received got = co_await other.recvmsg(into, &control);
    CHECK(got.size == 5);
    CHECK(runs_of(head.bytes()) == runs{4});
    CHECK(runs_of(tail.bytes()) == runs{1, 3});
    CHECK(runs_of({reinterpret_cast<const std::byte*>(got.from.native()), sizeof(sockaddr_in)}) ==
          runs{sizeof(sockaddr_in)});
    CHECK(got.from == one.local_address());
    const std::size_t size = CMSG_SPACE(sizeof(timeval));
    CHECK(control.data().size() == size);
    CHECK(runs_of({control.memory(), CMSG_SPACE(64)}) == runs{size, CMSG_SPACE(64) - size});
  });
}

TEST_CASE("where a connection is from is written") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    listener waits{own, any_port()};
    socket client{own, address_family::ip4};
    co_await client.connect(waits.local_address());
    const accepted got = co_await waits.accept_from();
    CHECK(runs_of({reinterpret_cast<const std::byte*>(got.from.native()), sizeof(sockaddr_in)}) ==
          runs{sizeof(sockaddr_in)});
    CHECK(got.from == client.local_address());
  });
}

/// All of a buffer, of which the kernel has filled the beginning.
std::span<const std::byte> whole_of(const provided_buffer& buffer, std::size_t size) {
  return {buffer.bytes().data(), size};
}

TEST_CASE("of a buffer that the kernel chose those bytes are written that have come, each time anew") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    const buffer_ring buffers{own, {.count = 1, .size = 16}};
    for (const std::string_view text : {"much at first", "little", "x"}) {
      co_await left.write(bytes_of(text));
      const provided_buffer got = co_await right.read_some(buffers);
      CHECK(runs_of(whole_of(got, 16)) == runs{text.size(), 16 - text.size()});
      CHECK(text_of(got.bytes()) == text);
    }
  });
}

TEST_CASE("of the buffers of a stream those bytes are written that have come, each time anew") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    auto [left, right] = socket_pair(own);
    const buffer_ring buffers{own, {.count = 1, .size = 16}};
    multishot<provided_buffer> stream = right.recv_multishot(buffers);
    for (const std::string_view text : {"much at first", "little", "x"}) {
      co_await left.write(bytes_of(text));
      const provided_buffer got = co_await stream.next();
      CHECK(runs_of(whole_of(got, 16)) == runs{text.size(), 16 - text.size()});
      CHECK(text_of(got.bytes()) == text);
    }
  });
}

TEST_CASE("of the buffers that a pipe is read into those bytes are written that have come") {
  require_io_uring();
  ring own;
  std::error_code missing;
  run_to_the_end(own, [&]() -> task<> {
    std::array<int, 2> made{};
    REQUIRE(::pipe2(made.data(), O_CLOEXEC) == 0);
    file in{own, made[0]};
    file out{own, made[1]};
    const buffer_ring buffers{own, {.count = 1, .size = 16}};
    multishot<provided_buffer> stream = read_multishot(in, buffers);
    for (const std::string_view text : {"much at first", "little"}) {
      co_await out.write_some(bytes_of(text));
      try {
        const provided_buffer got = co_await stream.next();
        CHECK(runs_of(whole_of(got, 16)) == runs{text.size(), 16 - text.size()});
      } catch (const error& refused) {
        missing = refused.code();
        co_return;
      }
    }
  });
  if (missing)
    SKIP("the kernel, or the liburing that this was compiled with, is too old: " + missing.message());
}

TEST_CASE("of a message in a buffer that the kernel chose what lies between its parts is not written") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    socket one{own, address_family::ip4, socket_type::datagram};
    socket other{own, address_family::ip4, socket_type::datagram};
    co_await one.bind(any_port());
    co_await other.bind(any_port());
    constexpr std::size_t control = 64;
    constexpr std::size_t before = head_size + address_size + control;
    const buffer_ring buffers{own, {.count = 1, .size = before + 16}};
    multishot<received_message> messages = other.recvmsg_multishot(buffers, control);
    constexpr std::size_t in_address = address_size - sizeof(sockaddr_in);
    for (const std::string_view text : {"much at first", "little"}) {
      co_await one.sendto(bytes_of(text), other.local_address());
      const received_message got = co_await messages.next();
      CHECK(text_of(got.bytes) == text);
      CHECK(runs_of(whole_of(got.buffer, before + 16)) ==
            runs{head_size + sizeof(sockaddr_in), in_address + control, text.size(), 16 - text.size()});
    }
    co_await other.set_option(SOL_SOCKET, SO_TIMESTAMP, 1);
    co_await one.sendto(bytes_of("dated, and too long"), other.local_address());
    const received_message got = co_await messages.next();
    CHECK(got.truncated());
    CHECK(got.bytes.size() == 16);  // not more than the buffer has
    const std::size_t date = CMSG_SPACE(sizeof(timeval));
    CHECK(got.control_data.size() == date);
    CHECK(runs_of(whole_of(got.buffer, before + 16)) ==
          runs{head_size + sizeof(sockaddr_in), in_address, date, control - date, 16});
  });
}

}  // namespace
}  // namespace gauntlet::uring::test
