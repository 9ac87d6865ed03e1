#pragma once
/// The tree of those who wait on a loop: its root is the loop's, its branches are scopes and timeouts, its
/// leaves what is awaited. A request to stop goes down from a branch; and what a loop waits for is read off
/// it. It belongs to one thread; what other threads look at is the stop_token of a branch.

#include <optional>

#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/stop_token.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::detail {

class operation;

/// A branch or a leaf. It leaves its place when it is destroyed.
class stop_callback : public list_node<struct wait_tag> {
 public:
  /// Once, on the loop's thread.
  virtual void on_stop() noexcept = 0;
  /// nullptr: it is a branch.
  virtual const operation* as_operation() const noexcept = 0;

 protected:
  stop_callback() noexcept = default;
  ~stop_callback() = default;
};

class stop_state final : public stop_callback {
 public:
  struct of_a_loop {};
  explicit stop_state(of_a_loop) noexcept : is_loops_(true) {}
  /// parent: may be nullptr; lives longer, but for a loop that a loose one was attached to.
  explicit stop_state(stop_state* parent) noexcept { attach(parent); }
  stop_state() noexcept = default;
  stop_state(const stop_state&) = delete;
  stop_state& operator=(const stop_state&) = delete;
  /// What is still below it has no parent then.
  ~stop_state();

  /// Before anybody waits below it, or of a loose one.
  void attach(stop_state* parent) noexcept;
  /// The root of this tree, or nullptr where it is a loop's.
  stop_state* loose_root() noexcept {
    if (parent_ != nullptr) return parent_->loose_root();
    return is_loops_ ? nullptr : this;
  }
  bool requested() const noexcept { return requested_; }
  /// All below are asked; then those that have ended are resumed, after which this may be no more.
  void request_stop() noexcept;
  /// What is added after the request is not asked any more.
  void add(stop_callback& callback) noexcept { callbacks_.push_back(callback); }
  stop_token token();

  /// work(const operation&) for all that wait here or below, and have been asked to stop or not.
  template <class Work>
  void for_each_operation(Work&& work) const {
    callbacks_.for_each([&](const stop_callback& below) {
      if (const operation* const waits = below.as_operation())
        work(*waits);
      else
        static_cast<const stop_state&>(below).for_each_operation(work);
    });
  }
  /// Of these the one that began first, or nullptr.
  const operation* oldest_operation() const noexcept;

 private:
  void on_stop() noexcept override;
  const operation* as_operation() const noexcept override { return nullptr; }

  stop_state* parent_ = nullptr;
  intrusive_list<stop_callback, wait_tag> callbacks_;
  std::optional<stop_source> flag_;  // once somebody has asked for a token
  bool is_loops_ = false;
  bool requested_ = false;
};

}  // namespace gauntlet::detail

#pragma GCC visibility pop
