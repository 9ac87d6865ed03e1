#include "gauntlet/uring/timer.hpp"

#include <gauntlet/shim/uring.h>

#include <cerrno>

#include "ring_core.hpp"

namespace gauntlet::uring {
namespace detail {

struct timer_state {
  explicit timer_state(ring_core& on) noexcept : ring(on) {}
  ring_use ring;
  timer_wait* waiting = nullptr;
};

namespace {

constexpr int absolute = IORING_TIMEOUT_ABS;
constexpr int expiring_is_success = IORING_TIMEOUT_ETIME_SUCCESS;  // to a chain

__kernel_timespec* time_of(const operands& on) noexcept {
  // SAFETY: kept_time put its timespec64 there, which is a __kernel_timespec in all but name.
  return static_cast<__kernel_timespec*>(const_cast<void*>(on.address));
}

constexpr opcode timeout_code{
    .kind = "timeout",
    .queue =
        [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
          return gauntlet_uring_queue_timeout(ring, entry, time_of(on), on.length,
                                              static_cast<unsigned>(on.flags));
        },
    .expected = -ETIME};
constexpr opcode wait_code{.kind = "timer::wait_for", .queue = timeout_code.queue, .expected = -ETIME};
constexpr opcode update_code{.kind = "timer::update",
                             .queue =
                                 [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
                                   return gauntlet_uring_queue_timeout_update(
                                       ring, entry, time_of(on), on.offset, static_cast<unsigned>(on.flags));
                                 },
                             .expected = -ENOENT};
constexpr opcode remove_code{.kind = "timer::remove",
                             .queue =
                                 [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
                                   return gauntlet_uring_queue_timeout_remove(ring, entry, on.offset, 0);
                                 },
                             .expected = -ENOENT};

int flag_of(clock_kind clock) noexcept {
  switch (clock) {
    case clock_kind::boot:
      return IORING_TIMEOUT_BOOTTIME;
    case clock_kind::real:
      return IORING_TIMEOUT_REALTIME;
    default:
      return 0;
  }
}

ring_operation<timeout_end, kept_time> make(ring& on, std::chrono::nanoseconds time, int flags,
                                            std::uint32_t completions, const std::source_location& where) {
  return {ring_core::of(on, timeout_code.kind, where),
          timeout_code,
          {.flags = flags | expiring_is_success, .length = completions},
          [](submission<kept_time>& ended) {
            return ended.res() == 0 ? timeout_end::counted : timeout_end::expired;
          },
          where,
          {to_timespec64(time)}};
}

}  // namespace

// ---- wait

timer_wait::timer_wait(ring_core& ring, std::shared_ptr<timer_state> of, std::chrono::nanoseconds span,
                       int flags, std::source_location where) noexcept
    : submitted(ring, wait_code, {.flags = flags}, where), state_(std::move(of)), kept_{to_timespec64(span)} {
  listen_for_end();
}
// NOLINTBEGIN(bugprone-use-after-move): only the base class is moved
timer_wait::timer_wait(timer_wait&& other) noexcept
    : submitted(std::move(other)), state_(std::move(other.state_)), kept_(other.kept_) {}
// NOLINTEND(bugprone-use-after-move)
timer_wait::~timer_wait() { leave(); }

void timer_wait::start() {
  require_startable();
  if (state_->waiting != nullptr)
    throw misuse(kind(), "another task waits for this timer: make one for each", where());
  submit();
  state_->waiting = this;
}

void timer_wait::bind(operands& into) noexcept { kept_.bind(into); }
void timer_wait::ended(completion) noexcept { state_->waiting = nullptr; }

timeout_end timer_wait::await_resume() {
  if (res() != -ECANCELED) {
    finish();
    return timeout_end::expired;
  }
  operation::finish();  // throws, if it was its own task that was cancelled
  return timeout_end::removed;
}

// ---- change

timer_change::timer_change(ring_core& ring, const opcode& code, std::shared_ptr<timer_state> of,
                           std::chrono::nanoseconds span, int flags, std::source_location where) noexcept
    : submitted(ring, code, {.flags = flags}, where), state_(std::move(of)), kept_{to_timespec64(span)} {}
// NOLINTBEGIN(bugprone-use-after-move): only the base class is moved
timer_change::timer_change(timer_change&& other) noexcept
    : submitted(std::move(other)), state_(std::move(other.state_)), kept_(other.kept_) {}
// NOLINTEND(bugprone-use-after-move)
timer_change::~timer_change() { leave(); }

void timer_change::start() {
  require_startable();
  if (state_->waiting != nullptr) return submit();
  late_ = true;
  complete();
}

void timer_change::bind(operands& into) noexcept {
  kept_.bind(into);
  into.offset = ring().user_data_of(*state_->waiting);
}

bool timer_change::await_resume() {
  finish();
  return !late_ && res() == 0;
}

}  // namespace detail

detail::ring_operation<timeout_end, detail::kept_time> timeout(ring& on, std::chrono::nanoseconds span,
                                                               const timeout_options& options,
                                                               std::source_location where) {
  return detail::make(on, span, detail::flag_of(options.clock), options.completions, where);
}

detail::ring_operation<timeout_end, detail::kept_time> timeout_at(ring& on,
                                                                  std::chrono::steady_clock::time_point time,
                                                                  std::uint32_t completions,
                                                                  std::source_location where) {
  return detail::make(on, time.time_since_epoch(), detail::absolute, completions, where);
}

detail::ring_operation<timeout_end, detail::kept_time> timeout_at(ring& on,
                                                                  std::chrono::system_clock::time_point time,
                                                                  std::uint32_t completions,
                                                                  std::source_location where) {
  return detail::make(on, time.time_since_epoch(), detail::absolute | IORING_TIMEOUT_REALTIME, completions,
                      where);
}

timer::timer(ring& on, std::source_location where)
    : state_(std::make_shared<detail::timer_state>(detail::ring_core::of(on, "timer", where))) {}

namespace {

const std::shared_ptr<detail::timer_state>& state_of(const std::shared_ptr<detail::timer_state>& state,
                                                     const detail::opcode& code,
                                                     const std::source_location& where) {
  if (state == nullptr) throw misuse(code.kind, "it was moved from: use the one it was moved to", where);
  return state;
}

}  // namespace

detail::timer_wait timer::wait_for(std::chrono::nanoseconds span, std::source_location where) {
  const auto& state = state_of(state_, detail::wait_code, where);
  return {*state->ring, state, span, detail::expiring_is_success, where};
}
detail::timer_change timer::update(std::chrono::nanoseconds span, std::source_location where) {
  const auto& state = state_of(state_, detail::update_code, where);
  return {*state->ring, detail::update_code, state, span, 0, where};
}
detail::timer_change timer::remove(std::source_location where) {
  const auto& state = state_of(state_, detail::remove_code, where);
  return {*state->ring, detail::remove_code, state, {}, 0, where};
}

}  // namespace gauntlet::uring
