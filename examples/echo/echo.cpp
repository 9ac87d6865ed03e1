#include "echo.hpp"

#include <array>
#include <cstddef>
#include <span>

#include "server.hpp"

namespace echo {
namespace uv = gauntlet::uv;

namespace {

gauntlet::task<> answer(uv::tcp peer) try {
  std::array<std::byte, 65536> buffer;  // NOLINT(*-member-init): what is not read is not shown
  while (const std::size_t size = co_await peer.read_some(buffer))  // 0 is the end of the stream
    co_await peer.write(std::span(buffer).first(size));
  co_await peer.shutdown();
} catch (const uv::error&) {  // NOLINT(bugprone-empty-catch)
  // The other side has gone: no reason for the others to end.
}

}  // namespace

gauntlet::task<> serve(uv::tcp_listener& listener) {
  const auto accept_all = [&](gauntlet::scope& peers) -> gauntlet::task<> {
    for (;;) peers.spawn(gauntlet::named("peer", answer(co_await example::accept(listener))));
  };
  co_await gauntlet::with_scope(accept_all);
}

}  // namespace echo
