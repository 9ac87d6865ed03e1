#include "proxy.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "server.hpp"

namespace proxy {
namespace uv = gauntlet::uv;
using clock = gauntlet::execution_context::clock;

namespace {

/// However it is closed, also because this task is cancelled: whether the other side is told that it was cut
/// off.
void reset_on_close(const uv::tcp& peer, bool reset) {
  const linger how{.l_onoff = reset ? 1 : 0, .l_linger = 0};
  if (::setsockopt(peer.fileno(), SOL_SOCKET, SO_LINGER, &how, sizeof how) != 0)
    throw std::system_error(errno, std::system_category(), "SO_LINGER");
}

gauntlet::task<uv::tcp> connect(uv::loop& loop, const upstream& to) {
  co_return co_await connect_to_first(
      loop, co_await uv::getaddrinfo(loop, to.host, to.service, {.socket_type = uv::socket_type::stream}));
}

gauntlet::task<> pass(uv::tcp& from, uv::tcp& to, clock::time_point& last_passed) {
  std::array<std::byte, 16384> buffer;  // NOLINT(*-member-init): what is not read is not passed on
  while (const std::size_t size = co_await from.read_some(buffer)) {
    last_passed = clock::now();
    co_await to.write(std::span(buffer).first(size));  // a slow reader stops the reading, too
    last_passed = clock::now();
  }
  co_await to.shutdown();
}

gauntlet::task<> pass_both_ways(uv::tcp& client, uv::tcp& server, clock::time_point& last_passed) {
  co_await gauntlet::when_all(gauntlet::named("to the upstream", pass(client, server, last_passed)),
                              gauntlet::named("to the client", pass(server, client, last_passed)));
}

/// Throws when nothing has passed for so long.
gauntlet::task<> watch_idleness(const clock::time_point& last_passed, std::chrono::milliseconds limit) {
  while (clock::now() < last_passed + limit) co_await gauntlet::sleep_until(last_passed + limit);
  throw gauntlet::error(std::make_error_code(std::errc::timed_out), "proxy", "nothing has passed", "",
                        std::source_location::current());
}

gauntlet::task<> handle(uv::loop& loop, uv::tcp client, gauntlet::semaphore::permit, const options& given) {
  std::string name = "a client that has gone";
  try {
    name = client.peer_address().to_string();
    reset_on_close(client, true);
    uv::tcp server = co_await gauntlet::with_timeout(given.connect_timeout,
                                                     gauntlet::named("connect", connect(loop, given.to)));
    reset_on_close(server, true);
    client.nodelay(true);  // what comes in small pieces goes on in small pieces
    server.nodelay(true);
    clock::time_point last_passed = clock::now();
    co_await gauntlet::when_any(pass_both_ways(client, server, last_passed),
                                gauntlet::named("idleness", watch_idleness(last_passed, given.idle_timeout)));
    reset_on_close(client, false);
    reset_on_close(server, false);
  } catch (const std::system_error& reason) {  // no reason for the others to end
    const bool ends = reason.code() == std::errc::operation_canceled;
    if (given.on_failure && !ends) given.on_failure(name, reason);
  }
}

}  // namespace

upstream parse_upstream(std::string_view text) {
  // Asked first: where there is none, rfind of libstdc++ counts with a wrapping number.
  const std::size_t colon = text.contains(':') ? text.rfind(':') : text.size();
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || colon + 1 >= text.size())
    throw std::invalid_argument(std::string(text) + ": HOST:PORT is wanted, as in example.org:80");
  return {.host = std::string(host), .service = std::string(text.substr(colon + 1))};
}

gauntlet::task<uv::tcp> connect_to_first(uv::loop& loop, std::vector<uv::address_info> of) {
  for (std::size_t i = 0;; ++i) {
    uv::tcp server{loop};
    const auto connected = co_await gauntlet::as_expected<uv::error>(server.connect(of.at(i).address));
    if (connected) co_return server;
    if (i + 1 == of.size() || connected.error().code() == std::errc::operation_canceled)
      throw uv::error(connected.error());
  }
}

gauntlet::task<> serve(uv::loop& loop, uv::tcp_listener& listener, options given) {
  gauntlet::semaphore connections(given.max_connections, "connections");
  const auto accept_all = [&](gauntlet::scope& all) -> gauntlet::task<> {
    for (;;) {
      auto permit = co_await connections.acquire();
      uv::tcp client = co_await example::accept(listener);
      all.spawn(gauntlet::named("connection", handle(loop, std::move(client), std::move(permit), given)));
    }
  };
  co_await gauntlet::with_scope(accept_all);
}

}  // namespace proxy
