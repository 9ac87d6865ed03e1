#pragma once
// How what is wrong is said; and the end of a program whose memory would be corrupted if it went on.

#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>

namespace gauntlet::detail {

[[noreturn]] inline void end_program(const std::string& sentence) noexcept {
  std::fprintf(stderr, "gauntlet: %s\n", sentence.c_str());
  std::abort();
}

inline std::string place_of(const std::source_location& where) {
  return std::string(where.file_name()).append(":").append(std::to_string(where.line()));
}

/// "1 task", "2 tasks"
inline std::string counted(std::size_t count, const char* what) {
  return std::to_string(count).append(" ").append(what).append(count == 1 ? "" : "s");
}

/// As in "mutex::lock accounts".
inline std::string with_object(std::string what, const std::string& object) {
  return object.empty() ? what : std::move(what.append(" ")).append(object);
}

}  // namespace gauntlet::detail
