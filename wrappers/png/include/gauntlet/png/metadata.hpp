#pragma once
/// What a file says beside its pixels, by value: nothing here points into libpng.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gauntlet::png {

/// tEXt, zTXt or iTXt.
struct text {
  std::string key{};    ///< 1 to 79 bytes of Latin-1
  std::string value{};  ///< Latin-1, or UTF-8 if international; no 0 byte
  bool compressed = false;
  bool international = false;    ///< iTXt
  std::string language{};        ///< iTXt only: "en-GB"
  std::string translated_key{};  ///< iTXt only: UTF-8

  bool operator==(const text&) const = default;
};

/// pHYs: how large a pixel is.
struct physical {
  std::uint32_t x = 0;  ///< pixels per metre, or per unknown unit
  std::uint32_t y = 0;
  bool per_metre = false;

  bool operator==(const physical&) const = default;
};

/// tIME, in UTC.
struct time {
  std::uint16_t year = 0;
  std::uint8_t month = 1;
  std::uint8_t day = 1;
  std::uint8_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;

  bool operator==(const time&) const = default;
};

/// sRGB: for which purpose colours may be changed.
enum class rendering_intent : std::uint8_t {
  perceptual = 0,
  relative_colorimetric,
  saturation,
  absolute_colorimetric
};

struct metadata {
  std::vector<text> texts{};
  std::optional<std::uint32_t> gamma{};  ///< gAMA: file gamma times 100,000 (45,455 is 1/2.2)
  std::optional<rendering_intent> srgb{};
  std::optional<png::physical> physical{};
  std::optional<time> modified{};

  bool operator==(const metadata&) const = default;
};

struct rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;

  bool operator==(const rgb&) const = default;
};

/// tRNS of an image without palette: the one colour that is transparent, in the image's own bit depth. A gray
/// image has it in all three.
struct transparent_color {
  std::uint16_t red = 0;
  std::uint16_t green = 0;
  std::uint16_t blue = 0;

  bool operator==(const transparent_color&) const = default;
};

/// What the numbers in the rows mean: PLTE and tRNS.
struct color_table {
  std::vector<rgb> palette{};         ///< up to 256
  std::vector<std::uint8_t> alpha{};  ///< of the first palette entries; the rest is opaque
  std::optional<transparent_color> transparent{};

  bool operator==(const color_table&) const = default;
};

/// libpng goes on after what it warns of.
struct warning {
  std::string message{};
  std::string chunk{};       ///< "tEXt", or ""
  std::uint64_t offset = 0;  ///< bytes read or written until then
  std::optional<std::uint32_t> row{};
};

}  // namespace gauntlet::png
