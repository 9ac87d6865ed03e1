#pragma once
/// uv_timer_t

#include <chrono>
#include <source_location>

#include "gauntlet/uv/handle.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// Calls back after a time, once or again and again. Times are whole milliseconds of the loop's time
/// (loop::now), which stands still during a turn of the loop.
class timer : public handle {
 public:
  explicit timer(loop& loop,
                 std::source_location where = std::source_location::current());  ///< uv_timer_init

  /// Calls expired after timeout, then every repeat unless that is 0. One that runs begins anew. A negative
  /// time is misuse (uv_timer_start).
  void start(std::chrono::milliseconds timeout, std::chrono::milliseconds repeat, callback<void()> expired,
             std::source_location where = std::source_location::current());
  void start(std::chrono::milliseconds timeout, callback<void()> expired,
             std::source_location where = std::source_location::current());
  /// It may be started again (uv_timer_stop).
  void stop(std::source_location where = std::source_location::current());
  /// Stops and, if it repeats, starts with the repeat time. Misuse of one that was never started
  /// (uv_timer_again).
  void again(std::source_location where = std::source_location::current());
  /// From the next expiry on; 0: no more (uv_timer_set_repeat).
  void set_repeat(std::chrono::milliseconds repeat,
                  std::source_location where = std::source_location::current());
  std::chrono::milliseconds repeat(
      std::source_location where = std::source_location::current()) const;  ///< uv_timer_get_repeat
  /// Until it expires; 0 if it does not run (uv_timer_get_due_in).
  std::chrono::milliseconds due_in(std::source_location where = std::source_location::current()) const;
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
