#pragma once
// What every server does: accept, and run until somebody ends it.

#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>

namespace example {

/// The next connection. While the system has no descriptor or memory for one, it waits until others have
/// ended: no reason for a server to end.
gauntlet::task<gauntlet::uv::tcp> accept(gauntlet::uv::tcp_listener& listener);

/// Listens, says where, and runs the server until SIGINT or SIGTERM: then it is cancelled, and awaited.
/// SIGUSR1 prints what it waits for.
void run_until_interrupted(gauntlet::uv::loop& loop, gauntlet::uv::tcp_listener& listener,
                           gauntlet::task<> server);

}  // namespace example
