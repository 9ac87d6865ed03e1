#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <stdexcept>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

/// Two connected sockets that this closes.
class sockets {
 public:
  explicit sockets(int type = SOCK_STREAM) {
    REQUIRE(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both_.data()) == 0);
  }
  sockets(const sockets&) = delete;
  sockets& operator=(const sockets&) = delete;
  ~sockets() {
    close(0);
    close(1);
  }
  int operator[](std::size_t which) const { return both_[which]; }
  void close(std::size_t which) {
    if (both_[which] != -1) ::close(both_[which]);
    both_[which] = -1;
  }

 private:
  std::array<int, 2> both_{-1, -1};
};

constexpr std::size_t to_send = 300'000;

/// One side of a conversation: sends so many bytes, and reads until the other has sent its own.
class talker {
 public:
  talker(loop& loop, int socket, std::size_t sends) : socket_(socket), left_(sends), poll_(loop, socket) {
    if (sends == 0) end_sending();
    wait();
  }
  std::size_t got() const { return got_; }

 private:
  void wait() {
    poll_events wanted = poll_events::none;
    if (!ended_) wanted = wanted | poll_events::readable;
    if (left_ != 0) wanted = wanted | poll_events::writable;
    if (wanted == poll_events::none)
      poll_.close();
    else
      poll_.start(wanted, [this](poll_events ready) { go_on(ready); });
  }
  void go_on(poll_events ready) {
    if (contains(ready, poll_events::readable)) receive();
    if (contains(ready, poll_events::writable)) send();
    wait();
  }
  void receive() {
    std::array<char, 8192> bytes;
    const ssize_t count = ::read(socket_, bytes.data(), bytes.size());
    if (count < 0) {
      REQUIRE(errno == EAGAIN);  // and not blocked, which the handle saw to
      return;
    }
    ended_ = count == 0;
    got_ += static_cast<std::size_t>(count);
  }
  void send() {
    static const std::array<char, 4096> bytes{};
    const ssize_t count = ::send(socket_, bytes.data(), std::min(bytes.size(), left_), MSG_NOSIGNAL);
    if (count < 0) {
      REQUIRE(errno == EAGAIN);
      return;
    }
    left_ -= static_cast<std::size_t>(count);
    if (left_ == 0) end_sending();
  }
  void end_sending() const { REQUIRE(shutdown(socket_, SHUT_WR) == 0); }

  int socket_;
  std::size_t left_;
  std::size_t got_ = 0;
  bool ended_ = false;
  poll poll_;
};

TEST_CASE("poll_duplex") {
  loop loop;
  sockets pair;
  talker one{loop, pair[0], to_send};
  talker other{loop, pair[1], to_send};
  run_to_the_end(loop);
  CHECK(one.got() == to_send);
  CHECK(other.got() == to_send);
}

TEST_CASE("poll_unidirectional") {
  loop loop;
  sockets pair;
  talker one{loop, pair[0], to_send};
  talker other{loop, pair[1], 0};
  run_to_the_end(loop);
  CHECK(one.got() == 0);
  CHECK(other.got() == to_send);
}

TEST_CASE("poll_bad_fdtype") {
  loop loop;
  const int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(folder >= 0);
  const auto refused = [&](int descriptor) {
    try {
      poll watcher{loop, descriptor};
    } catch (const error& failure) {
      return failure.code();
    }
    return std::error_code();
  };
  CHECK(refused(folder) == std::errc::operation_not_permitted);
  CHECK(refused(-1) == std::errc::bad_file_descriptor);
  CHECK(close(folder) == 0);
  CHECK(refused(folder) == std::errc::bad_file_descriptor);
  CHECK(loop.pending().empty());
  run_to_the_end(loop);
}

TEST_CASE("poll_close") {
  loop loop;
  sockets pair;
  std::vector<poll> watchers;
  int ready = 0;
  {
    poll first{loop, pair[0]};
    first.start(poll_events::writable, [&] { ++ready; });
    CHECK(thrown_by<error>([&] { poll second(loop, pair[0]); }).find("file already exists") !=
          std::string::npos);
    first.close();
  }
  loop.run();
  CHECK(ready == 0);
  // The descriptor is still the caller's, and may be watched again.
  poll again = poll::of_socket(loop, pair[0]);
  again.start(poll_events::writable, [&] {
    ++ready;
    again.close();
  });
  run_to_the_end(loop);
  CHECK(ready == 1);
  CHECK(fcntl(pair[0], F_GETFD) != -1);
}

TEST_CASE("poll_nested_epoll") {
  // A loop inside a loop, by its descriptor.
  loop inner;
  loop outer;
  int inner_turns = 0;
  async wake{inner, [&] { ++inner_turns; }};
  poll watcher{outer, inner.backend_fd()};
  watcher.start(poll_events::readable, [&] {
    inner.run(run_mode::nowait);
    if (inner_turns > 0) watcher.close();
  });
  inner.run(run_mode::nowait);  // what a loop waits for, its descriptor knows from the first turn on
  wake.send();
  run_to_the_end(outer);
  CHECK(inner_turns == 1);
  wake.close();
  run_to_the_end(inner);
}

TEST_CASE("poll_oob") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  std::optional<tcp> served;
  listener.listen([&](tcp peer) {
    served = std::move(peer);
    REQUIRE(::send(served->fileno(), "hello", 5, MSG_OOB) == 5);  // the last byte is out of band
    listener.close();
  });
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(socket >= 0);
  const address server = listener.local_address();
  REQUIRE(connect(socket, server.native(), static_cast<socklen_t>(server.size())) == 0);
  poll watcher{loop, socket};
  int urgent = 0;
  watcher.start(poll_events::readable | poll_events::prioritized, [&](poll_events ready) {
    std::array<char, 16> bytes{};
    if (contains(ready, poll_events::prioritized)) {
      CHECK(recv(socket, bytes.data(), bytes.size(), MSG_OOB) == 1);
      CHECK(bytes[0] == 'o');
      ++urgent;
      served->close();
    } else if (recv(socket, bytes.data(), bytes.size(), 0) == 0) {
      watcher.close();
    }
  });
  run_to_the_end(loop);
  CHECK(urgent == 1);
  CHECK(close(socket) == 0);
}

TEST_CASE("a poll tells of the other end's end, is stopped and started, and refuses what makes no sense") {
  loop loop;
  sockets pair;
  poll watcher{loop, pair[0]};
  CHECK(misuse_of([&] { watcher.start(poll_events::none, [] {}); }).find("call stop()") != std::string::npos);
  CHECK(misuse_of([&] {
          watcher.start(static_cast<poll_events>(64), [] {});
        }).find("no set of poll_events") != std::string::npos);

  SECTION("disconnect") {
    poll_events seen = poll_events::none;
    watcher.start(poll_events::disconnect, [&](poll_events ready) {
      seen = ready;
      watcher.stop();
    });
    pair.close(1);
    CHECK_FALSE(loop.run());
    CHECK(seen == poll_events::disconnect);
  }
  SECTION("stopped in its callback, and started with another one") {
    int first = 0;
    int second = 0;
    watcher.start(poll_events::writable, [&] {
      ++first;
      watcher.start(poll_events::writable, [&] {
        ++second;
        watcher.stop();
      });
    });
    CHECK_FALSE(loop.run());
    CHECK(first == 1);
    CHECK(second == 1);
  }
  SECTION("a callback that throws") {
    watcher.start(poll_events::writable, [&] {
      watcher.stop();
      throw std::runtime_error("ready");
    });
    CHECK(thrown_by<std::runtime_error>([&] { loop.run(); }) == "ready");
  }
  SECTION("a descriptor that is closed already is an error, where libuv would abort") {
    pair.close(0);
    CHECK(thrown_by<error>([&] {
            watcher.start(poll_events::readable, [] {});
          }).find("poll::start: bad file") != std::string::npos);
  }
  SECTION("an error on the descriptor is told, and ends it") {
    // The reading end of a pipe goes: an error at the writing end.
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    poll broken{loop, ends[1]};
    std::optional<std::error_code> told;
    broken.start(poll_events::writable, [&](outcome<poll_events> ready) {
      REQUIRE_FALSE(ready);
      told = ready.error()->code();
    });
    CHECK(close(ends[0]) == 0);
    CHECK_FALSE(loop.run());
    CHECK(told == std::errc::bad_file_descriptor);
    CHECK_FALSE(broken.is_active());
    broken.close();
    CHECK(close(ends[1]) == 0);
  }
  watcher.close();
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
