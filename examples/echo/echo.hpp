#pragma once
// Sends back what TCP connections send.

#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>

namespace echo {

/// Until it is cancelled.
gauntlet::task<> serve(gauntlet::uv::tcp_listener& listener);

}  // namespace echo
