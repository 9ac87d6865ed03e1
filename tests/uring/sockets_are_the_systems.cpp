// Each operation of a socket beside the system call that it stands for, on two sockets that are alike.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "file_support.hpp"
#include "sockets_support.hpp"

namespace gauntlet::uring::test {
namespace {

/// What several calls have answered, one after the other.
using answers = std::vector<long>;

/// A descriptor of the test's own.
class plain {
 public:
  plain() = default;
  explicit plain(int number) : number_(number) {}
  plain(plain&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  plain& operator=(plain&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~plain() { reset(); }
  void reset() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  int release() { return std::exchange(number_, -1); }
  operator int() const { return number_; }

 private:
  int number_ = -1;
};

/// What is asked something, and what it is asked about.
struct sockets {
  plain subject{};
  plain other{};
};

plain plain_socket(int type) {
  plain one(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  REQUIRE(one >= 0);
  return one;
}

int bind_to(int number, const address& local) {
  return ::bind(number, local.native(), static_cast<socklen_t>(local.size()));
}
int connect_to(int number, const address& peer) {
  return ::connect(number, peer.native(), static_cast<socklen_t>(peer.size()));
}

address own_name_of(int number) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  REQUIRE(::getsockname(number, name, &size) == 0);
  return address::from_native(name, size);
}

plain bound_socket(int type) {
  plain one = plain_socket(type);
  REQUIRE(bind_to(one, any_port()) == 0);
  return one;
}

sockets alone() { return {.subject = plain_socket(SOCK_STREAM)}; }
sockets alone_for_datagrams() { return {.subject = bound_socket(SOCK_DGRAM)}; }
/// The other has a name, and does not listen.
sockets beside_bound() { return {.subject = plain_socket(SOCK_STREAM), .other = bound_socket(SOCK_STREAM)}; }

sockets connected_sockets() {
  const plain waits = bound_socket(SOCK_STREAM);
  REQUIRE(::listen(waits, 1) == 0);
  plain client = plain_socket(SOCK_STREAM);
  REQUIRE(connect_to(client, own_name_of(waits)) == 0);
  plain peer(::accept4(waits, nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(peer >= 0);
  return {.subject = std::move(client), .other = std::move(peer)};
}

/// The other has sent its last byte.
sockets at_the_end() {
  sockets both = connected_sockets();
  REQUIRE(::send(both.other, "abc", 3, 0) == 3);
  REQUIRE(::shutdown(both.other, SHUT_WR) == 0);
  return both;
}

/// The other has gone, and said so by a reset.
sockets reset_by_peer() {
  sockets both = connected_sockets();
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  REQUIRE(::setsockopt(both.other, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  both.other.reset();
  return both;
}

/// The other, to which the first is connected, has gone.
sockets datagrams_to_nobody() {
  sockets both{.subject = plain_socket(SOCK_DGRAM), .other = bound_socket(SOCK_DGRAM)};
  REQUIRE(connect_to(both.subject, own_name_of(both.other)) == 0);
  both.other.reset();
  return both;
}

sockets datagram_that_waits() {
  sockets both{.subject = bound_socket(SOCK_DGRAM), .other = plain_socket(SOCK_DGRAM)};
  REQUIRE(connect_to(both.other, own_name_of(both.subject)) == 0);
  for (const char* text : {"0123456789", "", "abcdef"})
    REQUIRE(::send(both.other, text, std::string(text).size(), 0) >= 0);
  return both;
}

long system_send(int number, std::size_t size, int flags = 0) {
  const std::string text(size, 'x');
  return result_of_system(::send(number, text.data(), text.size(), flags | MSG_NOSIGNAL));
}
task<long> ring_send(socket& to, std::size_t size, message_flags flags = message_flags::none) {
  const std::string text(size, 'x');
  co_return co_await result_of(to.send(bytes_of(text), flags));
}
long system_recv(int number, std::size_t room, int flags = 0) {
  std::vector<char> into(room);
  return result_of_system(::recv(number, into.data(), into.size(), flags));
}
task<long> ring_recv(socket& from, std::size_t room, message_flags flags = message_flags::none) {
  std::vector<std::byte> into(room);
  co_return co_await result_of(from.recv(std::span(into), flags));
}

struct socket_case {
  const char* name;
  sockets (*make)();
  task<answers> (*by_ring)(socket&, const plain& other);
  answers (*by_system)(int, const plain& other);
};

const socket_case socket_cases[] = {
    {"connect to who does not listen", beside_bound,
     [](socket& on, const plain& other) -> task<answers> {
       const address peer = own_name_of(other);
       const long first = co_await result_of(on.connect(peer));
       co_return answers{first};
     },
     [](int on, const plain& other) -> answers {
       return {result_of_system(connect_to(on, own_name_of(other)))};
     }},
    {"connect once more", connected_sockets,
     [](socket& on, const plain& other) -> task<answers> {
       const address peer = own_name_of(other);
       const long first = co_await result_of(on.connect(peer));
       co_return answers{first};
     },
     [](int on, const plain& other) -> answers {
       return {result_of_system(connect_to(on, own_name_of(other)))};
     }},
    {"connect a socket of IPv4 to a name of a path", alone,
     [](socket& on, const plain&) -> task<answers> {
       const address peer = address::unix_path("/nowhere/s");
       const long first = co_await result_of(on.connect(peer));
       co_return answers{first};
     },
     [](int on, const plain&) -> answers {
       return {result_of_system(connect_to(on, address::unix_path("/nowhere/s")))};
     }},
    {"bind to what is in use, to nobody's address, and twice", beside_bound,
     [](socket& on, const plain& other) -> task<answers> {
       const address used = own_name_of(other);
       const address nobodys = address::ip4("192.0.2.1", 0);
       const address any = any_port();
       const long first = co_await result_of(on.bind(used));
       const long second = co_await result_of(on.bind(nobodys));
       const long third = co_await result_of(on.bind(any));
       const long fourth = co_await result_of(on.bind(any));
       co_return answers{first, second, third, fourth};
     },
     [](int on, const plain& other) -> answers {
       const long first = result_of_system(bind_to(on, own_name_of(other)));
       const long second = result_of_system(bind_to(on, address::ip4("192.0.2.1", 0)));
       const long third = result_of_system(bind_to(on, any_port()));
       return {first, second, third, result_of_system(bind_to(on, any_port()))};
     }},
    {"listen for datagrams", alone_for_datagrams,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await result_of(on.listen(1));
       co_return answers{first};
     },
     [](int on, const plain&) -> answers { return {result_of_system(::listen(on, 1))}; }},
    {"shutdown of what is not connected", alone,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await result_of(on.shutdown());
       co_return answers{first};
     },
     [](int on, const plain&) -> answers { return {result_of_system(::shutdown(on, SHUT_WR))}; }},
    {"send and recv of what is not connected", alone,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await ring_send(on, 1);
       const long second = co_await ring_recv(on, 1);
       co_return answers{first, second};
     },
     [](int on, const plain&) -> answers {
       const long first = system_send(on, 1);
       return {first, system_recv(on, 1)};
     }},
    {"recv to the end and on", at_the_end,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await ring_recv(on, 2);
       const long second = co_await ring_recv(on, 2);
       const long third = co_await ring_recv(on, 2);
       const long fourth = co_await ring_recv(on, 2);
       co_return answers{first, second, third, fourth};
     },
     [](int on, const plain&) -> answers {
       const long first = system_recv(on, 2);
       const long second = system_recv(on, 2);
       const long third = system_recv(on, 2);
       return {first, second, third, system_recv(on, 2)};
     }},
    {"recv all and less than that", at_the_end,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await ring_recv(on, 2, message_flags::peek);
       const long second = co_await ring_recv(on, 8, message_flags::wait_all);
       co_return answers{first, second};
     },
     [](int on, const plain&) -> answers {
       const long first = system_recv(on, 2, MSG_PEEK);
       return {first, system_recv(on, 8, MSG_WAITALL)};
     }},
    {"send when it has said its last", connected_sockets,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await result_of(on.shutdown());
       const long second = co_await ring_send(on, 1);
       const long third = co_await result_of(on.shutdown());
       co_return answers{first, second, third};
     },
     [](int on, const plain&) -> answers {
       const long first = result_of_system(::shutdown(on, SHUT_WR));
       const long second = system_send(on, 1);
       return {first, second, result_of_system(::shutdown(on, SHUT_WR))};
     }},
    {"recv after a reset, and send", reset_by_peer,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await ring_recv(on, 1);
       const long second = co_await ring_recv(on, 1);
       const long third = co_await ring_send(on, 1);
       co_return answers{first, second, third};
     },
     [](int on, const plain&) -> answers {
       const long first = system_recv(on, 1);
       const long second = system_recv(on, 1);
       return {first, second, system_send(on, 1)};
     }},
    {"send after a reset, and recv", reset_by_peer,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await ring_send(on, 1);
       const long second = co_await ring_send(on, 1);
       const long third = co_await ring_recv(on, 1);
       co_return answers{first, second, third};
     },
     [](int on, const plain&) -> answers {
       const long first = system_send(on, 1);
       const long second = system_send(on, 1);
       return {first, second, system_recv(on, 1)};
     }},
    {"a datagram to nobody, and the answer to it", datagrams_to_nobody,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await ring_send(on, 1);
       const long second = co_await ring_recv(on, 1);
       const long third = co_await ring_send(on, 1);
       co_return answers{first, second, third};
     },
     [](int on, const plain&) -> answers {
       const long first = system_send(on, 1);
       const long second = system_recv(on, 1);
       return {first, second, system_send(on, 1)};
     }},
    {"a datagram that is too large", datagrams_to_nobody,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await ring_send(on, 70'000);
       co_return answers{first};
     },
     [](int on, const plain&) -> answers { return {system_send(on, 70'000)}; }},
    {"datagrams into too little, none, and enough room", datagram_that_waits,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await ring_recv(on, 4, message_flags::peek | message_flags::truncated);
       const long second = co_await ring_recv(on, 4);
       const long third = co_await ring_recv(on, 4);
       const long fourth = co_await ring_recv(on, 40);
       co_return answers{first, second, third, fourth};
     },
     [](int on, const plain&) -> answers {
       const long first = system_recv(on, 4, MSG_PEEK | MSG_TRUNC);
       const long second = system_recv(on, 4);
       const long third = system_recv(on, 4);
       return {first, second, third, system_recv(on, 40)};
     }},
    {"an option that nobody knows", alone,
     [](socket& on, const plain&) -> task<answers> {
       const long first = co_await result_of(on.option<int>(SOL_SOCKET, 9999));
       const long second = co_await result_of(on.set_option(SOL_SOCKET, 9999, 1));
       co_return answers{first, second};
     },
     [](int on, const plain&) -> answers {
       int value = 1;
       socklen_t size = sizeof value;
       const long first = result_of_system(::getsockopt(on, SOL_SOCKET, 9999, &value, &size));
       return {first, result_of_system(::setsockopt(on, SOL_SOCKET, 9999, &value, size))};
     }},
};

}  // namespace

TEST_CASE("each operation of a socket answers what its system call does") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    for (const socket_case& each : socket_cases) {
      INFO(each.name);
      sockets by_ring = each.make();
      socket subject(own, by_ring.subject.release());
      const answers told = co_await each.by_ring(subject, by_ring.other);
      const sockets by_system = each.make();
      CHECK(told == each.by_system(by_system.subject, by_system.other));
    }
  });
}

TEST_CASE("accepting on what does not listen answers what the system call does") {
  require_io_uring();
  ring own;
  run_to_the_end(own, [&]() -> task<> {
    plain one = bound_socket(SOCK_STREAM);
    const long by_system = result_of_system(::accept4(one, nullptr, nullptr, SOCK_CLOEXEC));
    listener waits(own, one.release());
    const long by_ring = co_await result_of(waits.accept());
    CHECK(by_ring == by_system);
  });
}

}  // namespace gauntlet::uring::test
