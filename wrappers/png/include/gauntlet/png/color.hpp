#pragma once
/// What the numbers in the rows mean, by value: palettes, transparency, and the chunks about colour.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// An entry of a palette.
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

/// PLTE and tRNS.
struct color_table {
  std::vector<rgb> palette{};         ///< up to 256
  std::vector<std::uint8_t> alpha{};  ///< of the first palette entries; the rest is opaque
  std::optional<transparent_color> transparent{};

  bool operator==(const color_table&) const = default;
};

/// The grays from black to white that a gray image of 1, 2, 4 or 8 bits has. Throws misuse for other depths.
/// (png_build_grayscale_palette)
std::vector<rgb> grayscale_palette(std::uint8_t bit_depth,
                                   std::source_location where = std::source_location::current());

/// sRGB: for which purpose colours may be changed.
enum class rendering_intent : std::uint8_t {
  perceptual = 0,
  relative_colorimetric,
  saturation,
  absolute_colorimetric
};

/// CIE 1931 x and y.
struct chromaticity {
  std::int32_t x = 0;
  std::int32_t y = 0;

  bool operator==(const chromaticity&) const = default;
};

struct chromaticities {
  chromaticity white{};
  chromaticity red{};
  chromaticity green{};
  chromaticity blue{};

  bool operator==(const chromaticities&) const = default;
};

/// What sRGB's primaries are in cHRM, and its gamma in gAMA: for readers that do not know sRGB.
inline constexpr chromaticities srgb_chromaticities{
    .white = {31270, 32900}, .red = {64000, 33000}, .green = {30000, 60000}, .blue = {15000, 6000}};
inline constexpr std::uint32_t srgb_gamma = 45455;

/// iCCP: for gray if the image is, else for RGB. libpng leaves out, with a warning, a profile that is none.
struct icc_profile {
  std::string name{};             ///< 1 to 79 bytes of Latin-1
  std::vector<std::byte> data{};  ///< begins with its own size, in four bytes

  bool operator==(const icc_profile&) const = default;
};

/// cICP: code points of ITU-T H.273. Needs libpng 1.6.45.
struct coding_independent_code_points {
  std::uint8_t colour_primaries = 0;
  std::uint8_t transfer_function = 0;
  std::uint8_t matrix_coefficients = 0;  ///< 0 for every PNG
  bool video_full_range = true;

  bool operator==(const coding_independent_code_points&) const = default;
};

/// mDCV: the display that an image was made on. Needs libpng 1.6.46.
struct mastering_display {
  chromaticities primaries{};       ///< times 50,000; 0 to 65,535
  std::uint32_t max_luminance = 0;  ///< cd/m2 times 10,000; up to 31 bits
  std::uint32_t min_luminance = 0;

  bool operator==(const mastering_display&) const = default;
};

/// cLLI, in cd/m2 times 10,000; up to 31 bits. Needs libpng 1.6.46.
struct content_light_level {
  std::uint32_t max_content = 0;
  std::uint32_t max_frame_average = 0;

  bool operator==(const content_light_level&) const = default;
};

/// sBIT: how many bits of a sample are true. 0 for channels that the image does not have.
struct significant_bits {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  std::uint8_t gray = 0;
  std::uint8_t alpha = 0;

  bool operator==(const significant_bits&) const = default;
};

/// bKGD: what to show an image on. In its own bit depth; of a palette image the index, else gray or red,
/// green and blue; the others are 0.
struct background_color {
  std::uint8_t index = 0;
  std::uint16_t red = 0;
  std::uint16_t green = 0;
  std::uint16_t blue = 0;
  std::uint16_t gray = 0;

  bool operator==(const background_color&) const = default;
};

/// sPLT: colours to use where all cannot be shown.
struct suggested_palette {
  struct color {
    std::uint16_t red = 0;  ///< up to 255 where bit_depth is 8
    std::uint16_t green = 0;
    std::uint16_t blue = 0;
    std::uint16_t alpha = 0;
    std::uint16_t frequency = 0;

    bool operator==(const color&) const = default;
  };

  std::string name{};           ///< 1 to 79 bytes of Latin-1
  std::uint8_t bit_depth = 8;   ///< or 16
  std::vector<color> colors{};  ///< at least one

  bool operator==(const suggested_palette&) const = default;
};

}  // namespace gauntlet::png

#pragma GCC visibility pop
