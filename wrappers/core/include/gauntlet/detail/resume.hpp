#pragma once
/// How coroutines are resumed: never from inside another one, but where that runs a loop of its own. What is
/// ready goes on the list of the outermost resume_scope of its thread, whose end works it off: however long a
/// chain of tasks that wake each other is, the stack does not grow and nothing is allocated.
///
/// From one task into another (a task that is awaited, and back when it has ended) control is transferred.
/// Clang makes that a jump, always. GCC does so only when it optimises, and promises nothing: there the
/// coroutine returns to its resumer, which goes on with the other.

#include <coroutine>
#include <utility>

#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/detail/stop_state.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {
class execution_context;
}

namespace gauntlet::detail {

class operation;
class resume_scope;
class resumes_apart;
class watchdog;

// What is thread_local here is looked at for every operation, and is small: the model of those that are there
// from a program's start spares a call each time, even where Gauntlet is part of a shared library.

/// Another one for each thread, and one comparison to tell them apart.
inline const void* this_thread() noexcept {
  [[gnu::tls_model("initial-exec")]] static thread_local constinit const char place = 0;
  return &place;
}

class resumer {
 public:
  constexpr resumer() noexcept = default;
  resumer(const resumer&) = delete;
  resumer& operator=(const resumer&) = delete;

  /// Resumes, and then whatever that one transfers to. A coroutine type whose resume() throws ends the
  /// program.
  void run(std::coroutine_handle<> coroutine) noexcept {
    const std::coroutine_handle<> outer = std::exchange(next_, nullptr);
    const void* const outer_runs = runs_;
    go_on(coroutine);
    runs_ = outer_runs;
    next_ = outer;
  }
  /// from: the coroutine that suspends.
  void transfer(std::coroutine_handle<> from, std::coroutine_handle<> to) noexcept;

 private:
  friend class resume_scope;
  friend class resumes_apart;
  friend class operation;

  /// run(), of many: the caller keeps for itself what runs now.
  void go_on(std::coroutine_handle<> coroutine) noexcept {
    while (coroutine) {
      runs_ = coroutine.address();
      coroutine.resume();
      coroutine = std::exchange(next_, nullptr);
    }
  }

  resume_scope* outermost_ = nullptr;
  bool some_left_ = false;  // by an outermost one that is no more
  std::coroutine_handle<> next_;
  const void* runs_ = nullptr;  // the frame that returns to run() when it suspends
};

[[gnu::tls_model("initial-exec")]] extern thread_local constinit resumer this_resumer;

/// While one lives on this thread, what becomes ready is put on a list; the end of the outermost one works
/// it off. After some thousand it leaves the rest for the next turn of the loop, so that two tasks that wake
/// each other for ever do not keep timers and sockets from their turn.
class resume_scope {
 public:
  resume_scope() noexcept {
    if (this_resumer.outermost_ != nullptr) return;
    this_resumer.outermost_ = this;
    if (this_resumer.some_left_) [[unlikely]]
      take_what_was_left();
  }
  resume_scope(const resume_scope&) = delete;
  resume_scope& operator=(const resume_scope&) = delete;
  ~resume_scope() {
    if (this_resumer.outermost_ == this) {
      if (!ready_.empty()) resume_all();
      this_resumer.outermost_ = nullptr;
    }
    // SAFETY: resume_all() leaves nothing, and on others than the outermost one nothing is put: the list need
    // not be looked through once more.
    if (!ready_.empty()) __builtin_unreachable();
  }

 private:
  friend class operation;
  friend class resumes_apart;

  void resume_all() noexcept;
  [[gnu::cold, gnu::noinline]] void leave_for(execution_context& later) noexcept;
  [[gnu::cold, gnu::noinline]] void take_what_was_left() noexcept;
  static void run(operation& next) noexcept;
  [[gnu::cold, gnu::noinline]] static void run_watched(operation& next, watchdog& watching) noexcept;

  intrusive_list<stop_callback, wait_tag> ready_;  // operations, in the order in which they became so
};

/// While one lives, the scopes around it are as if they were not: a loop that is run by a task of another one
/// resumes its own tasks, and cannot wait until that task has returned.
class resumes_apart {
 public:
  resumes_apart() noexcept : around_(std::exchange(this_resumer.outermost_, nullptr)) {}
  resumes_apart(const resumes_apart&) = delete;
  resumes_apart& operator=(const resumes_apart&) = delete;
  ~resumes_apart() {
    this_resumer.outermost_ = around_;
    if (this_resumer.some_left_) [[unlikely]]
      hand_over();
  }

 private:
  /// What the inner loop has left, and may be the outer one's: that one is not told otherwise.
  [[gnu::cold, gnu::noinline]] void hand_over() noexcept;

  resume_scope* around_;
};

inline void resumer::transfer(std::coroutine_handle<> from, std::coroutine_handle<> to) noexcept {
  // Another one, of another house, was called or resumed by somebody else, to whom it returns: who might
  // destroy it before run() went on.
  if (from.address() == runs_) {
    next_ = to;
    return;
  }
  const resume_scope together;
  run(to);
}

#ifdef __clang__
/// What await_suspend() returns to go on with another coroutine.
using transferred = std::coroutine_handle<>;
inline transferred transfer(std::coroutine_handle<>, std::coroutine_handle<> to) noexcept { return to; }
inline transferred transfer_to_nobody() noexcept { return std::noop_coroutine(); }
#else
using transferred = void;
inline void transfer(std::coroutine_handle<> from, std::coroutine_handle<> to) noexcept {
  this_resumer.transfer(from, to);
}
inline void transfer_to_nobody() noexcept {}
#endif

}  // namespace gauntlet::detail

#pragma GCC visibility pop
