#pragma once
// What the kernel reads and writes in the model of lends: pipes, and a connection that nobody reads.

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <gauntlet/uring.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace gauntlet::uring::test {

inline constexpr std::byte filler{0xff};

/// A pipe, and how often each byte has been written to it and not read.
struct stream {
  /// A narrow one is full, and takes nothing until all of that is read.
  stream(ring& on, bool is_narrow) : narrow(is_narrow) {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    in.emplace(on, number = ends[0]);
    out.emplace(on, ends[1]);
    if (!narrow) return;
    REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
    const std::vector<std::byte> page(4096, filler);
    REQUIRE(write(ends[1], page.data(), page.size()) == 4096);
    expected(filler) = 4096;
  }

  bool is_read() const { return in && in->is_open(); }
  bool is_written() const { return out && out->is_open(); }
  int waiting() const {
    int count = 0;
    return ioctl(number, FIONREAD, &count) == 0 ? count : 0;
  }

  int& expected(std::byte byte) { return counts[std::to_integer<std::size_t>(byte)]; }

  bool narrow;
  int number = -1;
  std::optional<file> in{};
  std::optional<file> out{};
  std::array<int, 256> counts{};
};

/// A connection whose other side reads nothing yet, and has no room: what is sent without a copy stays lent.
class unread_connection {
 public:
  explicit unread_connection(ring& on) {
    const int listens = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int connects = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* const name = reinterpret_cast<sockaddr*>(&at);
    const int room = 1 << 20;
    const int little = 32768;  // and no more, however long nobody reads
    REQUIRE(setsockopt(listens, SOL_SOCKET, SO_RCVBUF, &little, sizeof little) == 0);
    REQUIRE(setsockopt(connects, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
    REQUIRE(bind(listens, name, size) == 0);
    REQUIRE(listen(listens, 1) == 0);
    REQUIRE(getsockname(listens, name, &size) == 0);
    REQUIRE(connect(connects, name, size) == 0);
    peer_ = accept4(listens, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    REQUIRE(peer_ >= 0);
    ::close(listens);
    fill(connects);
    sender.emplace(on, connects);
  }
  unread_connection(const unread_connection&) = delete;
  unread_connection& operator=(const unread_connection&) = delete;
  ~unread_connection() { close_peer(); }

  bool is_held_back() const { return peer_ >= 0 && !drained_; }
  bool is_closed() const { return peer_ < 0; }
  void drain() {
    drained_ = true;
    read_on();
  }
  /// What has come since.
  void read_on() {
    if (!drained_) return;
    std::array<std::byte, 65536> read_bytes;
    while (peer_ >= 0 && ::read(peer_, read_bytes.data(), read_bytes.size()) > 0) continue;
  }
  void close_peer() {
    if (peer_ >= 0) ::close(std::exchange(peer_, -1));
  }

  std::optional<socket> sender{};

 private:
  static void fill(int sender) {
    const std::vector<std::byte> some(16384, filler);
    int not_sent = 0;
    while (ioctl(sender, SIOCOUTQNSD, &not_sent) == 0 && not_sent < 65536)
      REQUIRE(::send(sender, some.data(), some.size(), MSG_DONTWAIT) > 0);
  }

  int peer_ = -1;
  bool drained_ = false;
};

/// A container that tells when it is destroyed.
class told_bytes {
 public:
  told_bytes(std::size_t size, int& freed) : bytes_(new std::byte[size]()), size_(size), freed_(&freed) {}
  told_bytes(told_bytes&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)),
        freed_(std::exchange(other.freed_, nullptr)) {}
  told_bytes& operator=(told_bytes&&) = delete;
  ~told_bytes() {
    if (freed_ != nullptr) ++*freed_;
  }
  std::byte* data() noexcept { return bytes_.get(); }
  const std::byte* data() const noexcept { return bytes_.get(); }
  std::byte* begin() noexcept { return data(); }
  std::byte* end() noexcept { return data() + size_; }
  const std::byte* begin() const noexcept { return data(); }
  const std::byte* end() const noexcept { return data() + size_; }
  std::size_t size() const noexcept { return size_; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
  int* freed_;
};

}  // namespace gauntlet::uring::test
