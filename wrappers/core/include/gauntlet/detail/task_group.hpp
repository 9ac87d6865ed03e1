#pragma once
/// Tasks that run beside each other and end before the coroutine that started them goes on: what scope,
/// when_all and when_any are made of. The first that fails stops the others.

#include <cstddef>
#include <exception>
#include <source_location>
#include <string>
#include <string_view>

#include "gauntlet/detail/chain.hpp"
#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/detail/operation.hpp"
#include "gauntlet/detail/stop_state.hpp"
#include "gauntlet/task.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::detail {

/// Ends when none of the group's tasks runs; asked to stop along with the group, it still waits for them.
class join_operation : public operation, public list_node<struct waiter_tag> {
 public:
  join_operation(task_group& group, const char* kind, std::source_location where) noexcept;
  join_operation(join_operation&&) noexcept = default;
  ~join_operation() override { leave(); }

  std::string object() const override;
  void await_resume() { finish(); }

 protected:
  task_group& group() const noexcept { return group_; }

 private:
  friend class task_group;

  void start() override;
  void cancel() noexcept override;

  task_group& group_;
};

/// Lives in the frame of the coroutine whose link it is given.
class task_group {
 public:
  explicit task_group(chain_link& owner) noexcept : owner_(owner), outer_(owner.stop), stop_(owner.stop) {}
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  ~task_group();

  /// Runs it until it waits for the first time. Its frame goes when it has ended.
  void start(task<void> child, const std::source_location& where);
  /// begins() makes and starts some. Where it throws (there is no memory for a frame) the group has failed,
  /// and those that run already are awaited as ever.
  template <class Begins>
  void start_all(Begins&& begins) noexcept {
    try {
      begins();
    } catch (...) {
      failed(std::current_exception());
    }
  }
  std::size_t running() const noexcept { return running_; }
  stop_state& stop() noexcept { return stop_; }

  join_operation join(std::source_location where) noexcept { return {*this, "join", where}; }
  /// One has failed: of its tasks, or the coroutine itself.
  void failed(std::exception_ptr failure, std::string_view task = {}) noexcept;
  const std::exception_ptr& first_error() const noexcept { return first_; }
  /// When all have ended: throws the first error, unless that was done before and the owner came to its end
  /// all the same. If the group was stopped from outside and somebody has heard it: operation_canceled.
  void rethrow(bool owner_ended);
  /// What was cancelled, or nullptr.
  const std::exception_ptr& canceled() const noexcept { return canceled_; }

 private:
  friend class join_operation;
  friend class promise_base;

  void child_ended(std::exception_ptr failure, std::string_view task) noexcept;

  chain_link& owner_;
  stop_state* outer_;
  stop_state stop_;
  std::size_t running_ = 0;
  std::exception_ptr first_;
  std::exception_ptr canceled_;
  bool first_was_thrown_ = false;
  intrusive_list<join_operation, waiter_tag> joining_;
};

}  // namespace gauntlet::detail

#pragma GCC visibility pop
