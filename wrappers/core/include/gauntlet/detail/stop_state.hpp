#pragma once
/// The tree that a request to stop goes down: who waits below a node of it is asked to end. It belongs to one
/// thread; what other threads look at is the stop_token of a node.

#include <optional>

#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/stop_token.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::detail {

class operation;

/// Asked once, on the loop's thread. Leaves its list before it is asked, and when it is destroyed.
class stop_callback : public list_node<struct stop_tag> {
 public:
  virtual void on_stop() noexcept = 0;
  /// An operation that is registered here or below, or nullptr: for what an error says.
  virtual const operation* first_operation() const noexcept = 0;

 protected:
  stop_callback() noexcept = default;
  ~stop_callback() = default;
};

class stop_state final : public stop_callback {
 public:
  /// parent: may be nullptr; lives longer.
  explicit stop_state(stop_state* parent) noexcept { attach(parent); }
  stop_state() noexcept = default;
  stop_state(const stop_state&) = delete;
  stop_state& operator=(const stop_state&) = delete;

  /// Of one that has no parent yet.
  void attach(stop_state* parent) noexcept;
  bool requested() const noexcept { return requested_; }
  /// All below are asked; then those that have ended are resumed, after which this may be no more.
  void request_stop() noexcept;
  /// Not when it is requested already: nobody would ask.
  void add(stop_callback& callback) noexcept { callbacks_.push_back(callback); }
  stop_token token();

  const operation* first_operation() const noexcept override;

 private:
  void on_stop() noexcept override;

  intrusive_list<stop_callback, stop_tag> callbacks_;
  std::optional<stop_source> flag_;  // once somebody has asked for a token
  bool requested_ = false;
};

}  // namespace gauntlet::detail

#pragma GCC visibility pop
