#pragma once
/// Waiting for descriptors that are not ours. For those that are: descriptor::poll().

#include <cstdint>
#include <source_location>

#include "gauntlet/uring/descriptor.hpp"
#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

/// As descriptor::poll(), of a number that a library has, say: it must stay open until this has been awaited.
detail::ring_operation<poll_events> poll(ring& on, int number, poll_events events,
                                         std::source_location where = std::source_location::current());

/// EPOLL_CTL_*
enum class epoll_action : std::uint8_t { add = 1, remove = 2, modify = 3 };

namespace detail {
/// struct epoll_event as it lies in memory, where it is packed (x86) or not.
struct kept_epoll_event {
  alignas(8) std::array<std::byte, 16> event{};
  void bind(operands& into) const noexcept { into.address = event.data(); }
};
}  // namespace detail

/// Changes what an epoll instance waits for: events are EPOLL*, data comes back with them. Both numbers stay
/// the caller's (IORING_OP_EPOLL_CTL).
detail::ring_operation<void, detail::kept_epoll_event> epoll_ctl(
    ring& on, int epoll, epoll_action action, int number, std::uint32_t events = 0, std::uint64_t data = 0,
    std::source_location where = std::source_location::current());

}  // namespace gauntlet::uring

#pragma GCC visibility pop
