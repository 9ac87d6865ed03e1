#pragma once
// A descriptor on its way to the handle that will own it.

#include <unistd.h>

#include "gauntlet/unique_handle.hpp"

namespace gauntlet::uv::detail {

inline int as_it_is(int descriptor) noexcept { return descriptor; }
using descriptor_guard = unique_handle<as_it_is, ::close, -1>;

}  // namespace gauntlet::uv::detail
