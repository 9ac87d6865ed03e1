#pragma once
/// The event loop: uv_loop_t, owned.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

#include "gauntlet/callback.hpp"
#include "gauntlet/execution_context.hpp"
#include "gauntlet/task.hpp"
#include "gauntlet/uv/error.hpp"
#include "gauntlet/uv/pending.hpp"

#pragma GCC visibility push(default)

struct uv_loop_s;

namespace gauntlet::uv {

namespace detail {
class loop_core;
}

struct loop_options {
  /// Called when a loop that is destroyed or closed finds something open, with what that was. Not for the
  /// loop's own use: what it starts then is misuse.
  callback<void(std::span<const pending_operation>)> on_still_open{};
  /// Count the time spent waiting (UV_METRICS_IDLE_TIME), for metrics_idle_time().
  bool metrics_idle_time = false;
  /// Keep the profiler's signal from waking the loop (UV_LOOP_BLOCK_SIGNAL).
  bool block_sigprof = false;
  /// Let libuv 1.49 and later send file operations to io_uring with a kernel thread
  /// (UV_LOOP_USE_IO_URING_SQPOLL). An older libuv throws an error: function not implemented.
  bool use_io_uring_sqpoll = false;
  /// Let SIGPIPE be ignored in the whole process, if nobody has said what it is to do: else writing to a
  /// connection that the other side has closed ends the process, where it should be the error broken_pipe.
  /// Child processes begin with the default again.
  bool ignore_sigpipe = true;
};

/// As far as run() goes (uv_run_mode).
enum class run_mode {
  default_,  ///< until nothing is left to wait for, or stop()
  once,      ///< waits for one event, at most
  nowait,    ///< does not wait
};

/// uv_metrics_info
struct loop_metrics {
  std::uint64_t loop_count = 0;      ///< turns of the loop
  std::uint64_t events = 0;          ///< events handled
  std::uint64_t events_waiting = 0;  ///< events that were there before they were waited for
};

/// A loop belongs to the thread that made it. Every call on it, and on all that is made with it, must come
/// from there and is refused with misuse otherwise; post(), stop() and async::send() are for any thread.
///
/// Destroying it is allowed at any time, on its thread or where no thread runs it, and also inside a callback
/// that it runs (then it ends when run() returns). It closes and cancels all that is open, without calling
/// any callback, and waits until libuv is done with it: a function that runs on the thread pool is waited
/// for. Handles that outlive their loop are closed, and say so.
///
/// Tasks run on it by `gauntlet::run(loop, task)`, which stop() does not end. Destroyed by one of them, it
/// has them all cancelled and ends when that run() returns, with a misuse.
class loop {
 public:
  explicit loop(loop_options options = {}, std::source_location where = std::source_location::current());
  loop(loop&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  loop& operator=(loop&& other) noexcept;
  ~loop();

  /// Runs callbacks until nothing is left, or as far as mode says (uv_run). What a callback throws is thrown
  /// from here, itself, after the turn of the loop it was thrown in; nothing is lost, and run() may be called
  /// again. If several threw, one is thrown by each call, in their order. True if there is more to do. Not
  /// to be called from a callback.
  bool run(run_mode mode = run_mode::default_, std::source_location where = std::source_location::current());

  /// Ends run() after the turn it is in, or the next run() before its first turn (uv_stop). Any thread.
  void stop(std::source_location where = std::source_location::current());

  /// Runs work on the loop's thread, soon, in the order of the calls; what was done before is visible to it.
  /// Any thread. It does not keep run() from returning (see keep_alive); the next run() would begin with it.
  /// False: the loop is closed, and work will not run.
  bool post(callback<void()> work, std::source_location where = std::source_location::current());

  /// While one lives, run() waits for what is posted. It may be let go of on any thread.
  class work_guard;
  work_guard keep_alive(std::source_location where = std::source_location::current());

  /// Closes all handles and cancels all requests, runs their callbacks, and the loop's memory is all that is
  /// left. Nothing can be started any more, from callbacks neither. Answers what was open. What callbacks
  /// throw is thrown at the end; take_exceptions() has the others. Again: nothing.
  std::vector<pending_operation> close(std::source_location where = std::source_location::current());

  /// What callbacks threw and no run() has thrown yet. If there was no memory to keep more than some, the
  /// last one is a std::bad_alloc.
  std::vector<std::exception_ptr> take_exceptions(
      std::source_location where = std::source_location::current());

  /// What coroutines wait for, all handles that are not closed, and all other requests in flight; of each of
  /// the three the oldest first.
  std::vector<pending_operation> pending(std::source_location where = std::source_location::current()) const;
  /// pending(), a line each and one for each task that awaits it; and the tasks' errors that came second.
  void dump(std::ostream& out, std::source_location where = std::source_location::current()) const;

  /// Whether run() has something to wait for (uv_loop_alive).
  bool alive(std::source_location where = std::source_location::current()) const;
  /// The loop's time, of the beginning of its turn; the epoch is arbitrary (uv_now).
  std::chrono::milliseconds now(std::source_location where = std::source_location::current()) const;
  /// For after long work inside a callback (uv_update_time).
  void update_time(std::source_location where = std::source_location::current());
  /// For a loop inside another one: readable when run(nowait) has something to do (uv_backend_fd). Not the
  /// caller's to close.
  int backend_fd(std::source_location where = std::source_location::current()) const;
  /// How long run() would wait; negative: until an event comes (uv_backend_timeout).
  std::chrono::milliseconds backend_timeout(
      std::source_location where = std::source_location::current()) const;
  /// To be called in the child of a fork(), before anything else with the loop (uv_loop_fork).
  void fork(std::source_location where = std::source_location::current());
  /// Time spent waiting, if the options asked for it (uv_metrics_idle_time).
  std::chrono::nanoseconds metrics_idle_time(
      std::source_location where = std::source_location::current()) const;
  /// Since libuv 1.45 (uv_metrics_info).
  loop_metrics metrics_info(std::source_location where = std::source_location::current()) const;

  /// From now on the loop belongs to this thread. Only while no thread uses it.
  void bind_to_this_thread(std::source_location where = std::source_location::current());

  /// Where its tasks run: what gauntlet::run() and this_task::context() speak of. Valid until the loop is
  /// destroyed, and until the run() in which that happens has returned.
  execution_context& context(std::source_location where = std::source_location::current()) const;

  /// Valid until the loop is closed. Handles made with it are closed with the loop, before their memory may
  /// go.
  uv_loop_s* native(std::source_location where = std::source_location::current()) const;

 private:
  friend class detail::loop_core;
  detail::loop_core* core_;
};

class [[nodiscard]] loop::work_guard {
 public:
  work_guard(work_guard&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  work_guard& operator=(work_guard&& other) noexcept;
  ~work_guard() { reset(); }
  void reset() noexcept;

 private:
  friend class loop;
  explicit work_guard(detail::loop_core& core) noexcept;
  detail::loop_core* core_;
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
