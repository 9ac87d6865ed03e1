#pragma once
/// Several loops, each on a thread of its own.

#include <cstddef>
#include <functional>
#include <memory>
#include <source_location>
#include <utility>

#include "gauntlet/callback.hpp"
#include "gauntlet/task.hpp"
#include "gauntlet/uv/loop.hpp"
#include "gauntlet/uv/tcp.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

namespace detail {
struct loop_pool_state;
}

/// One loop a thread, and nothing shared between them but what is posted:
///
///   uv::loop_pool pool;
///   pool.run([&](uv::loop& loop, std::size_t) -> gauntlet::task<> {
///     uv::tcp_listener listener{loop, address, {.reuse_port = true}};  // the system shares connections out
///     co_await serve(listener);
///   });
///
/// Or one loop accepts, and hands connections over to the others.
class loop_pool {
 public:
  /// Called on each thread, at the same time.
  using program = std::function<task<void>(loop&, std::size_t index)>;

  /// threads: 0 for as many as the machine runs at the same time (uv_available_parallelism).
  explicit loop_pool(std::size_t threads = 0, std::source_location where = std::source_location::current());
  loop_pool(const loop_pool&) = delete;
  loop_pool& operator=(const loop_pool&) = delete;
  /// Not while run() runs.
  ~loop_pool();

  std::size_t size() const noexcept;

  /// Runs each(loop, index) as a task on each loop, and returns when all of them have ended, and all that was
  /// spawned beside them. If one fails, or a callback throws, all are cancelled, and the first error comes
  /// out of here. May be called again; from one thread at a time.
  void run(program each, std::source_location where = std::source_location::current());
  /// Cancels what runs on all loops, as if it had ended by itself; without run() nothing. Any thread.
  void request_stop();

  /// Runs work on a loop's thread, in the order of the calls; before run(), when that begins. What the last
  /// program has not waited for may be left for the next run(). Any thread.
  void post(std::size_t index, callback<void(loop&)> work,
            std::source_location where = std::source_location::current());
  /// Runs make(loop) as a task beside the program of that loop, which is joined. make is kept until the task
  /// has ended. Any thread.
  void spawn(std::size_t index, callback<task<void>(loop&)> make,
             std::source_location where = std::source_location::current());
  /// Gives a connection of one loop to a task on another: handle(tcp). Called on the thread of the first,
  /// when nothing waits to be written; what has not been read is read there.
  void hand_over(std::size_t index, tcp peer, callback<task<void>(tcp)> handle,
                 std::source_location where = std::source_location::current());

 private:
  std::unique_ptr<detail::loop_pool_state> state_;
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
