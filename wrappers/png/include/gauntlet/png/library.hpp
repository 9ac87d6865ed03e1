#pragma once
/// The libpng that runs.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// 10639 for 1.6.39. (png_access_version_number)
std::uint32_t library_version_number() noexcept;
/// "1.6.39". (png_get_libpng_ver)
std::string_view library_version() noexcept;
/// Its authors, for an about box. (png_get_copyright)
std::string_view library_copyright() noexcept;

/// Whether bytes begin as a PNG file does, as far as there are any. (png_sig_cmp)
bool is_png(std::span<const std::byte> bytes) noexcept;

}  // namespace gauntlet::png

#pragma GCC visibility pop
