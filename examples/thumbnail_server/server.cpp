#include "server.hpp"

#include <chrono>
#include <expected>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace uv = gauntlet::uv;
using gauntlet::task;
using namespace std::chrono_literals;

namespace {

/// Who is refused hears why, if not too many are.
constexpr std::size_t most_refusing = 64;

/// For the system to have descriptors again.
constexpr auto pause_without_descriptors = 50ms;

}  // namespace

server::server(uv::loop& loop, uv::tcp_listener listener, const server_limits& limits, metrics& counts)
    : listener_(std::move(listener)),
      limits_(limits),
      counts_(counts),
      service_{loop, limits, counts, gauntlet::semaphore(limits.max_uploads, "uploads")} {}

task<> server::run() {
  const auto serve_all = [this](gauntlet::scope& connections) -> task<> {
    co_await gauntlet::when_any(gauntlet::named("the server", accept_all(connections)), stopping_.wait());
    listener_.close();
    all_.ending = true;
    close_idle();
    const std::expected<void, gauntlet::error> ended =
        co_await gauntlet::as_expected(gauntlet::with_timeout(limits_.grace, connections.join()));
    if (!ended) connections.request_stop();
  };
  co_await gauntlet::with_scope(serve_all);
}

task<> server::accept_all(gauntlet::scope& connections) {
  for (;;) {
    std::expected<uv::tcp, uv::error> peer = co_await gauntlet::as_expected<uv::error>(listener_.accept());
    if (peer) {
      take(connections, std::move(*peer));
      continue;
    }
    if (peer.error().code() == std::errc::operation_canceled) throw peer.error();
    make_room();  // out of descriptors, or of memory, or the client has gone already
    co_await gauntlet::sleep_for(pause_without_descriptors);
  }
}

void server::take(gauntlet::scope& connections, uv::tcp peer) try {
  ++counts_.accepted;
  if (all_.size() < limits_.max_connections || make_room()) {
    std::string name = std::string("connection from ").append(peer.peer_address().to_string());
    connections.spawn(gauntlet::named(std::move(name), serve(std::move(peer))));
    return;
  }
  ++counts_.refused;
  if (refusing_ < most_refusing) connections.spawn(gauntlet::named("refusal", refuse(std::move(peer))));
} catch (const uv::error&) {
  // It has gone already.
} catch (const std::bad_alloc&) {
  // It is closed; the others need their memory.
}

task<> server::serve(uv::tcp peer) {
  connection client(std::move(peer), service_, all_);
  co_await client.run();
}

/// The one that has waited longest for a request gives way. False: none waits.
bool server::make_room() {
  if (all_.waiting.empty()) return false;
  all_.waiting.front()->close();
  ++counts_.closed_to_make_room;
  return true;
}

task<> server::refuse(uv::tcp peer) try {
  ++refusing_;
  struct at_end {
    std::size_t& count;
    ~at_end() { --count; }
  } const end{refusing_};
  try_to_refuse(peer);
  co_await linger(peer, limits_);
} catch (const gauntlet::error&) {
  // It has gone already.
}

/// Those between two requests.
void server::close_idle() {
  std::vector<connection*> idle;
  for (connection* const each : all_.waiting)
    if (!each->in_request()) idle.push_back(each);
  for (connection* const each : idle) each->close();
}
