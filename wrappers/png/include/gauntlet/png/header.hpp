#pragma once

#include <cstddef>
#include <cstdint>

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// PNG's own numbers.
enum class color_type : std::uint8_t { gray = 0, rgb = 2, palette = 3, gray_alpha = 4, rgba = 6 };

/// Of a file (IHDR), or of rows after transforms.
struct header {
  std::uint32_t width = 0;     ///< pixels
  std::uint32_t height = 0;    ///< rows
  std::uint8_t bit_depth = 0;  ///< bits per sample: 1, 2, 4, 8 or 16
  color_type color = color_type::gray;
  bool interlaced = false;  ///< Adam7
  std::uint8_t channels = 0;
  std::size_t row_bytes =
      0;  ///< bytes of one row; pixels below 8 bits are packed, the first in the high bits

  bool operator==(const header&) const = default;
};

}  // namespace gauntlet::png

#pragma GCC visibility pop
