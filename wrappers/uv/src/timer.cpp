#include "gauntlet/uv/timer.hpp"

#include "handle_block.hpp"

namespace gauntlet::uv {
namespace {

class timer_block final : public detail::handle_block {
 public:
  timer_block(detail::loop_core& loop, std::source_location where) noexcept
      : handle_block(loop, where, timer) {}
  const char* kind() const noexcept override { return "timer"; }

  static void expire(uv_timer_t* timer) noexcept {
    auto& self = detail::block_of<timer_block>(timer);
    self.tell(self.expired);
  }

  // In this order what libuv's heap of timers compares and links lies within one cache line, and each step
  // through the heap costs one miss, not two.
  callback<void()> expired;
  uv_timer_t timer;  // libuv sets all of it that it reads

 private:
  void release_callbacks() noexcept override { expired = {}; }
};

timer_block& use_timer(detail::handle_block* block, const char* operation,
                       const std::source_location& where) {
  return detail::use<timer_block>(block, operation, where);
}

std::uint64_t require_time(std::chrono::milliseconds time, const char* operation,
                           const std::source_location& where) {
  if (time.count() < 0)
    throw misuse(operation, "a time is negative: it must be 0 or more milliseconds", where);
  return static_cast<std::uint64_t>(time.count());
}

void start_block(timer_block& block, std::chrono::milliseconds timeout, std::chrono::milliseconds repeat,
                 callback<void()>&& expired, const std::source_location& where) {
  const std::uint64_t first = require_time(timeout, "timer::start", where);
  const std::uint64_t next = require_time(repeat, "timer::start", where);
  detail::require_callable(expired, "timer::start", where);
  detail::check(uv_timer_start(&block.timer, timer_block::expire, first, next), block, "timer::start", where);
  block.expired = std::move(expired);
  block.begin(where);
}

}  // namespace

timer::timer(uv::loop& loop, std::source_location where)
    : handle(detail::open_handle<timer_block>(loop, "timer", where, [](uv_loop_t* raw, timer_block& block) {
        return uv_timer_init(raw, &block.timer);
      })) {}

void timer::start(std::chrono::milliseconds timeout, std::chrono::milliseconds repeat,
                  callback<void()> expired, std::source_location where) {
  start_block(use_timer(block_, "timer::start", where), timeout, repeat, std::move(expired), where);
}

void timer::start(std::chrono::milliseconds timeout, callback<void()> expired, std::source_location where) {
  start_block(use_timer(block_, "timer::start", where), timeout, std::chrono::milliseconds(0),
              std::move(expired), where);
}

void timer::stop(std::source_location where) {
  uv_timer_stop(&use_timer(block_, "timer::stop", where).timer);
}

void timer::again(std::source_location where) {
  timer_block& block = use_timer(block_, "timer::again", where);
  if (uv_timer_again(&block.timer) == UV_EINVAL)
    throw misuse("timer::again", "the timer was never started: call start() first", where);
  block.begin(where);
}

void timer::set_repeat(std::chrono::milliseconds repeat, std::source_location where) {
  timer_block& block = use_timer(block_, "timer::set_repeat", where);
  uv_timer_set_repeat(&block.timer, require_time(repeat, "timer::set_repeat", where));
}

std::chrono::milliseconds timer::repeat(std::source_location where) const {
  return std::chrono::milliseconds(uv_timer_get_repeat(&use_timer(block_, "timer::repeat", where).timer));
}

std::chrono::milliseconds timer::due_in(std::source_location where) const {
  const timer_block& block = use_timer(block_, "timer::due_in", where);
  if (uv_is_active(block.uv()) == 0) return {};  // libuv answers when it would have been, after stop()
  return std::chrono::milliseconds(uv_timer_get_due_in(&block.timer));
}

}  // namespace gauntlet::uv
