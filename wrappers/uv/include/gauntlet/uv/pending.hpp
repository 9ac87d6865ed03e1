#pragma once
/// What a loop has to do with at the moment.

#include <chrono>
#include <iosfwd>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "gauntlet/execution_context.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// A handle that is not closed yet, a request in flight, or what a coroutine waits for: a request that is
/// awaited is told once, as the latter.
struct pending_operation {
  std::string_view kind{};          ///< "timer", "tcp", "write", "fs_open" ...; lives as long as the program
  std::string object{};             ///< what it works on ("descriptor 7", a path), or empty
  bool is_handle = false;           ///< else a request, or awaited
  bool active = false;              ///< of a handle: uv_is_active; a request is
  bool referenced = false;          ///< it keeps run() from returning
  bool closing = false;             ///< of a handle: its close callback is still to come
  bool owned = false;               ///< a C++ object holds it
  bool awaited = false;             ///< by a coroutine; kind is then as "stream::read_some", "mutex::lock"
  std::chrono::milliseconds age{};  ///< since it was made or last started, in loop time
  std::source_location where{};     ///< where that was, in the caller's code
  std::vector<awaiting_task> chain{};  ///< who awaits it, who awaits that one, and so on
};

/// One line: kind, object, state, age and place; of what is awaited, one more for each of the chain.
std::ostream& operator<<(std::ostream& out, const pending_operation& operation);

}  // namespace gauntlet::uv

#pragma GCC visibility pop
