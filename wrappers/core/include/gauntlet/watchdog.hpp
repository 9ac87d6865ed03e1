#pragma once
/// Warnings of a loop, for who asks: something held it too long, or stays in flight too long.
///
///   loop.watch({.held_longer_than = 50ms, .pending_longer_than = 30s});

#include <chrono>
#include <iosfwd>
#include <source_location>
#include <string>
#include <string_view>

#include "gauntlet/callback.hpp"
#include "gauntlet/execution_context.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {

/// A task that went on, or a callback, has held the loop: no other task, timer or socket had its turn.
struct loop_held {
  /// Without the callbacks and tasks inside of it that are told themselves.
  std::chrono::nanoseconds lasted{};
  /// What the task had waited for ("sleep_for"; "run": nothing yet), or the callback's kind ("timer
  /// callback").
  std::string_view by{};
  /// Its name or that of the nearest that awaits it; empty: nobody has one.
  std::string task{};
  /// Where the task had waited, or where the callback comes from, if known.
  std::source_location where{};
  /// Where a task waited next, or line 0: it ended first, or is a callback.
  std::source_location until{};
};

/// One line.
std::ostream& operator<<(std::ostream& out, const loop_held& held);

/// Each is told once, on the loop's thread: what held the loop when it lets go (of one that never does a
/// debugger knows), an operation when it has been in flight that long. Who is told may call watch(); what it
/// throws goes to take_suppressed_errors(). It costs two looks at the clock for each task that goes on and
/// each callback, and no wake-up unless something is in flight that long.
struct watchdog_options {
  std::chrono::nanoseconds held_longer_than{};            ///< 0: not watched
  std::chrono::nanoseconds pending_longer_than{};         ///< 0: not watched
  callback<void(const loop_held&)> on_held{};             ///< empty: a line on standard error
  callback<void(const pending_operation&)> on_pending{};  ///< empty: a line on standard error
};

}  // namespace gauntlet

#pragma GCC visibility pop
