#pragma once
/// What a file says beside its pixels, by value: nothing here points into libpng.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "gauntlet/png/color.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// tEXt, zTXt or iTXt.
struct text {
  std::string key{};             ///< 1 to 79 bytes of Latin-1
  std::string value{};           ///< Latin-1, or UTF-8 if international; no 0 byte
  bool compressed = false;       ///< not of an empty value
  bool international = false;    ///< iTXt
  std::string language{};        ///< iTXt only: "en-GB"
  std::string translated_key{};  ///< iTXt only: UTF-8

  bool operator==(const text&) const = default;
};

/// tIME, in UTC.
struct time {
  std::uint16_t year = 0;
  std::uint8_t month = 1;
  std::uint8_t day = 1;
  std::uint8_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;  ///< 60 is a leap second

  /// Throws misuse for years before 0 or after 65,535.
  static time from(std::chrono::sys_seconds point,
                   std::source_location where = std::source_location::current());
  /// "1 Jan 2000 00:00:00 +0000"; throws misuse for a time that cannot be. (png_convert_to_rfc1123_buffer)
  std::string to_rfc1123(std::source_location where = std::source_location::current()) const;

  bool operator==(const time&) const = default;
};

/// pHYs: how large a pixel is.
struct physical {
  std::uint32_t x = 0;  ///< pixels per metre, or per unknown unit; 31 bits
  std::uint32_t y = 0;
  bool per_metre = false;

  bool operator==(const physical&) const = default;
};

/// oFFs: where the image stands on a page.
struct offset {
  std::int32_t x = 0;  ///< micrometres, or pixels; not -2^31
  std::int32_t y = 0;
  bool in_micrometres = false;

  bool operator==(const offset&) const = default;
};

/// pCAL: what a sample measures.
struct calibration {
  enum class equation : std::uint8_t { linear = 0, base_e = 1, arbitrary_base = 2, hyperbolic = 3 };

  std::string purpose{};  ///< 1 to 79 bytes of Latin-1
  std::int32_t x0 = 0;
  std::int32_t x1 = 1;  ///< not x0
  equation type = equation::linear;
  std::string unit{};
  std::vector<std::string> parameters{};  ///< decimal numbers: 2, 3, 3 or 4 of them, by type

  bool operator==(const calibration&) const = default;
};

/// sCAL: how large the thing is that a pixel shows.
struct scale {
  enum class unit : std::uint8_t { metre = 1, radian = 2 };

  unit in = unit::metre;
  std::string width{};  ///< decimal numbers above 0, as they stand in the file
  std::string height{};

  bool operator==(const scale&) const = default;
};

/// A chunk that libpng does not know, or was told to treat so.
struct unknown_chunk {
  enum class location : std::uint8_t { before_palette = 1, before_image = 2, after_image = 8 };

  std::string name{};  ///< four letters, the third a capital
  std::vector<std::byte> data{};
  /// before_palette only where there is a palette; as on_unknown_chunk sees it, where none has come yet.
  location where = location::before_image;

  bool operator==(const unknown_chunk&) const = default;
};

/// What libpng 1.6.39 does not know (coding, mastering, light_level) it does not read, and to write it is
/// errc::unsupported. Before 1.6.47, a file with sRGB is read as if it had sRGB's gamma and chromaticities
/// too.
struct metadata {
  std::vector<text> texts{};
  std::optional<std::uint32_t> gamma{};                 ///< gAMA: file gamma times 100,000 (45,455 is 1/2.2)
  std::optional<png::chromaticities> chromaticities{};  ///< cHRM: times 100,000
  std::optional<rendering_intent> srgb{};  ///< fixes gamma and chromaticities; not beside a profile
  std::optional<icc_profile> profile{};
  std::optional<coding_independent_code_points> coding{};
  std::optional<mastering_display> mastering{};
  std::optional<content_light_level> light_level{};
  std::optional<png::significant_bits> significant_bits{};
  std::optional<background_color> background{};
  std::vector<std::uint16_t> histogram{};  ///< hIST: a count for each colour of the palette
  std::vector<suggested_palette> suggested_palettes{};
  std::optional<png::physical> physical{};
  std::optional<png::offset> offset{};
  std::optional<png::calibration> calibration{};
  std::optional<png::scale> scale{};
  std::optional<time> modified{};
  std::vector<std::byte> exif{};  ///< eXIf: begins with "II*\0" or "MM\0*"
  std::vector<unknown_chunk> unknown_chunks{};

  bool operator==(const metadata&) const = default;
};

}  // namespace gauntlet::png

#pragma GCC visibility pop
