#pragma once
/// uv_poll_t: when a descriptor that another library reads and writes is ready.

#include <cstdint>
#include <source_location>
#include <utility>

#include "gauntlet/uv/completion.hpp"
#include "gauntlet/uv/handle.hpp"
#include "gauntlet/uv/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// A set, joined with | (uv_poll_event).
enum class poll_events : std::uint8_t {
  none = 0,
  readable = 1U << 0,
  writable = 1U << 1,
  disconnect = 1U << 2,   ///< the other end has closed, or ended its writing side
  prioritized = 1U << 3,  ///< out-of-band data, or what sysfs has to tell
};
constexpr poll_events operator|(poll_events a, poll_events b) noexcept {
  return static_cast<poll_events>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool contains(poll_events set, poll_events one) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

/// The descriptor is borrowed: it stays the caller's to read, to write and to close, and must stay open as
/// long as this watches it: stop or close this first. A descriptor that goes away under a loop that waits for
/// it ends the process, and one that is opened with the same number meanwhile would be watched in its place.
///
/// Only what can be waited for: sockets, pipes, terminals, other loops' backend_fd, no files. One handle of a
/// loop for a descriptor; others, uv::tcp and its like included, must not use it.
class poll : public handle {
 public:
  /// Sets the descriptor to non-blocking. Throws file_exists if the loop already watches it,
  /// operation_not_permitted for a file that cannot be waited for (uv_poll_init).
  poll(loop& loop, int descriptor, std::source_location where = std::source_location::current());
  /// Of a socket: on Windows it is not a descriptor, elsewhere there is no difference (uv_poll_init_socket).
  static poll of_socket(loop& loop, int socket, std::source_location where = std::source_location::current());

  /// ready is called with those of events that are there, in each turn of the loop for as long as they are:
  /// poll_events, or outcome<poll_events>, which may also hold an error, after which nothing comes. It may
  /// come without need, so a read that finds nothing is no error. May be called again, with other events
  /// (uv_poll_start).
  template <completion_callback<poll_events> Ready>
  void start(poll_events events, Ready&& ready,
             std::source_location where = std::source_location::current()) {
    start_polling(events, detail::completion<poll_events>(std::forward<Ready>(ready)), where);
  }
  /// `poll_events there = co_await socket.ready(poll_events::readable)`: as soon as one of events is there;
  /// then, and when it is cancelled, the descriptor is not watched any more. One task at a time.
  detail::next_operation<poll_events> ready(poll_events events,
                                            std::source_location where = std::source_location::current());
  /// Nothing comes after it; the descriptor may be closed (uv_poll_stop).
  void stop(std::source_location where = std::source_location::current());

 private:
  explicit poll(detail::handle_block& block) noexcept : handle(block) {}
  void start_polling(poll_events events, callback<void(outcome<poll_events>)> ready,
                     const std::source_location& where);
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
