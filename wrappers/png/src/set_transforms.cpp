#include "set_transforms.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "gauntlet/error.hpp"

namespace gauntlet::png::detail {
namespace {

using apply_transform = int (*)(gauntlet_png*);

int add_opaque_alpha(gauntlet_png* png) { return gauntlet_png_set_add_alpha(png, 0xFFFF, 1); }

constexpr std::array<std::pair<transform, apply_transform>, 17> calls{{
    {transform::expand, gauntlet_png_set_expand},
    {transform::scale_16, gauntlet_png_set_scale_16},
    {transform::strip_16, gauntlet_png_set_strip_16},
    {transform::gray_to_rgb, gauntlet_png_set_gray_to_rgb},
    {transform::add_alpha, add_opaque_alpha},
    {transform::packing, gauntlet_png_set_packing},
    {transform::swap, gauntlet_png_set_swap},
    {transform::bgr, gauntlet_png_set_bgr},
    {transform::expand_16, gauntlet_png_set_expand_16},
    {transform::palette_to_rgb, gauntlet_png_set_palette_to_rgb},
    {transform::expand_gray_1_2_4_to_8, gauntlet_png_set_expand_gray_1_2_4_to_8},
    {transform::trns_to_alpha, gauntlet_png_set_tRNS_to_alpha},
    {transform::strip_alpha, gauntlet_png_set_strip_alpha},
    {transform::packswap, gauntlet_png_set_packswap},
    {transform::swap_alpha, gauntlet_png_set_swap_alpha},
    {transform::invert_alpha, gauntlet_png_set_invert_alpha},
    {transform::invert_mono, gauntlet_png_set_invert_mono},
}};

constexpr transform both_ways = transform::packing | transform::packswap | transform::swap | transform::bgr |
                                transform::swap_alpha | transform::invert_alpha | transform::invert_mono;

constexpr transform without(transform set, transform others) {
  return static_cast<transform>(static_cast<std::uint32_t>(set) & ~static_cast<std::uint32_t>(others));
}

constexpr transform all_flags = static_cast<transform>((1U << calls.size()) - 1);

void set_flags(gauntlet_png* png, transform flags) {
  for (const auto& [flag, call] : calls)
    if (contains(flags, flag)) call(png);
}

gauntlet_png_significant_bits to_raw(const significant_bits& bits) {
  return {.red = bits.red, .green = bits.green, .blue = bits.blue, .gray = bits.gray, .alpha = bits.alpha};
}

gauntlet_png_color to_raw(const background_color& color) {
  return {
      .index = color.index, .red = color.red, .green = color.green, .blue = color.blue, .gray = color.gray};
}

[[noreturn]] void refuse(std::string_view advice, std::source_location where) {
  throw misuse("png transforms", advice, where);
}

void require_user_transform(const std::optional<user_transform>& user, std::source_location where) {
  if (user && !user->change) refuse("a user transform needs its function `change`", where);
}

void require_gamma(std::int32_t gamma, std::source_location where) {
  if (gamma == gamma_of_srgb || gamma == gamma_of_old_mac) return;
  if (gamma < 1'000 || gamma > 10'000'000)
    refuse("a gamma, times 100,000, is 1,000 to 10,000,000, or gamma_of_srgb or gamma_of_old_mac: " +
               std::to_string(gamma),
           where);
}

void require_colors(const transforms& t, std::source_location where) {
  if (t.alpha) require_gamma(t.alpha->output_gamma, where);
  if (t.gamma) require_gamma(t.gamma->screen, where);
  if (t.gamma) require_gamma(t.gamma->file, where);
  if (t.background && t.background->of == background_fill::gamma::unique)
    require_gamma(t.background->unique_gamma, where);
  if (t.alpha && t.alpha->how != alpha_handling::mode::straight && t.background)
    refuse("a background leaves no alpha to handle; choose one of both", where);
}

void require_quantize(const quantization& wanted, std::source_location where) {
  if (wanted.palette.empty() || wanted.palette.size() > 256)
    refuse("quantize needs a palette of 1 to 256 colours", where);
  if (wanted.maximum_colors < 1 || wanted.maximum_colors > 256)
    refuse("quantize makes 1 to 256 colours", where);
  if (wanted.histogram.empty() && wanted.palette.size() > wanted.maximum_colors)
    refuse("to leave out colours, quantize needs a histogram: a count for each colour of the palette", where);
  if (!wanted.histogram.empty() && wanted.histogram.size() != wanted.palette.size())
    refuse("quantize has " + std::to_string(wanted.palette.size()) + " colours, but " +
               std::to_string(wanted.histogram.size()) + " counts in its histogram",
           where);
}

/// libpng changes nothing in rows whose samples it takes to have more bits than they have.
void require_shift(const significant_bits& bits, std::source_location where) {
  for (const std::uint8_t channel : {bits.red, bits.green, bits.blue, bits.gray, bits.alpha})
    if (channel > 16) refuse("a sample has at most 16 significant bits", where);
}

/// Whether rows become indices at all: libpng leaves other rows as they are.
bool is_quantized(gauntlet_png* png, const transforms& t) {
  constexpr transform expanders = transform::expand | transform::expand_16 | transform::palette_to_rgb |
                                  transform::expand_gray_1_2_4_to_8 | transform::trns_to_alpha |
                                  transform::gray_to_rgb;
  gauntlet_png_header file{};
  if (gauntlet_png_get_IHDR(png, &file) != GAUNTLET_PNG_OK) return false;
  const bool has_indices =
      file.color_type == GAUNTLET_PNG_COLOR_PALETTE && !contains(t.flags, expanders) && !t.rgb_to_gray;
  return has_indices ? !t.quantize->full && file.bit_depth == 8 : t.quantize->full;
}

color_table quantize(gauntlet_png* png, const quantization& wanted) {
  gauntlet_png_palette palette{};
  palette.size = static_cast<std::uint16_t>(wanted.palette.size());
  for (std::size_t i = 0; i < wanted.palette.size(); ++i) {
    palette.rgb[i][0] = wanted.palette[i].red;
    palette.rgb[i][1] = wanted.palette[i].green;
    palette.rgb[i][2] = wanted.palette[i].blue;
  }
  gauntlet_png_set_quantize(png, &palette, wanted.maximum_colors,
                            wanted.histogram.empty() ? nullptr : wanted.histogram.data(),
                            wanted.full ? 1 : 0);
  color_table made;
  for (std::size_t i = 0; i < palette.size; ++i)
    made.palette.push_back({palette.rgb[i][0], palette.rgb[i][1], palette.rgb[i][2]});
  return made;
}

/// png_set_gamma takes its word against the file's.
void set_gamma(gauntlet_png* png, const gamma_correction& wanted) {
  std::int32_t file = 0;
  const bool says = gauntlet_png_get_gAMA(png, &file) == GAUNTLET_PNG_OK;
  gauntlet_png_set_gamma(png, wanted.screen, says ? file : wanted.file);
}

/// In the order that libpng's manual wants: how alpha is meant before gamma, gamma before a background.
void set_colors(gauntlet_png* png, const transforms& t) {
  if (t.alpha) gauntlet_png_set_alpha_mode(png, static_cast<int>(t.alpha->how), t.alpha->output_gamma);
  if (t.gamma) set_gamma(png, *t.gamma);
  if (t.background) {
    const gauntlet_png_color color = to_raw(t.background->color);
    gauntlet_png_set_background(png, &color, static_cast<int>(t.background->of), t.background->expand ? 1 : 0,
                                t.background->unique_gamma);
  }
  if (t.rgb_to_gray)
    gauntlet_png_set_rgb_to_gray(png, static_cast<int>(t.rgb_to_gray->action), t.rgb_to_gray->red,
                                 t.rgb_to_gray->green);
}

void set_shift(gauntlet_png* png, const std::optional<significant_bits>& shift) {
  if (!shift) return;
  const gauntlet_png_significant_bits raw = to_raw(*shift);
  gauntlet_png_set_shift(png, &raw);
}

void set_filler(gauntlet_png* png, const std::optional<extra_channel>& filler) {
  if (!filler) return;
  const int after = filler->stands == extra_channel::place::after ? 1 : 0;
  if (filler->is_alpha)
    gauntlet_png_set_add_alpha(png, filler->value, after);
  else
    gauntlet_png_set_filler(png, filler->value, after);
}

}  // namespace

void require_transforms(const transforms& t, std::source_location where) {
  if (without(t.flags, all_flags) != transform::none) refuse("there is no such transform", where);
  if (contains(t.flags, transform::scale_16) && contains(t.flags, transform::strip_16))
    refuse("scale_16 and strip_16 are two ways to do one thing; choose one", where);
  if (contains(t.flags, transform::add_alpha) && t.filler)
    refuse("add_alpha and a filler are two ways to do one thing; choose one", where);
  require_colors(t, where);
  if (t.quantize) require_quantize(*t.quantize, where);
  if (t.shift) require_shift(*t.shift, where);
  require_user_transform(t.user, where);
  if (t.user && (t.user->bit_depth == 0) != (t.user->channels == 0))
    refuse("a user transform that changes pixels says both their bit_depth and their channels", where);
}

void require_transforms(const write_transforms& t, std::source_location where) {
  if (without(t.flags, both_ways) != transform::none)
    refuse("of these transforms some are for reading only; see png::write_transforms", where);
  if (t.shift) require_shift(*t.shift, where);
  require_user_transform(t.user, where);
  if (t.user && (t.user->bit_depth != 0 || t.user->channels != 0))
    refuse("a user transform of a writer cannot change a row's depth or channels", where);
}

bool is_any(const transforms& t) {
  return t.flags != transform::none || t.alpha || t.gamma || t.background || t.rgb_to_gray || t.filler ||
         t.shift || t.quantize || t.user;
}

std::optional<color_table> set_transforms(gauntlet_png* png, const transforms& t) {
  std::optional<color_table> quantized;
  set_colors(png, t);
  set_flags(png, t.flags);
  set_filler(png, t.filler);
  set_shift(png, t.shift);
  if (t.quantize) {
    const color_table meant = quantize(png, *t.quantize);
    if (is_quantized(png, t)) quantized = meant;
  }
  if (t.user) gauntlet_png_set_user_transform(png, t.user->bit_depth, t.user->channels);
  return quantized;
}

void set_transforms_before_info(gauntlet_png* png, const write_transforms& t) {
  if (contains(t.flags, transform::invert_alpha)) gauntlet_png_set_invert_alpha(png);
}

void set_transforms(gauntlet_png* png, const write_transforms& t) {
  set_flags(png, without(t.flags, transform::invert_alpha));
  if (t.filler)
    gauntlet_png_set_filler(png, t.filler->value, t.filler->stands == extra_channel::place::after);
  set_shift(png, t.shift);
  if (t.user) gauntlet_png_set_user_transform(png, 0, 0);
}

bool moves_colors_into_rows(const transforms& t, const header& file, const header& rows) {
  constexpr transform movers = transform::expand | transform::expand_16 | transform::trns_to_alpha;
  return contains(t.flags, movers) || rows.color != file.color || rows.bit_depth != file.bit_depth;
}

}  // namespace gauntlet::png::detail
