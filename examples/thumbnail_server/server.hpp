#pragma once
/// Takes connections, so many at a time, and has each served.

#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>

#include "connection.hpp"
#include "limits.hpp"
#include "metrics.hpp"
#include "routes.hpp"

/// On one loop; all calls from its thread. The limits and counts may be shared with servers on other loops.
class server {
 public:
  server(gauntlet::uv::loop& loop, gauntlet::uv::tcp_listener listener, const server_limits& limits,
         metrics& counts);

  /// Serves until stop() was called and what was in flight has ended, or server_limits::grace is over.
  gauntlet::task<> run();
  /// Takes no more connections and requests. Again: nothing.
  void stop() { stopping_.set(); }

  gauntlet::uv::address address() const { return listener_.local_address(); }

 private:
  gauntlet::task<> accept_all(gauntlet::scope& connections);
  gauntlet::task<> serve(gauntlet::uv::tcp peer);
  gauntlet::task<> refuse(gauntlet::uv::tcp peer);
  void take(gauntlet::scope& connections, gauntlet::uv::tcp peer);
  bool make_room();
  void close_idle();

  gauntlet::uv::tcp_listener listener_;
  const server_limits& limits_;
  metrics& counts_;
  service service_;
  connection_list all_;
  std::size_t refusing_ = 0;
  gauntlet::event stopping_{"the end of the server"};
};
