#pragma once
// Strings on their way into libuv and out of it.

#include <uv.h>

#include <algorithm>
#include <cstddef>
#include <source_location>
#include <string>
#include <string_view>

#include "gauntlet/detail/c_text.hpp"
#include "gauntlet/uv/error.hpp"

namespace gauntlet::uv::detail {

inline void check(int status, std::string_view operation, std::string_view subject,
                  const std::source_location& where) {
  if (status < 0) throw error(status, operation, subject, where);
}

using gauntlet::detail::c_text;

// Asks libuv for a string, with a buffer that grows until it fits. call(char* buffer, std::size_t* size) is
// one of the functions that answer UV_ENOBUFS with the size they need, and with the length when there is
// room.
template <class Call>
std::string whole_text(Call call, std::string_view operation, std::string_view subject,
                       const std::source_location& where) {
  std::string text(255, '\0');
  for (;;) {
    std::size_t size = text.size() + 1;  // with the NUL, which has its place in a std::string too
    const int status = call(text.data(), &size);
    if (status == UV_ENOBUFS) {
      // It may have grown again when it is asked next: a variable of the environment, a title.
      text.resize(std::max(size, text.size() * 2));
      continue;
    }
    check(status, operation, subject, where);
    text.resize(std::min(size, text.size()));  // its word is not taken for more than there was room for
    return text;
  }
}

}  // namespace gauntlet::uv::detail
