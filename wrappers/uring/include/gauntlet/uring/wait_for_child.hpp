#pragma once
/// Waiting for child processes: waitid(2) on a ring, since Linux 6.7 and liburing 2.6.

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>

#include "gauntlet/uring/operation.hpp"
#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

/// Which children: idtype_t of waitid(2).
enum class children : std::uint8_t {
  all = 0,      ///< P_ALL
  one = 1,      ///< P_PID
  group = 2,    ///< P_PGID
  by_pidfd = 3  ///< P_PIDFD
};

/// Of what: the options of waitid(2).
enum class child_events : std::uint32_t {
  exited = 4,                    ///< WEXITED
  stopped = 2,                   ///< WSTOPPED
  continued = 8,                 ///< WCONTINUED
  not_to_be_reaped = 0x01000000  ///< WNOWAIT: it can be waited for again
};
constexpr child_events operator|(child_events left, child_events right) noexcept {
  return static_cast<child_events>(static_cast<std::uint32_t>(left) | static_cast<std::uint32_t>(right));
}

struct child_status {
  /// si_code: CLD_*
  enum class change : std::uint8_t {
    exited = 1,
    killed = 2,
    dumped = 3,
    trapped = 4,
    stopped = 5,
    continued = 6
  };
  std::int32_t pid = 0;
  change how = change::exited;
  std::int32_t status = 0;  ///< the exit status, or the signal
};

namespace detail {

/// siginfo_t, which the kernel writes.
struct kept_siginfo {
  alignas(8) std::array<std::byte, 128> info{};
  void bind(operands& into) noexcept { into.address = info.data(); }
};

}  // namespace detail

/// id: a process, a group or a pidfd, as which says (IORING_OP_WAITID).
detail::ring_operation<child_status, detail::kept_siginfo> wait_for_child(
    ring& on, children which, std::int32_t id, child_events events = child_events::exited,
    std::source_location where = std::source_location::current());

}  // namespace gauntlet::uring

#pragma GCC visibility pop
