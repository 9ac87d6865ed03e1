#pragma once

#include <cstdint>

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// How much a file may ask for. The defaults suit files from strangers. Passing one is errc::limit_exceeded,
/// with the number that broke it; only chunks beyond the two chunk limits are skipped, with a warning, as
/// libpng does. None may be 0.
struct limits {
  std::uint32_t max_width = 1'000'000;
  std::uint32_t max_height = 1'000'000;
  std::uint64_t max_pixels = std::uint64_t{1} << 28;
  std::uint64_t max_image_bytes = std::uint64_t{1} << 30;  ///< all rows, as they are given out
  std::uint64_t max_input_bytes = std::uint64_t{1} << 30;  ///< read from the source
  std::uint64_t max_chunk_bytes = 8'000'000;               ///< one chunk of metadata, also unpacked
  std::uint32_t max_cached_chunks = 1000;                  ///< texts and the like, together
  std::uint64_t max_memory = std::uint64_t{1} << 28;       ///< held by libpng and zlib at once, in bytes
  /// Bytes of rows, as the file has them, for each byte read so far. Deflate itself ends at 1032, which an
  /// image of one colour comes near; a photo has 1 to 10.
  std::uint32_t max_expansion = 1032;
};

}  // namespace gauntlet::png

#pragma GCC visibility pop
