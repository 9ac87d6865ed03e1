#pragma once
// Sends back what TCP connections send: one submission accepts them all, and those that say nothing hold no
// buffer.

#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>

namespace uring_echo {

/// Until it is cancelled. The buffers are for all connections together.
gauntlet::task<> serve(gauntlet::uring::listener& listener, gauntlet::uring::buffer_ring& buffers);

}  // namespace uring_echo
