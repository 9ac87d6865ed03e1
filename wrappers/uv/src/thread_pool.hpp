#pragma once
// Threads that are not the user's, of libuv's pool and of loop_pool: they take no signals.

#include <csignal>
#include <optional>

namespace gauntlet::uv::detail {

/// While it lives, the calling thread takes no signals, and a thread that it starts never does. SIGPROF, by
/// which profilers look at each thread, and what a fault raises come all the same.
///
/// libuv's signal handler runs on any thread that takes the signal. It reads the flags of handles that wait
/// for it, which the loop's thread writes without libuv's lock (uv_signal_start, uv_close, uv_ref): a data
/// race, unless the handler runs on that thread.
class signals_blocked {
 public:
  signals_blocked() noexcept;
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;
  ~signals_blocked();

 private:
  sigset_t before_;
};

/// Around a call that gives libuv's pool something to do: the pool's threads run from here on, and take no
/// signals. libuv would start them in the first such call, with the signals of who makes it.
class thread_pool_use {
 public:
  thread_pool_use() noexcept;

 private:
  std::optional<signals_blocked> starting_;  // and they may yet be started by the call itself
};

}  // namespace gauntlet::uv::detail
