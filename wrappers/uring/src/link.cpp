#include "gauntlet/uring/link.hpp"

#include <gauntlet/shim/uring.h>

#include <algorithm>
#include <cerrno>

#include "ring_core.hpp"

namespace gauntlet::uring::detail {
namespace {

static_assert(soft_link == IOSQE_IO_LINK && hard_link == IOSQE_IO_HARDLINK);
static_assert(sizeof(timespec64) == sizeof(__kernel_timespec));

constexpr opcode link_timeout_code{
    .kind = "link_timeout",
    .queue =
        [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
          // SAFETY: kept_time put its timespec64 there, which is a __kernel_timespec in all but name.
          auto* const time = static_cast<__kernel_timespec*>(const_cast<void*>(on.address));
          return gauntlet_uring_queue_link_timeout(ring, entry, time, static_cast<unsigned>(on.flags));
        },
    .expected = -ETIME};

}  // namespace

timespec64 to_timespec64(std::chrono::nanoseconds span) noexcept {
  const std::chrono::nanoseconds some = std::max(span, std::chrono::nanoseconds(0));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(some);
  return {.seconds = seconds.count(), .nanoseconds = (some - seconds).count()};
}

ring_operation<void, kept_time> make_link_timeout(ring_core& ring, std::chrono::nanoseconds span,
                                                  std::source_location where) {
  return {ring, link_timeout_code, {}, no_value, where, {to_timespec64(span)}};
}

std::string linked_operations::object() const {
  std::string said;
  for (const submitted* const part : parts_) {
    if (!said.empty()) said += ", then ";
    said += part->kind();
    if (const std::string on = part->object(); !on.empty()) said.append(" ").append(on);
  }
  return said;
}

void linked_operations::start_parts(std::span<submitted* const> parts) {
  ring_core& core = parts.front()->ring();
  core.require_open(kind(), where());
  if (context() != nullptr && context() != &core)
    throw misuse(kind(), "its ring is another loop than the one that the task runs on", where());
  for (submitted* const part : parts) {
    if (&part->ring() != &core)
      throw misuse(kind(), "its operations belong to different rings: a chain is one ring's", where());
    part->require_startable();
  }
  if (parts.size() > core.native()->sq.ring_entries)
    throw misuse(kind(),
                 std::to_string(parts.size()) +
                     " operations do not fit side by side into a submission queue of " +
                     std::to_string(core.native()->sq.ring_entries) + ": make the ring with more entries",
                 where());
  const bool drained = std::ranges::any_of(parts, [](const submitted* part) { return part->options_.drain; });
  for (submitted* const part : parts) {
    part->options_.drain = drained;
    if (drained) part->special_ |= submitted::drains;
    part->bind(part->operands_);
    part->chain_ = this;
    part->special_ |= submitted::linked;
    const unsigned own = part->flags_ & (submitted::fixed_file | submitted::async);
    part->flags_ = static_cast<std::uint8_t>(part == parts.back() ? own : own | flag_);
  }
  parts_ = parts;
  left_ = parts.size();
  core.start_linked(parts);
}

void linked_operations::cancel() noexcept {
  stopped_ = true;
  const std::span<submitted* const> all = parts_;
  // One that waits in the backlog takes the others, and the chain, with it.
  const submitted& first = *all.front();
  if (first.stands_in_chain() && first.is_held()) return withdraw();
  for (submitted* const part : all)
    if (part->has_slot()) part->cancel();
}

void linked_operations::withdraw() noexcept {
  ring_core& core = parts_.front()->ring();
  for (submitted* const part : parts_) core.withdraw(*part);
  for (submitted* const part : std::span(parts_)) part->withdrawn();
}

void linked_operations::part_ended() noexcept {
  if (--left_ != 0) return;
  const bool nothing_done =
      std::ranges::all_of(parts_, [](const submitted* part) { return part->result_.res == -ECANCELED; });
  if (stopped_ && nothing_done)
    complete_canceled();
  else
    complete();
}

void linked_operations::throw_canceled() const { throw error(-ECANCELED, kind(), object(), where()); }

bool linked_operations::was_cancelled(const submitted& part) noexcept {
  return part.result_.res == -ECANCELED || part.result_.res == -EINTR;
}
bool linked_operations::has_expired(const submitted& timeout) noexcept {
  return timeout.result_.res == -ETIME;
}

void linked_operations::throw_timed_out(const submitted& limited) const {
  throw error(-ETIMEDOUT, limited.kind(), limited.object(), where());
}

}  // namespace gauntlet::uring::detail
