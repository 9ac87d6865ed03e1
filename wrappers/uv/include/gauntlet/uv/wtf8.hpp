#pragma once
/// UTF-16 that may be broken, as Windows has it in file names, and back: WTF-8 is UTF-8 in which also half of
/// a surrogate pair has its three bytes. Needs libuv 1.49; an older one is ENOSYS.

#include <source_location>
#include <string>
#include <string_view>

#include "gauntlet/uv/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// Any UTF-16, with NULs too. (uv_utf16_length_as_wtf8, uv_utf16_to_wtf8)
std::string utf16_to_wtf8(std::u16string_view text,
                          std::source_location where = std::source_location::current());
/// Text that is not WTF-8 is EINVAL; a NUL inside is misuse, as C would take the text to end there.
/// (uv_wtf8_length_as_utf16, uv_wtf8_to_utf16)
std::u16string wtf8_to_utf16(std::string_view text,
                             std::source_location where = std::source_location::current());

}  // namespace gauntlet::uv

#pragma GCC visibility pop
