#pragma once
// The pinned state of a loop, shared by its owner, the owners of its handles and of its requests.

#include <uv.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "block.hpp"
#include "block_pool.hpp"
#include "gauntlet/callback.hpp"
#include "gauntlet/detail/owner_thread.hpp"
#include "gauntlet/detail/resume.hpp"
#include "gauntlet/execution_context.hpp"
#include "gauntlet/uv/loop.hpp"
#include "idle_reading.hpp"

namespace gauntlet::uv::detail {

using gauntlet::detail::this_thread;

/// It is where tasks run, too. For them it has a timer and an idle handle of libuv's, which are made when the
/// first task needs them: a program of callbacks has neither.
class loop_core final : public execution_context {
 public:
  loop_core(loop_options&& options, std::source_location where);
  loop_core(const loop_core&) = delete;
  loop_core& operator=(const loop_core&) = delete;

  /// The loop that a new handle or request goes to; refuses one that is moved-from, closed, or another
  /// thread's.
  static loop_core& of(const uv::loop& owner, const char* operation, const std::source_location& where) {
    loop_core* const core = owner.core_;
    if (core == nullptr) [[unlikely]]
      refuse_new(nullptr, operation, where);
    core->require_open(operation, where);
    return *core;
  }

  /// Throws misuse on another thread, and of a loop that is closed.
  void require_open(const char* operation, const std::source_location& where) const {
    if (!on_this_thread() || closing_) [[unlikely]]
      refuse_new(this, operation, where);
  }

  void reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void unreference() noexcept;
  /// For the owner of a block. As long as the loop is open, on its thread, these cost no atomic operation.
  void owner_added() noexcept {
    if (door_open_)
      ++block_owners_;
    else
      reference();
  }
  void owner_removed() noexcept {
    if (door_open_)
      --block_owners_;
    else
      unreference();
  }

  // ---- thread
  bool on_this_thread() const noexcept override { return thread_.is_this(); }
  void require_thread(const char* operation, const std::source_location& where) const {
    if (!on_this_thread()) refuse_thread(operation, where);
  }
  [[noreturn]] void refuse_thread(const char* operation, const std::source_location& where) const override;
  void bind_to_this_thread() noexcept { thread_.bind(); }
  /// For destructors, which must not throw. When the loop is closed any thread will do.
  void require_thread_or_end(const char* kind) const noexcept;

  // ---- run
  uv_loop_t* uv() noexcept { return &loop_; }
  bool run(run_mode mode, std::source_location where);
  void stop() noexcept;                             // any thread
  bool closed() const noexcept { return closed_; }  // on the loop's thread, as what follows
  bool closing() const noexcept { return closing_; }
  bool running() const noexcept { return running_; }  // any thread

  // ---- tasks
  clock::time_point now() const noexcept override { return clock::now(); }
  bool turn() override;

  /// loop::close
  std::vector<pending_operation> close_now(const std::source_location& where);
  /// The owner is no more: closes now, or when run() returns, of callbacks or of tasks.
  void owner_gone() noexcept;

  // ---- callbacks: what user code throws is kept for run()
  template <class Work>
  void call(Work&& work) noexcept {
    if (silent_) return;
    try {
      std::forward<Work>(work)();
    } catch (...) {
      keep(std::current_exception());
    }
  }
  template <class... Arguments, class... Given>
  void invoke(callback<void(Arguments...)>& slot, Given&&... given) noexcept {
    if (!slot) return;
    call([&] { slot.call_replaceable(std::forward<Given>(given)...); });
  }
  void keep(std::exception_ptr thrown) noexcept;
  std::exception_ptr take_first_kept() noexcept;
  std::vector<std::exception_ptr> take_exceptions();

  // ---- from other threads
  bool post(callback<void()>& work);
  /// A block whose owner died on another thread.
  void hand_over(block& owned) noexcept;
  void guard_added() noexcept;
  void guard_removed() noexcept;  // any thread

  // ---- what libuv holds
  block_list& handles() noexcept { return handles_; }
  block_list& requests() noexcept { return requests_; }
  idle_readings& idle() noexcept { return idle_; }
  std::vector<pending_operation> pending() const;
  void dump_all(std::ostream& out) const;
  uv_handle_t* wakeup() noexcept;

  // ---- memory
  /// Where streams and sockets read into, one at a time: libuv asks for a buffer, reads and calls back in one
  /// go.
  std::span<std::byte> read_buffer();
  template <class Block, class... Arguments>
  fresh<Block> make(Arguments&&... arguments) {
    static_assert(alignof(Block) <= block_pool::alignment && sizeof(Block) <= block_pool::largest);
    void* const memory = pool_.allocate(sizeof(Block));
    try {
      return fresh<Block>(::new (memory) Block(*this, std::forward<Arguments>(arguments)...));
    } catch (...) {
      pool_.deallocate(memory);
      throw;
    }
  }
  /// What make() has made.
  template <class Block>
  void destroy(Block& made) noexcept {
    static_assert(std::is_final_v<Block>);
    made.~Block();
    deallocate(&made);
  }
  /// On any thread when the loop is closed.
  void deallocate(void* memory) noexcept {
    // When the door is closed owners let go on any thread, where the pool is not safe. Another thread has
    // asked for the door under the mutex before it came here.
    if (door_open_) [[likely]]
      pool_.deallocate(memory);
    else
      pool_.abandon(memory);
  }

 private:
  ~loop_core() override = default;

  bool begin_tasks(const std::source_location& where) override;
  void end_tasks(bool outer) noexcept override;

  [[noreturn]] static void refuse_new(const loop_core* core, const char* operation,
                                      const std::source_location& where);
  void wake_at(std::optional<clock::time_point> time) noexcept override;
  void resume_later() noexcept override;
  bool watch_at(std::optional<clock::time_point> time) noexcept override;
  void set_timer(uv_timer_t& timer, std::optional<clock::time_point> time, uv_timer_cb expired) noexcept;
  void make_task_handles() noexcept;
  void throw_first_kept();
  /// Once.
  void refuse_tasks_without_owner();
  bool used_by_callbacks() const noexcept { return running_ || execution_context::current() == this; }
  /// One call of uv_run, of which exceptions are kept. True if there is more to do.
  bool run_uv(uv_run_mode mode) noexcept;
  static void on_wakeup(uv_async_t* wakeup) noexcept;
  void wake() noexcept;  // under mutex_
  bool has_posted() noexcept;
  void run_posted() noexcept;
  void take_handed_over() noexcept;
  void settle_guards() noexcept;
  /// A reason for run() to return.
  bool interrupted() const noexcept { return stop_requested_ || owner_gone_ || !kept_.empty() || lost_; }
  /// Closes all and runs the callbacks, unless silently. open: for on_still_open.
  void close(const std::vector<pending_operation>& open, bool silently) noexcept;
  void close_silently() noexcept;
  void close_everything() noexcept;
  void run_to_the_end() noexcept;
  void close_door() noexcept;
  void report_still_open(const std::vector<pending_operation>& open) noexcept;

  uv_loop_t loop_{};
  std::atomic<std::size_t> references_{1};
  std::size_t block_owners_ = 0;  // each a reference, when the door is closed
  std::atomic<bool> running_{false};
  bool owner_gone_ = false;  // while running
  bool closing_ = false;
  bool closed_ = false;
  bool silent_ = false;
  block_list handles_;
  block_list requests_;
  std::vector<std::exception_ptr> kept_;
  std::exception_ptr lost_;  // there was no memory to keep others
  callback<void(std::span<const pending_operation>)> on_still_open_;
  std::atomic<std::size_t> guards_{0};

  std::atomic<bool> stop_requested_{false};
  mutable std::mutex mutex_;  // for what follows up to wakeup_
  std::vector<callback<void()>> posted_;
  block* handed_over_ = nullptr;
  bool door_open_ = false;
  uv_async_t wakeup_{};

  bool runs_tasks_ = false;
  bool refused_tasks_ = false;      // they were told that the owner is gone
  bool resume_at_the_end_ = false;  // some are ready while the loop closes
  bool has_task_handles_ = false;
  uv_timer_t task_timer_{};
  uv_idle_t task_idle_{};
  bool has_watch_timer_ = false;
  uv_timer_t watch_timer_{};  // unreferenced
  idle_readings idle_{loop_};

  std::unique_ptr<std::byte[]> read_buffer_;
  block_pool pool_;
};

// ---- block

inline std::uint64_t block::time_of(loop_core& loop) noexcept { return uv_now(loop.uv()); }

inline void block::begin(std::source_location where) noexcept {
  where_ = where;
  set_since(time_of(loop_));
}

inline void block::hold_on(block_list& list) noexcept {
  mark(by_libuv);
  list.insert(*this);
}

inline void block::hold(holder who) noexcept {
  mark(who);
  if (who == by_owner || who == by_operation) loop_.owner_added();
}

inline bool block::release(holder who) noexcept {
  if (who == by_libuv) block_list::remove(*this);
  marks_ = static_cast<std::uint8_t>(marks_ & ~who);
  return (marks_ & by_anyone) == 0;
}

inline void block::let_go(holder who) noexcept {
  loop_core& loop = loop_;
  if (release(who)) free();
  if (who == by_owner || who == by_operation) loop.owner_removed();
}

inline void block::disown() noexcept {
  if (held(by_libuv) && !closing()) abandon();
  let_go(by_owner);
}

inline void block::owner_gone() noexcept {
  if (loop_.on_this_thread())
    disown();
  else
    loop_.hand_over(*this);
}

}  // namespace gauntlet::uv::detail
