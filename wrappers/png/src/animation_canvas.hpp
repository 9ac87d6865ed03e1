#pragma once
/// The canvas on which frames are composed, in rgba8 without premultiplication.

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <vector>

#include "gauntlet/png/animation.hpp"
#include "gauntlet/png/image.hpp"

namespace gauntlet::png::detail {

class animation_canvas {
 public:
  /// Transparent black.
  animation_canvas(std::uint32_t width, std::uint32_t height, std::source_location where);

  /// What became due when the frame before it was shown, then the frame. control lies on the canvas, and
  /// pixels are rgba8 of its size.
  void show(const image& pixels, const frame_control& control);
  const image& pixels() const noexcept { return pixels_; }

 private:
  std::span<std::byte> row_of(const frame_control& place, std::uint32_t y);
  void save(const frame_control& place);
  void dispose_of_last();

  image pixels_;
  frame_control last_;                 // what was shown last; no pixel before the first frame
  std::vector<std::byte> under_last_;  // the pixels it went over, if they come back
};

}  // namespace gauntlet::png::detail
