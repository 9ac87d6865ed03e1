#include "sockets_support.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>

namespace gauntlet::uring::test {

void require_ip6() {
  const int tried = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const address loopback = address::ip6("::1", 0);
  const bool bound =
      tried >= 0 && ::bind(tried, loopback.native(), static_cast<socklen_t>(loopback.size())) == 0;
  ::close(tried);
  if (!bound) SKIP("there is no IPv6 loopback here");
}

ends socket_pair(ring& on, socket_type type) {
  std::array<int, 2> made{};
  REQUIRE(::socketpair(AF_UNIX, static_cast<int>(type) | SOCK_CLOEXEC, 0, made.data()) == 0);
  return {.left = {on, made[0]}, .right = {on, made[1]}};
}

task<ends> tcp_pair(ring& on) {
  listener waits{on, any_port()};
  socket client{on, address_family::ip4};
  co_await client.connect(waits.local_address());
  socket peer = co_await waits.accept();
  co_return ends{.left = std::move(client), .right = std::move(peer)};
}

task<std::string> read_all(socket& from) {
  std::string text;
  std::array<std::byte, 7> buffer;
  while (const std::size_t count = co_await from.read_some(buffer))
    text += text_of(std::span(buffer).first(count));
  co_return text;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace gauntlet::uring::test
