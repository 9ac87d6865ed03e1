#pragma once
/// Strings on their way into C.

#include <source_location>
#include <string>
#include <string_view>

#include "gauntlet/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::detail {

/// With the NUL that C looks for. One inside would end the text early: misuse. what: "path".
inline std::string c_text(std::string_view text, std::string_view operation, std::string_view what,
                          const std::source_location& where) {
  const std::size_t nul = text.find('\0');
  if (nul != text.npos)
    throw misuse(operation,
                 std::string("the ")
                     .append(what)
                     .append(" has a NUL at byte ")
                     .append(std::to_string(nul))
                     .append(", where C would take it to end; give one without"),
                 where);
  return std::string(text);
}

}  // namespace gauntlet::detail

#pragma GCC visibility pop
