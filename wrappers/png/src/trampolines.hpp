#pragma once
/// What callbacks of readers and writers have in common, behind their boundary.

#include <algorithm>
#include <cstddef>
#include <memory_resource>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gauntlet/callback_boundary.hpp"
#include "gauntlet/png/transform.hpp"
#include "gauntlet/png/warning.hpp"
#include "gauntlet/shim/png.h"

namespace gauntlet::png::detail {

inline constexpr std::uint32_t all_mng_features = 5;  // PNG_ALL_MNG_FEATURES: empty palettes, filter 64

/// A file can be made to warn of every chunk it has; what it says after so many is not worth the memory.
inline constexpr std::size_t max_warnings = 1000;

inline severity severity_of(const gauntlet_png_warning& found) {
  if (found.skipped != 0) return severity::skipped;
  const bool critical = found.chunk[0] >= 'A' && found.chunk[0] <= 'Z';
  return critical ? severity::image : severity::metadata;
}

inline void keep_warning(std::vector<warning>& kept, const gauntlet_png_warning& found) {
  if (kept.size() > max_warnings) return;
  warning next{.severity = severity_of(found),
               .message = found.message,
               .chunk = found.chunk,
               .offset = found.offset,
               .row = {},
               .pass = {}};
  if (found.row >= 0) next.row = static_cast<std::uint32_t>(found.row);
  if (found.pass >= 0) next.pass = found.pass;
  if (kept.size() == max_warnings)
    next = {.severity = severity::metadata,
            .message = "further warnings are not kept",
            .chunk = "",
            .offset = found.offset,
            .row = {},
            .pass = {}};
  kept.push_back(std::move(next));
}

/// SAFETY: libpng's row buffer has room for the row as it is and as the transform said that it makes it.
inline void run_user_transform(const user_transform& transform, const gauntlet_png_row_info& info,
                               unsigned char* row) {
  const std::size_t depth = transform.bit_depth != 0 ? transform.bit_depth : info.bit_depth;
  const std::size_t channels = transform.channels != 0 ? transform.channels : info.channels;
  const std::size_t after = (std::size_t{info.width} * depth * channels + 7) / 8;
  transform.change({.width = info.width,
                    .bit_depth = info.bit_depth,
                    .channels = info.channels,
                    .row_bytes = info.row_bytes},
                   std::as_writable_bytes(std::span(row, std::max(info.row_bytes, after))));
}

/// Null, with the exception kept, if the resource throws.
inline void* allocate_from(std::pmr::memory_resource& memory, std::size_t size, callback_boundary& boundary) {
  void* block = nullptr;
  boundary.run([&] { block = memory.allocate(size); });
  return block;
}

}  // namespace gauntlet::png::detail
