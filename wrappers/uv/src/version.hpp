#pragma once
// What a libuv is too old for.

#include <uv.h>

#include <source_location>
#include <string>
#include <string_view>

#include "gauntlet/uv/error.hpp"

namespace gauntlet::uv::detail {

[[noreturn]] inline void throw_missing(std::string_view operation, std::string_view since,
                                       const std::source_location& where) {
  throw error(UV_ENOSYS, operation, std::string("libuv ").append(uv_version_string()), where,
              std::string("it came with libuv ").append(since).append("; build against that or a newer one"));
}

}  // namespace gauntlet::uv::detail
