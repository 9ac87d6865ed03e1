#pragma once
/// What every awaitable that waits for something outside of coroutines derives from: in core event, mutex,
/// semaphore, channel and sleep; in a binding each request of the C library.
///
/// What a binding must provide, in a class that derives from operation:
///  - start(): makes the C library begin. If that fails it throws, or notes the status and calls complete()
///  at
///    once: then nobody is suspended. Else complete() is called later, once, on the loop's thread, when the C
///    library will touch neither the operation nor the caller's memory any more.
///  - cancel(): asks the C library to end early (uv_cancel, closing a request's handle, IORING_ASYNC_CANCEL).
///    It is a request: complete() still comes, inside cancel() or later, with whatever result there is. At
///    most once, only between start() and complete(). One that cannot be cancelled does nothing.
///  - await_resume(): calls finish(), which throws what start() threw, then hands out the result or throws.
///  - object(): on what it works, for dump() and errors. Called only when somebody asks, as long as it is in
///    flight, even by a context that is being destroyed.
///  - a destructor that calls leave(), which ends the program where the operation is in flight (see below):
///    in the destructor of the base class object() could not be asked any more.
/// It provides no lists, no allocation, no stop and no thread check of its own: those are here. It must be
/// movable as long as it has not started, and may be known to C by its address from start() on: the awaiting
/// frame holds it, and cannot die before.
///
/// Life: idle -> starting -> in_flight -> ready -> done, or idle -> done if stop was requested before,
/// or starting -> done if start() completed it. Destroyed in flight, which only a coroutine type of another
/// house can do that destroys a frame that waits, the program ends with a message: C still writes to the
/// frame.

#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <source_location>
#include <string>
#include <string_view>

#include "gauntlet/detail/chain.hpp"
#include "gauntlet/detail/stop_state.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {

struct pending_operation;

namespace detail {

class operation : public stop_callback {
 public:
  operation& operator=(const operation&) = delete;

  static constexpr bool await_ready() noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) {
    return suspend(coroutine, link_of(coroutine));
  }
  /// False: it is done, go on at once. coroutine is resumed else, when it is. Throws only misuse: what it
  /// cannot start is told by finish().
  bool suspend(std::coroutine_handle<> coroutine, chain_link* link);

  const char* kind() const noexcept { return kind_; }
  virtual std::string object() const { return {}; }
  const std::source_location& where() const noexcept { return where_; }
  std::chrono::steady_clock::time_point since() const noexcept { return since_; }
  bool waits_on(const execution_context& loop) const noexcept { return context_ == &loop; }
  /// Of two that wait on one loop.
  bool began_before(const operation& other) const noexcept { return number_ < other.number_; }
  pending_operation describe(std::chrono::steady_clock::time_point now) const;
  /// The name of the nearest task that has one, or "".
  std::string_view task_name() const noexcept;

 protected:
  /// kind: a literal, as pending() shows it ("mutex::lock").
  operation(const char* kind, std::source_location where) noexcept : kind_(kind), where_(where) {}
  /// Of one that has not started.
  operation(operation&& other) noexcept
      : stop_callback(), kind_(other.kind_), where_(other.where_), starts_stopped_(other.starts_stopped_) {}
  virtual ~operation() { leave(); }
  void leave() const noexcept {
    if (state_ == state::in_flight) [[unlikely]]
      destroyed_in_flight();
  }

  virtual void start() = 0;
  virtual void cancel() noexcept = 0;

  void complete();
  // In suspension.hpp, for a binding's own sources.
  template <std::invocable Begin>
  bool suspend_as(std::coroutine_handle<> coroutine, chain_link* link, Begin begin);
  void complete_here() noexcept;
  /// finish() will throw operation_canceled.
  void note_canceled() noexcept { canceled_ = true; }
  /// complete(), and finish() will throw operation_canceled.
  void complete_canceled() {
    note_canceled();
    complete();
  }
  /// complete(), and finish() will throw this.
  void complete_failed(std::exception_ptr failure) {
    failure_ = std::move(failure);
    complete();
  }
  /// Throws what start() threw, and operation_canceled where it was cancelled before it started or by
  /// complete_canceled().
  void finish() {
    if (failure_ || canceled_) [[unlikely]]
      throw_failure();
  }
  /// What a cancelled one throws: a gauntlet::error whose code is std::errc::operation_canceled. A binding's
  /// own error has to compare equal to it.
  [[noreturn]] virtual void throw_canceled() const;

  bool completed() const noexcept { return state_ == state::ready || state_ == state::done; }
  /// It has completed, and who awaits it has not gone on yet.
  bool untold() const noexcept { return state_ == state::ready; }
  execution_context* context() const noexcept { return context_; }
  chain_link* link() const noexcept { return link_; }
  /// It is started even when stop was requested before: cancel() is called then, too.
  void start_when_stopped() noexcept { starts_stopped_ = true; }

 private:
  friend class resume_scope;

  enum class state : std::uint8_t { idle, starting, in_flight, ready, done };

  [[noreturn]] void refuse_second_time() const;
  stop_state* find_context(chain_link* link) noexcept;  // in suspension.hpp
  // Out of line, so that those who come by need no room for what they would have on the stack.
  [[gnu::cold, gnu::noinline]] void start_failed() noexcept;
  [[gnu::cold, gnu::noinline]] void tell_suspended() noexcept;
  void resume_in_turn() noexcept;  // in suspension.hpp
  [[gnu::cold, gnu::noinline]] void resume_now() noexcept;
  void on_stop() noexcept final { cancel(); }
  const operation* as_operation() const noexcept final { return this; }
  [[noreturn]] void destroyed_in_flight() const noexcept;
  [[noreturn]] void throw_failure();
  std::coroutine_handle<> take_ready() noexcept {
    state_ = state::done;
    return coroutine_;
  }

  const char* kind_;
  std::source_location where_;
  std::chrono::steady_clock::time_point since_{};
  std::uint64_t number_ = 0;  // the context counts what begins
  std::coroutine_handle<> coroutine_;
  chain_link* link_ = nullptr;
  execution_context* context_ = nullptr;
  std::exception_ptr failure_;
  state state_ = state::idle;
  bool canceled_ = false;
  bool starts_stopped_ = false;
};

}  // namespace detail
}  // namespace gauntlet

#pragma GCC visibility pop
