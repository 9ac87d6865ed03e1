#include "gauntlet/png/library.hpp"

#include "gauntlet/shim/png.h"

namespace gauntlet::png {

std::uint32_t library_version_number() noexcept { return gauntlet_png_access_version_number(); }
std::string_view library_version() noexcept { return gauntlet_png_get_libpng_ver(); }
std::string_view library_copyright() noexcept { return gauntlet_png_get_copyright(); }

bool is_png(std::span<const std::byte> bytes) noexcept {
  // SAFETY: unsigned char may alias std::byte.
  return gauntlet_png_sig_cmp(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) != 0;
}

}  // namespace gauntlet::png
