#pragma once
/// The timers of an execution context: a pairing heap of nodes that live in who waits, so that arming one
/// allocates nothing. A loop needs one timer of its own for all of them.

#include <chrono>
#include <cstdint>
#include <optional>

#pragma GCC visibility push(default)

namespace gauntlet {
class execution_context;
}

namespace gauntlet::detail {

class timer_queue;

class timer_node {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  timer_node(const timer_node&) = delete;
  timer_node& operator=(const timer_node&) = delete;

  bool armed() const noexcept { return queue_ != nullptr; }
  time_point time() const noexcept { return at_; }
  void disarm() noexcept;

 protected:
  timer_node() noexcept = default;
  virtual ~timer_node() { disarm(); }
  /// It is not armed any more.
  virtual void expired() noexcept = 0;

 private:
  friend class timer_queue;

  time_point at_{};
  std::uint64_t order_ = 0;  // of those that expire at the same time, the first armed comes first
  timer_queue* queue_ = nullptr;
  timer_node* child_ = nullptr;
  timer_node* next_ = nullptr;      // sibling
  timer_node* previous_ = nullptr;  // sibling, or the parent of a first child
};

class timer_queue {
 public:
  using time_point = timer_node::time_point;

  /// owner: is told of every change.
  explicit timer_queue(execution_context& owner) noexcept : owner_(owner) {}
  timer_queue(const timer_queue&) = delete;
  timer_queue& operator=(const timer_queue&) = delete;
  /// What is still armed never expires.
  ~timer_queue();

  bool empty() const noexcept { return root_ == nullptr; }
  /// When the first expires.
  std::optional<time_point> next() const noexcept {
    return root_ == nullptr ? std::nullopt : std::optional(root_->at_);
  }
  void arm(timer_node& node, time_point at) noexcept;
  /// Tells all whose time has come, in their order.
  void expire(time_point now) noexcept;

 private:
  friend class timer_node;

  void remove(timer_node& node) noexcept;
  timer_node& take_first() noexcept;
  static timer_node* merge(timer_node* one, timer_node* other) noexcept;
  static timer_node* merge_siblings(timer_node* first) noexcept;

  execution_context& owner_;
  timer_node* root_ = nullptr;
  std::uint64_t armed_ = 0;
};

/// now + span, or the end of time where that is beyond it.
template <class Rep, class Period>
timer_node::time_point saturating_add(timer_node::time_point now,
                                      std::chrono::duration<Rep, Period> span) noexcept {
  using wide = std::chrono::duration<long double, std::nano>;
  const wide left = timer_node::time_point::max() - now;
  if (wide(span) >= left) return timer_node::time_point::max();
  if (wide(span) <= wide(0)) return now;
  return now + std::chrono::ceil<timer_node::time_point::duration>(span);
}

}  // namespace gauntlet::detail

#pragma GCC visibility pop
