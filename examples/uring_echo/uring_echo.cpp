#include "uring_echo.hpp"

#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

namespace uring_echo {
namespace uring = gauntlet::uring;
using namespace std::chrono_literals;

namespace {

// Who reads nothing for so long holds what others need.
constexpr auto patience = 30s;

gauntlet::task<> answer(uring::socket peer, uring::buffer_ring& buffers) try {
  uring::multishot<uring::provided_buffer> incoming = peer.recv_multishot(buffers);
  while (const uring::provided_buffer part = co_await incoming.next())  // empty is the end of the stream
    co_await gauntlet::with_timeout(patience, peer.write(part.bytes()));
  co_await peer.shutdown();
} catch (const gauntlet::error&) {  // NOLINT(bugprone-empty-catch)
  // The other side has gone: no reason for the others to end.
}

bool is_shortage(const std::error_code& code) {
  return code == std::errc::too_many_files_open || code == std::errc::too_many_files_open_in_system ||
         code == std::errc::not_enough_memory || code == std::errc::no_buffer_space;
}

/// While the system has no descriptor or memory for another one, it waits until others have ended.
gauntlet::task<uring::socket> next(uring::multishot<uring::socket>& connections) {
  for (;;) {
    auto come = co_await gauntlet::as_expected<uring::error>(connections.next());
    if (come) co_return std::move(*come);
    if (!is_shortage(come.error().code())) throw uring::error(come.error());
    std::fprintf(stderr, "%s\n", come.error().what());
    co_await gauntlet::sleep_for(100ms);
  }
}

}  // namespace

gauntlet::task<> serve(uring::listener& listener, uring::buffer_ring& buffers) {
  uring::multishot<uring::socket> connections = listener.accept_multishot();
  const auto accept_all = [&](gauntlet::scope& peers) -> gauntlet::task<> {
    for (;;) peers.spawn(gauntlet::named("peer", answer(co_await next(connections), buffers)));
  };
  co_await gauntlet::with_scope(accept_all);
}

}  // namespace uring_echo
