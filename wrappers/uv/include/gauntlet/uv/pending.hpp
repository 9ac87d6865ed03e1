#pragma once
/// What a loop has to do with at the moment.

#include <chrono>
#include <iosfwd>
#include <source_location>
#include <string>
#include <string_view>

namespace gauntlet::uv {

/// A handle that is not closed yet, or a request in flight.
struct pending_operation {
  std::string_view kind{};          ///< "timer", "tcp", "write", "fs_open" ...; lives as long as the program
  std::string object{};             ///< what it works on ("descriptor 7", a path), or empty
  bool is_handle = false;           ///< else a request
  bool active = false;              ///< of a handle: uv_is_active; a request is
  bool referenced = false;          ///< it keeps run() from returning
  bool closing = false;             ///< of a handle: its close callback is still to come
  bool owned = false;               ///< a C++ object holds it
  std::chrono::milliseconds age{};  ///< since it was made or last started, in loop time
  std::source_location where{};     ///< where that was, in the caller's code
};

/// One line: kind, object, state, age and place.
std::ostream& operator<<(std::ostream& out, const pending_operation& operation);

}  // namespace gauntlet::uv
