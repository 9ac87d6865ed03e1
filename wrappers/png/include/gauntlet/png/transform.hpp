#pragma once
/// What libpng does to rows on their way. A set: it is given once, where reading starts, and libpng applies
/// it in its own fixed order, so no call can come too late, twice, or in the wrong order.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <source_location>
#include <span>
#include <vector>

#include "gauntlet/png/color.hpp"
#include "gauntlet/png/header.hpp"
#include "gauntlet/png/pixel.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// Those that need no more than to be named; joined with |.
enum class transform : std::uint32_t {
  none = 0,
  expand = 1U << 0,          ///< png_set_expand: palette to rgb, gray below 8 bits to 8, tRNS to alpha
  scale_16 = 1U << 1,        ///< png_set_scale_16: 16 bits to 8, rounded
  strip_16 = 1U << 2,        ///< png_set_strip_16: 16 bits to 8, cut; not together with scale_16
  gray_to_rgb = 1U << 3,     ///< png_set_gray_to_rgb
  add_alpha = 1U << 4,       ///< png_set_add_alpha: opaque, after the colours, where there is none
  packing = 1U << 5,         ///< png_set_packing: a byte for each pixel below 8 bits
  swap = 1U << 6,            ///< png_set_swap: 16-bit samples with the low byte first
  bgr = 1U << 7,             ///< png_set_bgr: blue first
  expand_16 = 1U << 8,       ///< png_set_expand_16: all that expand does, and 8 bits to 16
  palette_to_rgb = 1U << 9,  ///< png_set_palette_to_rgb
  expand_gray_1_2_4_to_8 = 1U << 10,  ///< png_set_expand_gray_1_2_4_to_8
  trns_to_alpha = 1U << 11,           ///< png_set_tRNS_to_alpha
  strip_alpha = 1U << 12,             ///< png_set_strip_alpha
  packswap = 1U << 13,                ///< png_set_packswap: the first pixel of a byte in its low bits
  swap_alpha = 1U << 14,              ///< png_set_swap_alpha: alpha first
  invert_alpha = 1U << 15,            ///< png_set_invert_alpha: 0 is opaque
  invert_mono = 1U << 16,             ///< png_set_invert_mono: gray images without alpha, 0 is white
};
constexpr transform operator|(transform a, transform b) noexcept {
  return static_cast<transform>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool contains(transform set, transform one) noexcept {
  return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(one)) != 0;
}

/// A gamma, times 100,000, or one of these. (PNG_DEFAULT_sRGB, PNG_GAMMA_MAC_18)
inline constexpr std::int32_t gamma_of_srgb = -1;
inline constexpr std::int32_t gamma_of_old_mac = -2;
inline constexpr std::int32_t gamma_linear = 100'000;

/// From the file's gamma to the screen's. (png_set_gamma_fixed)
struct gamma_correction {
  std::int32_t screen = gamma_of_srgb;  ///< 220,000 for 2.2
  std::int32_t file = gamma_of_srgb;  ///< what the file is taken to have if it has no gAMA: 45,455 for 1/2.2
};

/// How alpha and colours are joined. (png_set_alpha_mode_fixed)
struct alpha_handling {
  enum class mode : std::uint8_t {
    straight = 0,    ///< as in the file: colours are not multiplied
    associated = 1,  ///< linear colours multiplied by alpha
    optimized = 2,   ///< the same, but opaque pixels keep the output gamma
    broken = 3,      ///< colours with output gamma, multiplied by alpha
  };
  mode how = mode::straight;
  std::int32_t output_gamma = gamma_of_srgb;
};

/// What transparent pixels are shown on. Not together with alpha_handling. (png_set_background_fixed)
struct background_fill {
  enum class gamma : std::uint8_t { screen = 1, file = 2, unique = 3 };
  background_color color{};
  gamma of = gamma::screen;  ///< in which the colour is given
  bool expand = false;       ///< the colour is in the file's bit depth, as bKGD is
  std::int32_t unique_gamma = gamma_linear;
};

/// (png_set_rgb_to_gray_fixed)
struct gray_conversion {
  enum class on_color : std::uint8_t { ignore = 1, warn = 2, error = 3 };
  on_color action = on_color::ignore;  ///< where a pixel is not gray
  std::int32_t red = -1;               ///< weights, times 100,000; below 0: the file's, or sRGB's
  std::int32_t green = -1;
};

/// One more channel for gray and rgb rows. Reading: what it holds. Writing: it is left out, whatever it
/// holds. (png_set_filler, png_set_add_alpha)
struct extra_channel {
  enum class place : std::uint8_t { before = 0, after = 1 };
  std::uint16_t value = 0xFFFF;
  place stands = place::after;
  bool is_alpha = false;  ///< reading: the header calls it alpha
};

/// Rows become palette indices, and the row's reader knows the palette that they mean: from a palette image
/// of 8 bits whose own palette this is, or, if full, from rgb rows of 8 bits. Which colours are left out
/// libpng chooses by their counts, so a histogram is needed then. (png_set_quantize)
struct quantization {
  std::vector<rgb> palette{};              ///< 1 to 256
  std::uint16_t maximum_colors = 256;      ///< 1 to 256
  std::vector<std::uint16_t> histogram{};  ///< a count for each entry of palette, or empty
  bool full = true;
};

/// A row as user_transform finds it. (png_row_info)
struct row_info {
  std::uint32_t width = 0;
  std::uint8_t bit_depth = 0;
  std::uint8_t channels = 0;
  std::size_t row_bytes = 0;
};

/// Changes each row in place: reading, last of all, writing, first of all. Runs inside libpng: what it throws
/// comes out of the call that needed the row. (png_set_read_user_transform_fn)
struct user_transform {
  /// The span is as long as the longer of what the row is and what it becomes.
  std::function<void(const row_info&, std::span<std::byte>)> change{};
  std::uint8_t bit_depth = 0;  ///< reading: what it makes of a sample; 0: pixels are as they were
  std::uint8_t channels = 0;   ///< reading: 1 to 4; 0 where bit_depth is, and only there
};

/// Of a reader.
struct transforms {
  transform flags = transform::none;
  std::optional<alpha_handling> alpha{};
  std::optional<gamma_correction> gamma{};
  std::optional<background_fill> background{};
  std::optional<gray_conversion> rgb_to_gray{};
  std::optional<extra_channel> filler{};    ///< not together with transform::add_alpha
  std::optional<significant_bits> shift{};  ///< png_set_shift: samples down to their true bits
  std::optional<png::quantization> quantize{};
  std::optional<png::user_transform> user{};
};

/// What brings the rows of any file into this format: for row_reader, pass_reader and push_decoder. Throws
/// misuse for what is no format.
transforms transforms_for(format format, std::source_location where = std::source_location::current());

/// Of a writer: rows are given so, and stand in the file as its header says. Of the flags, packing, packswap,
/// swap, bgr, swap_alpha, invert_alpha and invert_mono.
struct write_transforms {
  transform flags = transform::none;
  std::optional<extra_channel> filler{};    ///< rows of an rgb or gray image have a channel more
  std::optional<significant_bits> shift{};  ///< png_set_shift: samples up from their true bits
  std::optional<png::user_transform> user{};
};

}  // namespace gauntlet::png

#pragma GCC visibility pop
