#pragma once
/// uv_signal_t

#include <source_location>

#include "gauntlet/uv/handle.hpp"
#include "gauntlet/uv/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// Calls back, on the loop's thread, when the process gets a signal: an ordinary callback, in which
/// everything is allowed. Any number of handles, of any loops, may wait for the same signal; each is called.
/// Signals that come faster than the loop turns may be told once only.
///
/// libuv writes a handle's flags outside the lock under which other threads read them: those whose loops wait
/// for the same signal (SIGCHLD too, which uv::process waits for), and any that the system delivers it to,
/// the pool's included. It does no harm on the machines that there are, but ThreadSanitizer reports a data
/// race inside libuv, and rightly. Where that matters, block signals while other threads are started.
///
/// Not for SIGSEGV, SIGBUS, SIGFPE and SIGILL that the program causes itself: it would cause them again and
/// again. SIGKILL and SIGSTOP cannot be caught. The numbers are those of <csignal>.
class signal : public handle {
 public:
  explicit signal(loop& loop,
                  std::source_location where = std::source_location::current());  ///< uv_signal_init

  /// Calls caught with the signal's number, each time; what was started before is over. Throws
  /// invalid_argument for a signal that does not exist or cannot be caught (uv_signal_start).
  void start(int signum, callback<void(int)> caught,
             std::source_location where = std::source_location::current());
  /// Once. If nobody else waits for it, a second signal that comes before the callback does what it would do
  /// by default: end the process, most often. May be started again, in the callback too
  /// (uv_signal_start_oneshot).
  void start_oneshot(int signum, callback<void(int)> caught,
                     std::source_location where = std::source_location::current());
  /// For next(): from now on those that come are kept for it.
  void start(int signum, std::source_location where = std::source_location::current());
  /// `int signum = co_await interrupts.next()`: one that came since start() and was not told yet, or the next
  /// one. One task at a time. Not started, or started with a callback, it is misuse. Cancelled, it has taken
  /// none.
  detail::next_operation<int> next(std::source_location where = std::source_location::current());
  /// The last one that waits for a signal restores what the signal does by default (uv_signal_stop).
  void stop(std::source_location where = std::source_location::current());

 private:
  explicit signal(detail::handle_block& block) noexcept : handle(block) {}
  void begin(bool once, const char* operation, int signum, callback<void(int)>&& caught,
             const std::source_location& where);
};

/// As long as what it answers lives, the signal has loop.dump() written to standard error. It is
/// unreferenced: run() does not wait for it. Made for a program that hangs: `kill -USR1`.
[[nodiscard]] signal dump_on_signal(loop& loop, int signum = 10 /* SIGUSR1 */,
                                    std::source_location where = std::source_location::current());

}  // namespace gauntlet::uv

#pragma GCC visibility pop
