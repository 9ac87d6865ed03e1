#pragma once
/// What APNG says about a frame (fcTL): where it goes, how it joins the canvas, how long it stays.

#include <chrono>
#include <cstdint>
#include <source_location>

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// APNG's own numbers: what becomes of a frame's part of the canvas when its time is over.
enum class dispose_op : std::uint8_t {
  none = 0,    ///< it stays
  background,  ///< it is cleared to transparent black
  previous     ///< what was there before comes back; for the first frame the same as background
};

/// APNG's own numbers: how a frame's pixels join those of the canvas.
enum class blend_op : std::uint8_t {
  source = 0,  ///< they replace them, alpha included
  over         ///< they are laid over them
};

/// A fraction of a second. 0 of anything: as soon as can be.
struct frame_delay {
  std::uint16_t numerator = 0;
  std::uint16_t denominator = 100;  ///< 0 means 100

  /// Rounded to the nearest.
  constexpr std::chrono::milliseconds milliseconds() const noexcept {
    const std::uint32_t parts = denominator == 0 ? 100U : denominator;
    return std::chrono::milliseconds((numerator * 1000U + parts / 2) / parts);
  }

  bool operator==(const frame_delay&) const = default;
};

/// Exact up to 65,535 ms; beyond, rounded to hundredths, tenths or seconds, whichever still fits. Throws
/// misuse for less than nothing and for more than 65,535 s, which APNG cannot hold.
frame_delay delay_of(std::chrono::milliseconds time,
                     std::source_location where = std::source_location::current());

struct frame_control {
  std::uint32_t width = 0;  ///< pixels
  std::uint32_t height = 0;
  std::uint32_t x = 0;  ///< of the upper left corner on the canvas
  std::uint32_t y = 0;
  frame_delay delay{};
  dispose_op dispose = dispose_op::none;
  blend_op blend = blend_op::source;

  bool operator==(const frame_control&) const = default;
};

}  // namespace gauntlet::png

#pragma GCC visibility pop
