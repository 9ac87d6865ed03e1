#include "gauntlet/uring/wait_for_child.hpp"

#include <gauntlet/shim/uring.h>
#include <sys/wait.h>

#include <cstring>

#include "gauntlet/memory_checker.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring {
namespace {

using detail::opcode;
using detail::operands;
using operation = detail::ring_operation<child_status, detail::kept_siginfo>;

static_assert(sizeof(siginfo_t) == sizeof(detail::kept_siginfo::info));
static_assert(P_ALL == static_cast<int>(children::all) && P_PID == static_cast<int>(children::one) &&
              P_PGID == static_cast<int>(children::group) && P_PIDFD == static_cast<int>(children::by_pidfd));
static_assert(WEXITED == static_cast<int>(child_events::exited) &&
              WSTOPPED == static_cast<int>(child_events::stopped) &&
              WCONTINUED == static_cast<int>(child_events::continued) &&
              WNOWAIT == static_cast<int>(child_events::not_to_be_reaped));
static_assert(CLD_EXITED == static_cast<int>(child_status::change::exited) &&
              CLD_CONTINUED == static_cast<int>(child_status::change::continued));

constexpr opcode waitid_code{.kind = "wait_for_child",
                             .queue =
                                 [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
                                   return gauntlet_uring_queue_waitid(
                                       ring, entry, on.flags, static_cast<id_t>(on.offset),
                                       const_cast<void*>(on.address), static_cast<int>(on.length), 0);
                                 },
                             .written =
                                 [](const operands& on, std::int32_t) noexcept {
                                   check_allocated(on.address, sizeof(siginfo_t));
                                   mark_written(on.address, sizeof(siginfo_t));
                                 }};

child_status status_of(detail::submission<detail::kept_siginfo>& ended) {
  siginfo_t info;  // NOLINT(cppcoreguidelines-pro-type-member-init): copied into
  std::memcpy(&info, ended.kept().info.data(), sizeof info);
  return {
      .pid = info.si_pid, .how = static_cast<child_status::change>(info.si_code), .status = info.si_status};
}

}  // namespace

operation wait_for_child(ring& on, children which, std::int32_t id, child_events events,
                         std::source_location where) {
  return {detail::ring_core::of(on, waitid_code.kind, where),
          waitid_code,
          {.flags = static_cast<int>(which),
           .length = static_cast<std::uint32_t>(events),
           .offset = static_cast<std::uint32_t>(id)},
          status_of,
          where,
          {}};
}

}  // namespace gauntlet::uring
