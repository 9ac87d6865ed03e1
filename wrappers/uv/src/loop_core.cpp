#include "loop_core.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <string>

namespace gauntlet::uv::detail {
namespace {

constexpr std::size_t room_for_exceptions = 8;   // before memory is needed to keep them
constexpr std::size_t read_buffer_size = 65536;  // what libuv suggests to alloc callbacks

/// For what can only be a fault of ours, or destroys a loop under another thread's feet.
[[noreturn]] void die(const char* sentence) noexcept {
  std::fprintf(stderr, "gauntlet: %s\n", sentence);
  std::abort();
}

int configure(uv_loop_t& loop, const loop_options& options) noexcept {
  int status = 0;
  if (options.metrics_idle_time) status = uv_loop_configure(&loop, UV_METRICS_IDLE_TIME);
  if (status == 0 && options.block_sigprof) status = uv_loop_configure(&loop, UV_LOOP_BLOCK_SIGNAL, SIGPROF);
  if (status == 0 && options.use_io_uring_sqpoll) {
#if UV_VERSION_HEX >= ((1 << 16) | (49 << 8))
    status = uv_loop_configure(&loop, UV_LOOP_USE_IO_URING_SQPOLL);
#else
    status = UV_ENOSYS;
#endif
  }
  return status;
}

void ignore_sigpipe() noexcept {
  struct sigaction now{};
  if (sigaction(SIGPIPE, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL)
    signal(SIGPIPE, SIG_IGN);
}

void close_unless_closing(uv_handle_t* handle, void* wakeup) {
  if (handle != wakeup && uv_is_closing(handle) == 0) uv_close(handle, nullptr);
}

}  // namespace

loop_core::loop_core(loop_options&& options, std::source_location where)
    : on_still_open_(std::move(options.on_still_open)) {
  kept_.reserve(room_for_exceptions);
  if (options.ignore_sigpipe) ignore_sigpipe();
  if (const int status = uv_loop_init(&loop_); status < 0) throw error(status, "loop", "loop", where);
  int status = configure(loop_, options);
  if (status == 0) status = uv_async_init(&loop_, &wakeup_, on_wakeup);
  if (status < 0) {
    uv_loop_close(&loop_);
    throw error(status, "loop", "loop", where);
  }
  wakeup_.data = this;
  uv_unref(wakeup());
  door_open_ = true;
  bind_to_this_thread();
}

void loop_core::refuse_new(const loop_core* core, const char* operation, const std::source_location& where) {
  if (core == nullptr) throw misuse(operation, "the loop was moved from: use the one it was moved to", where);
  core->require_thread(operation, where);
  throw misuse(operation, "the loop is closed: nothing can be started on it any more", where);
}

void loop_core::unreference() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void loop_core::refuse_thread(const char* operation, const std::source_location& where) const {
  {
    const std::scoped_lock lock(mutex_);
    if (!door_open_) throw misuse(operation, "the loop is closed: make a new one", where);
  }
  thread_.refuse(operation, "loop", where);
}

void loop_core::require_thread_or_end(const char* kind) const noexcept {
  if (on_this_thread() || closed_) return;
  std::fprintf(stderr,
               "gauntlet: what could be awaited of a %s is destroyed on another thread than its loop's\n",
               kind);
  std::abort();
}

uv_handle_t* loop_core::wakeup() noexcept {
  // SAFETY: every handle of libuv's begins as a uv_handle_t.
  return reinterpret_cast<uv_handle_t*>(&wakeup_);
}

// ---- run

bool loop_core::run_uv(uv_run_mode mode) noexcept {
  run_posted();
  if (stop_requested_) uv_stop(&loop_);  // on another thread, which must not call it
  int alive = 0;
  do {
    alive = uv_run(&loop_, mode);
    // What was posted last may have come after libuv found that nothing keeps it.
  } while (mode == UV_RUN_DEFAULT && !interrupted() && alive == 0 && has_posted() && (run_posted(), true));
  stop_requested_ = false;
  return alive != 0;
}

bool loop_core::run(run_mode mode, std::source_location where) {
  if (used_by_callbacks())
    throw misuse("loop::run", "called inside a callback of the same loop: return from it instead", where);
  if (const std::exception_ptr thrown = take_first_kept()) std::rethrow_exception(thrown);
  static constexpr uv_run_mode modes[] = {UV_RUN_DEFAULT, UV_RUN_ONCE, UV_RUN_NOWAIT};
  reference();  // a callback may destroy the owner
  running_ = true;
  const bool alive = [&] {
    const entered here(*this);
    return run_uv(modes[static_cast<int>(mode)]);
  }();
  running_ = false;
  const bool more = alive && !owner_gone_;
  if (owner_gone_) close_silently();
  const std::exception_ptr thrown = take_first_kept();
  unreference();
  if (thrown) std::rethrow_exception(thrown);
  return more;
}

void loop_core::stop() noexcept {
  stop_requested_ = true;
  if (on_this_thread()) {
    uv_stop(&loop_);
    return;
  }
  const std::scoped_lock lock(mutex_);
  wake();
}

void loop_core::keep(std::exception_ptr thrown) noexcept {
  uv_stop(&loop_);
  try {
    kept_.push_back(std::move(thrown));
  } catch (...) {
    lost_ = std::current_exception();
  }
}

std::vector<std::exception_ptr> loop_core::take_exceptions() {
  std::vector<std::exception_ptr> next;
  next.reserve(room_for_exceptions);
  if (lost_) kept_.push_back(lost_);
  lost_ = nullptr;
  return std::exchange(kept_, std::move(next));
}

std::exception_ptr loop_core::take_first_kept() noexcept {
  if (kept_.empty()) return std::exchange(lost_, nullptr);
  std::exception_ptr first = std::move(kept_.front());
  kept_.erase(kept_.begin());
  return first;
}

// ---- tasks

bool loop_core::begin_tasks(const std::source_location& where) {
  require_thread("run", where);
  if (closed_) throw misuse("run", "the loop is closed: make a new one", where);
  reference();
  return std::exchange(runs_tasks_, true);
}

void loop_core::end_tasks(bool outer) noexcept {
  runs_tasks_ = outer;
  if (owner_gone_ && !used_by_callbacks()) close_silently();
  unreference();
}

bool loop_core::turn() {
  refuse_tasks_without_owner();
  throw_first_kept();
  running_ = true;
  // What is posted wakes it, unless nothing keeps it: then libuv does not look.
  bool more = uv_run(&loop_, UV_RUN_ONCE) != 0;
  if (!more && has_posted()) {
    run_posted();
    more = true;
  }
  stop_requested_.store(false, std::memory_order_relaxed);
  running_ = false;
  throw_first_kept();
  refuse_tasks_without_owner();
  return more;
}

void loop_core::throw_first_kept() {
  if (kept_.empty() && !lost_) [[likely]]
    return;
  std::rethrow_exception(take_first_kept());
}

void loop_core::refuse_tasks_without_owner() {
  if (owner_gone_ && !std::exchange(refused_tasks_, true))
    throw misuse("run", "the loop was destroyed by one of its own tasks or callbacks: let run() return first",
                 {});
}

void loop_core::make_task_handles() noexcept {
  if (std::exchange(has_task_handles_, true)) return;
  // Neither of the two can fail.
  uv_timer_init(&loop_, &task_timer_);
  uv_idle_init(&loop_, &task_idle_);
  task_timer_.data = task_idle_.data = this;
}

void loop_core::set_timer(uv_timer_t& timer, std::optional<clock::time_point> time,
                          uv_timer_cb expired) noexcept {
  if (!time) {
    uv_timer_stop(&timer);
    return;
  }
  using std::chrono::milliseconds;
  using std::chrono::nanoseconds;
  // libuv counts from the beginning of its turn, which may be some time ago.
  const nanoseconds of_turn = nanoseconds(uv_hrtime()) - milliseconds(uv_now(&loop_));
  const nanoseconds left = std::max(*time - now(), nanoseconds(0));
  const auto timeout = std::chrono::ceil<milliseconds>(left + of_turn);
  uv_timer_start(&timer, expired, static_cast<std::uint64_t>(timeout.count()), 0);
}

void loop_core::wake_at(std::optional<clock::time_point> time) noexcept {
  if (closing_) return;
  make_task_handles();
  // SAFETY: make_task_handles() set the data, and the timer is a member.
  set_timer(task_timer_, time,
            [](uv_timer_t* timer) noexcept { static_cast<loop_core*>(timer->data)->expire_timers(); });
}

bool loop_core::watch_at(std::optional<clock::time_point> time) noexcept {
  if (closing_) return true;
  if (!std::exchange(has_watch_timer_, true)) {
    uv_timer_init(&loop_, &watch_timer_);  // cannot fail
    watch_timer_.data = this;
    // SAFETY: every handle of libuv's begins as a uv_handle_t.
    uv_unref(reinterpret_cast<uv_handle_t*>(&watch_timer_));
  }
  // SAFETY: as in wake_at().
  set_timer(watch_timer_, time,
            [](uv_timer_t* timer) noexcept { static_cast<loop_core*>(timer->data)->check_pending(); });
  return true;
}

void loop_core::resume_later() noexcept {
  if (closing_) {
    resume_at_the_end_ = true;
    return;
  }
  make_task_handles();
  const auto resume = [](uv_idle_t* idle) noexcept {
    uv_idle_stop(idle);
    resume_ready();
  };
  uv_idle_start(&task_idle_, resume);
}

// ---- close

void loop_core::owner_gone() noexcept {
  if (used_by_callbacks() || running_) {
    if (!on_this_thread())
      die("a loop is destroyed on one thread while another one runs it: stop and join first");
    if (!running_ && !runs_tasks_)
      die("a loop is destroyed in a turn() that neither loop::run() nor gauntlet::run() made: let the turn "
          "return first");
    owner_gone_ = true;
    uv_stop(&loop_);
  } else if (!closed_) {
    bind_to_this_thread();
    close_silently();
  }
  unreference();
}

std::vector<pending_operation> loop_core::close_now(const std::source_location& where) {
  if (used_by_callbacks())
    throw misuse("loop::close",
                 "called inside a callback of the same loop: stop it, and close it when run() has returned",
                 where);
  if (closed_) return {};
  std::vector<pending_operation> open = pending();
  reference();  // a callback may destroy the owner
  close(open, false);
  const std::exception_ptr thrown = take_first_kept();
  unreference();
  if (thrown) std::rethrow_exception(thrown);
  return open;
}

void loop_core::close_silently() noexcept {
  std::vector<pending_operation> open;
  if (on_still_open_) call([&] { open = pending(); });
  close(open, true);
}

void loop_core::close(const std::vector<pending_operation>& open, bool silently) noexcept {
  const entered here(*this);
  closing_ = true;
  running_ = true;  // run() and close() from a callback are misuse here, too
  reference();      // a callback may destroy the owner
  report_still_open(open);
  silent_ = silently;
  uv_unref(wakeup());
  run_to_the_end();
  close_door();
  running_ = false;
  closed_ = true;
  if (uv_loop_close(&loop_) != 0) die("a loop does not close: this is a bug of Gauntlet's");
  unreference();
}

void loop_core::report_still_open(const std::vector<pending_operation>& open) noexcept {
  if (open.empty() || !on_still_open_) return;
  callback<void(std::span<const pending_operation>)> report = std::move(on_still_open_);
  call([&] { report(open); });
}

/// Bounded: nothing can be started any more, and what runs on the thread pool ends.
void loop_core::run_to_the_end() noexcept {
  do {
    run_posted();
    close_everything();
    if (std::exchange(resume_at_the_end_, false)) resume_ready();
  } while (uv_run(&loop_, UV_RUN_DEFAULT) != 0 || !handles_.empty() || !requests_.empty() ||
           resume_at_the_end_);
}

void loop_core::close_everything() noexcept {
  requests_.for_each([](block& request) { request.abort(); });
  handles_.for_each([](block& handle) { handle.abort(); });
  uv_walk(&loop_, close_unless_closing, wakeup());  // what was made with native()
}

/// From now on nothing comes from other threads.
void loop_core::close_door() noexcept {
  std::vector<callback<void()>> left;
  {
    const std::scoped_lock lock(mutex_);
    references_.fetch_add(block_owners_, std::memory_order_relaxed);
    door_open_ = false;
    left.swap(posted_);
  }
  take_handed_over();
  for (callback<void()>& work : left) call(work);
  uv_close(wakeup(), nullptr);
  // What was thrown just now has asked for a stop, which the first time is all that happens.
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
}

std::vector<pending_operation> loop_core::pending() const {
  std::vector<pending_operation> all;
  for (gauntlet::pending_operation& awaited : execution_context::pending()) {
    all.push_back({.kind = awaited.kind,
                   .object = std::move(awaited.object),
                   .active = true,
                   .referenced = true,
                   .owned = true,
                   .awaited = true,
                   .age = std::chrono::duration_cast<std::chrono::milliseconds>(awaited.age),
                   .where = awaited.where,
                   .chain = std::move(awaited.chain)});
  }
  const auto add = [&](const block& held) {
    if (!held.awaited()) all.push_back(held.describe());
  };
  handles_.for_each(add);
  requests_.for_each(add);
  return all;
}

void loop_core::dump_all(std::ostream& out) const {
  dump(out);  // what is awaited, and the errors that came second
  for (const pending_operation& operation : pending())
    if (!operation.awaited) out << operation << '\n';
}

// ---- from other threads

bool loop_core::post(callback<void()>& work) {
  const std::scoped_lock lock(mutex_);
  if (!door_open_) return false;
  posted_.push_back(std::move(work));
  wake();
  return true;
}

void loop_core::hand_over(block& owned) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (door_open_) {
      owned.next_handed_over_ = std::exchange(handed_over_, &owned);
      wake();
      return;
    }
  }
  owned.disown();
}

void loop_core::wake() noexcept {
  if (door_open_) uv_async_send(&wakeup_);
}

void loop_core::on_wakeup(uv_async_t* wakeup) noexcept {
  // SAFETY: the constructor set it, and the wakeup is a member.
  loop_core& self = *static_cast<loop_core*>(wakeup->data);
  self.run_posted();
  if (self.stop_requested_) uv_stop(&self.loop_);
}

bool loop_core::has_posted() noexcept {
  const std::scoped_lock lock(mutex_);
  return !posted_.empty() || handed_over_ != nullptr;
}

void loop_core::run_posted() noexcept {
  settle_guards();
  take_handed_over();
  std::vector<callback<void()>> now;
  {
    const std::scoped_lock lock(mutex_);
    now.swap(posted_);
  }
  for (callback<void()>& work : now) {
    const holding here(*this, "loop::post", {});
    call(work);
  }
}

void loop_core::take_handed_over() noexcept {
  block* next = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    next = std::exchange(handed_over_, nullptr);
  }
  while (next != nullptr) {
    block& owned = *next;
    next = std::exchange(owned.next_handed_over_, nullptr);
    owned.disown();
  }
}

void loop_core::guard_added() noexcept {
  ++guards_;
  settle_guards();
}

void loop_core::guard_removed() noexcept {
  if (--guards_ != 0) return;
  if (on_this_thread()) {
    settle_guards();
    return;
  }
  const std::scoped_lock lock(mutex_);
  wake();
}

void loop_core::settle_guards() noexcept {
  if (closing_) return;
  if (guards_ == 0)
    uv_unref(wakeup());
  else
    uv_ref(wakeup());
}

// ---- memory

std::span<std::byte> loop_core::read_buffer() {
  if (!read_buffer_) read_buffer_ = std::make_unique_for_overwrite<std::byte[]>(read_buffer_size);
  return {read_buffer_.get(), read_buffer_size};
}

}  // namespace gauntlet::uv::detail
