#include "gauntlet/uring/poll.hpp"

#include <gauntlet/shim/uring.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cstring>

#include "descriptor_block.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring {
namespace {

using detail::opcode;
using detail::operands;
using detail::ring_operation;

static_assert(static_cast<int>(poll_events::readable) == POLLIN &&
              static_cast<int>(poll_events::priority) == POLLPRI &&
              static_cast<int>(poll_events::writable) == POLLOUT &&
              static_cast<int>(poll_events::broken) == POLLERR &&
              static_cast<int>(poll_events::hung_up) == POLLHUP &&
              static_cast<int>(poll_events::peer_finished) == POLLRDHUP);
static_assert(sizeof(epoll_event) <= sizeof(detail::kept_epoll_event::event));

constexpr opcode poll_code{
    .kind = "poll", .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      return gauntlet_uring_queue_poll_add(ring, entry, on.fd, on.length);
    }};
constexpr opcode epoll_code{
    .kind = "epoll_ctl",
    .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      // SAFETY: kept_epoll_event has one there.
      auto* const event = static_cast<epoll_event*>(const_cast<void*>(on.address));
      return gauntlet_uring_queue_epoll_ctl(ring, entry, on.fd, on.second_fd, on.flags, event);
    }};
constexpr opcode command_code{
    .kind = "descriptor::command",
    .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      io_uring_sqe* const filled = &ring->sq.sqes[ring->sq.sqe_tail & ring->sq.ring_mask];
      const int status = gauntlet_uring_queue_rw(ring, entry, static_cast<int>(operation_code::uring_cmd),
                                                 on.fd, nullptr, 0, on.offset);
      // SAFETY: kept_command has 16 bytes there; the entry has as many from
      // addr3 on, its last ones.
      if (status == 0)
        std::memcpy(reinterpret_cast<std::byte*>(filled) + offsetof(io_uring_sqe, addr3), on.address,
                    sizeof(detail::kept_command::bytes));
      return status;
    }};

poll_events events_of(detail::submission<detail::nothing_kept>& ended) {
  return static_cast<poll_events>(ended.res());
}

}  // namespace

ring_operation<poll_events> any_descriptor::poll(poll_events events, std::source_location where) {
  return {use("descriptor::poll", where),
          poll_code,
          {.length = static_cast<std::uint32_t>(events)},
          events_of,
          where};
}

ring_operation<poll_events> poll(ring& on, int number, poll_events events, std::source_location where) {
  return {detail::ring_core::of(on, "poll", where),
          poll_code,
          {.fd = number, .length = static_cast<std::uint32_t>(events)},
          events_of,
          where};
}

ring_operation<std::int32_t, detail::kept_command> any_descriptor::command(
    std::uint32_t number, const std::array<std::byte, 16>& operands, std::source_location where) {
  return {use("descriptor::command", where),
          command_code,
          {.offset = number},
          [](detail::submission<detail::kept_command>& ended) { return ended.res(); },
          where,
          {operands}};
}

ring_operation<void, detail::kept_epoll_event> epoll_ctl(ring& on, int epoll, epoll_action action, int number,
                                                         std::uint32_t events, std::uint64_t data,
                                                         std::source_location where) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  detail::kept_epoll_event kept;
  std::memcpy(kept.event.data(), &event, sizeof event);
  return {detail::ring_core::of(on, "epoll_ctl", where),
          epoll_code,
          {.fd = epoll, .second_fd = number, .flags = static_cast<int>(action)},
          detail::no_value,
          where,
          kept};
}

}  // namespace gauntlet::uring
