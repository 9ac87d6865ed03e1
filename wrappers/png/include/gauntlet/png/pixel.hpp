#pragma once
/// How pixels lie in memory, and types for looking at them.

#include <cstdint>

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// How pixels are wanted, or given. All but native: no padding, alpha not premultiplied, 16-bit samples in
/// the machine's byte order. What a format has no place for is left out (alpha: dropped, not blended), what
/// it has more is filled in (alpha: opaque); 16 bits become 8 by rounding; gray is made of colours with the
/// file's weights, or sRGB's.
enum class format : std::uint8_t {
  native,  ///< as in the file: its bit depth, palette indices, 16-bit samples with the high byte first
  rgba8,
  rgb8,
  gray8,
  gray_alpha8,
  bgra8,
  bgr8,
  rgba16,
  rgb16,
  gray16,
  gray_alpha16,
};

/// One pixel of each format: png::pixel::rgba8 for format::rgba8. For image::pixels_as and row_as.
namespace pixel {

struct rgba8 {
  static constexpr format of = format::rgba8;
  std::uint8_t red, green, blue, alpha;
  bool operator==(const rgba8&) const = default;
};
struct rgb8 {
  static constexpr format of = format::rgb8;
  std::uint8_t red, green, blue;
  bool operator==(const rgb8&) const = default;
};
struct gray8 {
  static constexpr format of = format::gray8;
  std::uint8_t gray;
  bool operator==(const gray8&) const = default;
};
struct gray_alpha8 {
  static constexpr format of = format::gray_alpha8;
  std::uint8_t gray, alpha;
  bool operator==(const gray_alpha8&) const = default;
};
struct bgra8 {
  static constexpr format of = format::bgra8;
  std::uint8_t blue, green, red, alpha;
  bool operator==(const bgra8&) const = default;
};
struct bgr8 {
  static constexpr format of = format::bgr8;
  std::uint8_t blue, green, red;
  bool operator==(const bgr8&) const = default;
};
struct rgba16 {
  static constexpr format of = format::rgba16;
  std::uint16_t red, green, blue, alpha;
  bool operator==(const rgba16&) const = default;
};
struct rgb16 {
  static constexpr format of = format::rgb16;
  std::uint16_t red, green, blue;
  bool operator==(const rgb16&) const = default;
};
struct gray16 {
  static constexpr format of = format::gray16;
  std::uint16_t gray;
  bool operator==(const gray16&) const = default;
};
struct gray_alpha16 {
  static constexpr format of = format::gray_alpha16;
  std::uint16_t gray, alpha;
  bool operator==(const gray_alpha16&) const = default;
};

}  // namespace pixel
}  // namespace gauntlet::png

#pragma GCC visibility pop
