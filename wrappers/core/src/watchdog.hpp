#pragma once
// What a context that is watched has: the limits, and what is needed to tell where they were passed.

#include <chrono>
#include <source_location>
#include <string>
#include <utility>

#include "gauntlet/watchdog.hpp"

namespace gauntlet::detail {

class watchdog {
 public:
  using clock = execution_context::clock;

  explicit watchdog(execution_context& context) noexcept : context_(context) {}

  /// False: the context cannot wake for it.
  bool set(watchdog_options options) noexcept;
  bool wanted() const noexcept { return watches_held() || watches_pending(); }

  void suspended(const operation& waits) noexcept {
    until_ = waits.where();
    if (watches_pending() && !armed_) wake_for(waits);
  }
  /// Tells of all that are due, and when to look again.
  void check_pending() noexcept;

 private:
  friend class gauntlet::execution_context;

  bool watches_held() const noexcept { return options_.held_longer_than > clock::duration::zero(); }
  bool watches_pending() const noexcept { return options_.pending_longer_than > clock::duration::zero(); }
  clock::time_point due(const operation& waits) const noexcept {
    return saturating_add(waits.since(), options_.pending_longer_than);
  }
  bool wake_for(const operation& waits) noexcept { return armed_ = context_.watch_at(due(waits)); }
  /// By report, or if that is empty on standard error.
  template <class Told>
  void tell(callback<void(const Told&)>& report, const char* intro, const Told& told) noexcept;

  execution_context& context_;
  watchdog_options options_;
  bool armed_ = false;
  clock::time_point told_until_ =
      clock::time_point::min();          // of those that began to wait before, all are told
  std::chrono::nanoseconds measured_{};  // by all that were held on the stack, so far
  std::string task_;                     // of the one that goes on
  std::source_location until_;           // where a task waited last
};

}  // namespace gauntlet::detail
