#include "thread_pool.hpp"

#include <pthread.h>
#include <uv.h>

#include <atomic>

namespace gauntlet::uv::detail {
namespace {

std::atomic<bool> pool_runs = false;

// A child has none of its parent's threads, and libuv starts them anew.
void in_child() noexcept { pool_runs.store(false, std::memory_order_relaxed); }

void do_nothing(uv_work_t*) noexcept {}

/// With work of our own: of what the user asks for, libuv may give some to io_uring instead.
void start() noexcept {
  static const int registered = pthread_atfork(nullptr, nullptr, in_child);
  uv_loop_t loop;
  if (registered != 0 || uv_loop_init(&loop) < 0) return;  // another time
  uv_work_t nothing;
  if (uv_queue_work(&loop, &nothing, do_nothing, nullptr) == 0) {
    uv_run(&loop, UV_RUN_DEFAULT);
    pool_runs.store(true, std::memory_order_relaxed);
  }
  uv_loop_close(&loop);
}

}  // namespace

signals_blocked::signals_blocked() noexcept {
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int needed : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF})
    sigdelset(&blocked, needed);
  pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

signals_blocked::~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

thread_pool_use::thread_pool_use() noexcept {
  if (pool_runs.load(std::memory_order_relaxed)) return;
  starting_.emplace();
  start();
}

}  // namespace gauntlet::uv::detail
