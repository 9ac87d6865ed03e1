#pragma once
/// A request to stop, made in one place (from any thread) and looked at in another, between two steps of long
/// work. The standard library's is not there in every lane. Tasks inherit theirs: this_task::get_stop_token()
/// is what such work is given when a task starts it.

#include <atomic>
#include <memory>
#include <utility>

#pragma GCC visibility push(default)

namespace gauntlet {

/// Cheap to copy. One that no stop_source gave never asks to stop.
class stop_token {
 public:
  stop_token() noexcept = default;

  bool stop_possible() const noexcept { return requested_ != nullptr; }
  bool stop_requested() const noexcept { return requested_ && requested_->load(std::memory_order_acquire); }

 private:
  friend class stop_source;
  explicit stop_token(std::shared_ptr<const std::atomic<bool>> requested) noexcept
      : requested_(std::move(requested)) {}

  std::shared_ptr<const std::atomic<bool>> requested_;
};

class stop_source {
 public:
  stop_source() : requested_(std::make_shared<std::atomic<bool>>(false)) {}

  stop_token get_token() const noexcept { return stop_token(requested_); }
  /// From any thread. What was done before is visible to who sees the request.
  void request_stop() noexcept { requested_->store(true, std::memory_order_release); }

 private:
  std::shared_ptr<std::atomic<bool>> requested_;
};

}  // namespace gauntlet

#pragma GCC visibility pop
