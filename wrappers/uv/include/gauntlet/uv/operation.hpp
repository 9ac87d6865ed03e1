#pragma once
/// What the awaitables of handles have in common. Coroutines await them; callers need none of their names.

#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/detail/operation.hpp"
#include "gauntlet/uv/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv::detail {

class waited_block;

/// Keeps a handle's memory, not the handle open: what is awaited may be awaited too late.
class handle_use {
 public:
  explicit handle_use(waited_block& used) noexcept;
  handle_use(handle_use&& other) noexcept : used_(std::exchange(other.used_, nullptr)) {}
  handle_use& operator=(handle_use&&) = delete;
  ~handle_use();
  waited_block& operator*() const noexcept { return *used_; }

 private:
  waited_block* used_;
};

/// Errors are uv::error whose operation is kind() and whose subject is object(). A handle that is closed
/// under it ends it with operation_canceled.
class handle_operation : public gauntlet::detail::operation {
 public:
  /// The kind of the handle, and its descriptor.
  std::string object() const override;

 protected:
  handle_operation(waited_block& on, const char* kind, std::source_location where) noexcept
      : operation(kind, where), on_(on) {}
  handle_operation(handle_operation&&) noexcept = default;
  ~handle_operation() override = default;

  waited_block& on() const noexcept { return *on_; }
  /// Throws misuse if it cannot be awaited here and now: the handle is closed, the task runs on another loop.
  void require_usable() const;
  /// complete(), and finish() will throw the error, if status is negative.
  void ended(int status) {
    status_ = status;
    complete();
  }
  void finish() {
    operation::finish();
    if (status_ < 0) [[unlikely]]
      throw_error(status_);
  }
  [[noreturn]] void throw_error(int status) const;
  [[noreturn]] void throw_canceled() const final;
  /// libuv touches nothing any more.
  virtual void before_end() noexcept {}

 private:
  template <class Request>
  friend class awaited_request;
  friend class waited_block;

  handle_use on_;
  int status_ = 0;
};

/// Waits for what a handle tells by itself. The handle has a list of those that wait.
class handle_wait : public handle_operation, public gauntlet::detail::list_node<struct handle_wait_tag> {
 protected:
  using handle_operation::handle_operation;
  handle_wait(handle_wait&&) noexcept = default;
  ~handle_wait() override = default;

  /// At the end of the handle's list.
  void wait();
  /// Throws misuse if another one waits.
  void require_alone() const;
  /// Off the list; what it was lent is returned.
  void stop_waiting() noexcept;
  void end(int status) {
    stop_waiting();
    ended(status);
  }
  void end(std::exception_ptr failure) {
    stop_waiting();
    complete_failed(std::move(failure));
  }
  /// Nobody is told any more; nothing needs to be stopped.
  void cancel() noexcept override {
    stop_waiting();
    complete_canceled();
  }

 private:
  friend class waited_block;
};

template <class T>
class next_operation;

/// How a kind of handle tells a T.
template <class T>
struct next_rules {
  const char* kind = nullptr;
  /// Throws, gives what is there already, or has it wait.
  void (*begin)(waited_block& on, next_operation<T>& operation) = nullptr;
  /// It is cancelled; may be nullptr.
  void (*stop)(waited_block& on) noexcept = nullptr;
};

/// Waits for the next T that a handle tells.
template <class T>
class [[nodiscard]] next_operation final : public handle_wait {
 public:
  /// argument: what begin() may want to know.
  next_operation(waited_block& on, const next_rules<T>& rules, std::source_location where,
                 int argument = 0) noexcept
      : handle_wait(on, rules.kind, where), rules_(rules), argument_(argument) {}
  next_operation(next_operation&& other) noexcept
      : handle_wait(std::move(other)), rules_(other.rules_), argument_(other.argument_) {}
  ~next_operation() override { leave(); }
  T await_resume() {
    finish();
    return std::move(*value_);
  }

  // ---- for the handle
  using handle_wait::end;
  using handle_wait::wait;
  int argument() const noexcept { return argument_; }
  void give(T value) {
    value_.emplace(std::move(value));
    end(0);
  }

 private:
  void start() override {
    require_usable();
    require_alone();
    rules_.begin(on(), *this);
  }
  void cancel() noexcept override {
    if (rules_.stop != nullptr) rules_.stop(on());
    handle_wait::cancel();
  }

  const next_rules<T>& rules_;
  int argument_;
  std::optional<T> value_;
};

}  // namespace gauntlet::uv::detail

#pragma GCC visibility pop
