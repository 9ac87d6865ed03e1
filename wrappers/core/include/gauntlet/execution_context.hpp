#pragma once
/// Where tasks run: what a loop must offer them, and how a whole program of tasks is run on one.

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gauntlet/detail/operation.hpp"
#include "gauntlet/detail/owner_thread.hpp"
#include "gauntlet/detail/stop_state.hpp"
#include "gauntlet/detail/timer_queue.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {

template <class T>
class task;
struct watchdog_options;

namespace detail {
class resume_scope;
class resumes_apart;
class running_tasks;
class watchdog;
/// execution_context::current()
[[gnu::tls_model("initial-exec")]] extern thread_local constinit execution_context* current_context;
void run_to_the_end(execution_context& context, task<void> work, const std::source_location& where);
}  // namespace detail

/// One of those that await an operation, as pending_operation tells.
struct awaiting_task {
  std::string name{};              ///< as given by named(), or empty
  std::source_location where{};    ///< where it awaits; of the library's own tasks, nothing (line 0)
  std::source_location started{};  ///< where scope::spawn started it, if that did (else line 0)
};

/// An operation that somebody awaits and that has not ended.
struct pending_operation {
  std::string_view kind{};             ///< "mutex::lock", "sleep" ...; lives as long as the program
  std::string object{};                ///< what it works on, or empty
  std::chrono::nanoseconds age{};      ///< since it was started
  std::source_location where{};        ///< where that was, in the caller's code
  std::vector<awaiting_task> chain{};  ///< who awaits it, who awaits that one, and so on; empty if the one
                                       ///< that awaits it is no gauntlet::task
};

/// One line for the operation, and one for each of its chain.
std::ostream& operator<<(std::ostream& out, const pending_operation& operation);

/// An error that could not come out of its task, because another one did first.
struct suppressed_error {
  std::exception_ptr error{};
  std::string message{};  ///< its what()
  std::string task{};     ///< by name, if it has one
};

/// For tests and tools: is told, on the loop's thread, whenever a task begins to wait for an operation.
class suspension_observer {
 public:
  virtual void suspended(const detail::operation& operation) noexcept = 0;

 protected:
  ~suspension_observer() = default;
};

/// A loop, as tasks see it. One thread at a time runs it, and all of its tasks.
///
/// A loop derives from it and
///  - implements the pure virtual functions,
///  - is `entered` while it runs callbacks,
///  - calls expire_timers() once when the time that it was told by wake_at() has come, and resume_ready()
///  once
///    in the turn after resume_later(),
///  - overrides begin_tasks() and end_tasks() where its owner may go before run() returns,
///  - stands `holding` around callbacks that are no tasks', and implements watch_at(), if it can,
///  - outlives the tasks that run on it: to be destroyed while one waits ends the program.
class execution_context {
 public:
  using clock = std::chrono::steady_clock;

  execution_context(const execution_context&) = delete;
  execution_context& operator=(const execution_context&) = delete;

  /// The one whose callbacks run on this thread now, or nullptr.
  static execution_context* current() noexcept { return detail::current_context; }

  /// Its time, which may stand still during a turn.
  virtual clock::time_point now() const noexcept = 0;
  /// The same, where a few milliseconds are nothing: when an operation began. For loops where asking the
  /// clock costs as much as what is asked for.
  virtual clock::time_point coarse_now() const noexcept { return now(); }
  virtual bool on_this_thread() const noexcept = 0;
  /// Throws misuse that says whose thread this should be: called when on_this_thread() is not.
  [[noreturn]] virtual void refuse_thread(const char* operation, const std::source_location& where) const = 0;

  /// What its tasks wait for, oldest first.
  std::vector<pending_operation> pending() const;
  /// pending(), readable.
  void dump(std::ostream& out) const;

  /// The errors that came second (see scope), and forgets them. The first 64 since the last call are kept.
  std::vector<suppressed_error> take_suppressed_errors();

  /// It is told from now on, or with nullptr nobody. Answers who was told before.
  suspension_observer* observe(suspension_observer* observer) noexcept {
    return std::exchange(observer_, observer);
  }

  /// Warns of what holds it and of what stays in flight, from now on, in place of what was told before; of
  /// neither with `watch({})`. See watchdog.hpp. On its thread.
  void watch(watchdog_options options, std::source_location where = std::source_location::current());

  /// Stands on the stack around each callback that is no task's, for the watchdog: kind is a literal ("timer
  /// callback"), where the place that it comes from in the user's code, or nothing. Where nobody watches, it
  /// is a null check.
  class holding {
   public:
    holding(execution_context& context, const char* kind, const std::source_location& where) noexcept {
      if (context.watchdog_ != nullptr) [[unlikely]]
        begin(*context.watchdog_, kind, where);
    }
    /// who: has kind() and where(), which are asked only where somebody watches.
    template <class Who>
    holding(execution_context& context, const Who& who) noexcept {
      if (context.watchdog_ != nullptr) [[unlikely]]
        begin(*context.watchdog_, who.kind(), who.where());
    }
    holding(const holding&) = delete;
    holding& operator=(const holding&) = delete;
    ~holding() {
      if (held_) [[unlikely]]
        end();
    }

   private:
    friend class detail::resume_scope;
    struct hold {
      detail::watchdog& watchdog;
      const char* kind;
      std::source_location where;
      clock::time_point began;
      std::chrono::nanoseconds measured_before;
      bool resumed;
    };

    /// Of a task that goes on.
    holding(detail::watchdog& watchdog, const detail::operation& ended) noexcept;

    void begin(detail::watchdog& watchdog, const char* kind, const std::source_location& where,
               bool resumed = false) noexcept;
    void end() noexcept;

    std::optional<hold> held_;
  };

  /// For who runs tasks on it. Waits for what comes next and handles it; false: nothing can ever come, no
  /// timer runs and nothing is in flight. What a callback throws may leave through here.
  virtual bool turn() = 0;

  void arm(detail::timer_node& timer, clock::time_point at) noexcept { timers_.arm(timer, at); }
  void suppress(std::exception_ptr error, std::string_view task) noexcept;

 protected:
  /// run() runs tasks on it from here on; it stays until end_tasks(), also if its owner does not. Throws
  /// misuse where it cannot be run. Answers what end_tasks() is told: whether tasks ran on it already.
  virtual bool begin_tasks(const std::source_location& /*where*/) { return false; }
  virtual void end_tasks(bool /*outer*/) noexcept {}

  execution_context() noexcept;
  virtual ~execution_context();

  /// Stands on the stack of the thread that runs callbacks.
  class entered {
   public:
    explicit entered(execution_context& context) noexcept
        : outer_(std::exchange(detail::current_context, &context)) {}
    entered(const entered&) = delete;
    entered& operator=(const entered&) = delete;
    ~entered() { detail::current_context = outer_; }

   private:
    execution_context* outer_;
  };

  /// The first timer's time has changed: expire_timers() is to be called then, no earlier. Nothing: there is
  /// none.
  virtual void wake_at(std::optional<clock::time_point> time) noexcept = 0;
  /// resume_ready() is to be called in the next turn, which does not wait.
  virtual void resume_later() noexcept = 0;
  /// As wake_at(), for check_pending(), and with a difference: such a time is nothing that can come, turn()
  /// answers false although it is awaited. False: this loop has no timer of that kind, and
  /// pending_longer_than cannot be watched.
  virtual bool watch_at(std::optional<clock::time_point> time) noexcept;
  void check_pending() noexcept;

  void expire_timers() noexcept;
  static void resume_ready() noexcept;

  // What is asked for each operation. A loop that keeps it here is called for it no more.
  detail::owner_thread thread_;                    // on_this_thread(), where it is bound
  mutable clock::time_point known_coarse_time_{};  // coarse_now(), or nothing

 private:
  friend class detail::operation;
  friend struct detail::chain_link;
  friend class detail::resume_scope;
  friend class detail::resumes_apart;
  friend class detail::timer_queue;
  friend class detail::watchdog;
  friend class detail::running_tasks;
  friend void detail::run_to_the_end(execution_context&, task<void>, const std::source_location&);

  /// Of those that wait on it, without what else is below a scope that was begun outside of any loop.
  template <class Work>
  void for_each_operation(Work&& work) const {
    waiting_.for_each_operation([&](const detail::operation& waits) {
      if (waits.waits_on(*this)) work(waits);
    });
  }
  /// Oldest first.
  std::vector<const detail::operation*> operations() const;
  const detail::operation* oldest_operation() const noexcept;
  void timers_changed() noexcept;
  bool is_here() const noexcept { return thread_.is_this() || on_this_thread(); }
  clock::time_point coarse_time() const noexcept {
    return known_coarse_time_ != clock::time_point() ? known_coarse_time_ : coarse_now();
  }

  // The root of those who wait on it, which is never asked to stop.
  detail::stop_state waiting_{detail::stop_state::of_a_loop{}};
  std::uint64_t begun_ = 0;  // operations
  suspension_observer* observer_ = nullptr;
  detail::watchdog* watchdog_ = nullptr;               // while somebody wants to be warned
  std::unique_ptr<detail::watchdog> watchdog_memory_;  // which stays: one may be on the stack
  detail::timer_queue timers_{*this};
  std::optional<clock::time_point> told_to_wake_at_;
  std::vector<suppressed_error> suppressed_;
};

}  // namespace gauntlet

#pragma GCC visibility pop
