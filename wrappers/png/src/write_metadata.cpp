#include "write_metadata.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace gauntlet::png::detail {
namespace {

// SAFETY (all casts): unsigned char may alias std::byte.
const unsigned char* raw_bytes(const std::vector<std::byte>& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

void write_text(gauntlet_png* png, const text& text) {
  const gauntlet_png_text raw{.compressed = text.compressed,
                              .international = text.international,
                              .key = text.key.c_str(),
                              .text = text.value.c_str(),
                              .language = text.language.c_str(),
                              .translated_key = text.translated_key.c_str()};
  gauntlet_png_set_text(png, &raw);
}

void write_time(gauntlet_png* png, const time& t) {
  const gauntlet_png_time raw{
      .year = t.year, .month = t.month, .day = t.day, .hour = t.hour, .minute = t.minute, .second = t.second};
  gauntlet_png_set_tIME(png, &raw);
}

void write_exif(gauntlet_png* png, const std::vector<std::byte>& exif) {
  if (exif.empty()) return;
  const gauntlet_png_bytes raw{.data = raw_bytes(exif), .size = static_cast<std::uint32_t>(exif.size())};
  gauntlet_png_set_eXIf(png, &raw);
}

void write_unknown_chunk(gauntlet_png* png, const unknown_chunk& chunk, unknown_chunk::location where) {
  gauntlet_png_unknown_chunk raw{.name = {},
                                 .size = static_cast<std::uint32_t>(chunk.data.size()),
                                 .data = raw_bytes(chunk.data),
                                 .location = static_cast<std::uint8_t>(where)};
  std::copy_n(chunk.name.begin(), 4, raw.name);
  gauntlet_png_set_unknown_chunk(png, &raw);
}

gauntlet_png_chromaticities to_raw(const chromaticities& value) {
  return {.white_x = value.white.x,
          .white_y = value.white.y,
          .red_x = value.red.x,
          .red_y = value.red.y,
          .green_x = value.green.x,
          .green_y = value.green.y,
          .blue_x = value.blue.x,
          .blue_y = value.blue.y};
}

void write_profile(gauntlet_png* png, const icc_profile& profile) {
  const gauntlet_png_profile raw{
      .name = profile.name.c_str(),
      .icc = {.data = raw_bytes(profile.data), .size = static_cast<std::uint32_t>(profile.data.size())}};
  gauntlet_png_set_iCCP(png, &raw);
}

void write_coding(gauntlet_png* png, const coding_independent_code_points& value) {
  const gauntlet_png_cicp raw{.colour_primaries = value.colour_primaries,
                              .transfer_function = value.transfer_function,
                              .matrix_coefficients = value.matrix_coefficients,
                              .video_full_range = value.video_full_range};
  gauntlet_png_set_cICP(png, &raw);
}

void write_mastering(gauntlet_png* png, const mastering_display& value) {
  const gauntlet_png_mastering_display raw{.primaries = to_raw(value.primaries),
                                           .max_luminance = value.max_luminance,
                                           .min_luminance = value.min_luminance};
  gauntlet_png_set_mDCV(png, &raw);
}

void write_light_level(gauntlet_png* png, const content_light_level& value) {
  const gauntlet_png_light_level raw{.max_content = value.max_content,
                                     .max_frame_average = value.max_frame_average};
  gauntlet_png_set_cLLI(png, &raw);
}

void write_significant_bits(gauntlet_png* png, const significant_bits& value) {
  const gauntlet_png_significant_bits raw{
      .red = value.red, .green = value.green, .blue = value.blue, .gray = value.gray, .alpha = value.alpha};
  gauntlet_png_set_sBIT(png, &raw);
}

void write_background(gauntlet_png* png, const background_color& value) {
  const gauntlet_png_color raw{
      .index = value.index, .red = value.red, .green = value.green, .blue = value.blue, .gray = value.gray};
  gauntlet_png_set_bKGD(png, &raw);
}

void write_suggested_palette(gauntlet_png* png, const suggested_palette& palette) {
  std::vector<gauntlet_png_suggested_color> raw;
  raw.reserve(palette.colors.size());
  for (const suggested_palette::color& c : palette.colors)
    raw.push_back(
        {.red = c.red, .green = c.green, .blue = c.blue, .alpha = c.alpha, .frequency = c.frequency});
  gauntlet_png_set_sPLT(png, palette.name.c_str(), palette.bit_depth, raw.data(), raw.size());
}

void write_meaning_of_samples(gauntlet_png* png, const metadata& m) {
  if (m.gamma) gauntlet_png_set_gAMA(png, static_cast<std::int32_t>(*m.gamma));
  if (m.chromaticities) {
    const gauntlet_png_chromaticities raw = to_raw(*m.chromaticities);
    gauntlet_png_set_cHRM(png, &raw);
  }
  if (m.srgb) gauntlet_png_set_sRGB(png, static_cast<int>(*m.srgb));
  if (m.profile) write_profile(png, *m.profile);
  if (m.coding) write_coding(png, *m.coding);
  if (m.mastering) write_mastering(png, *m.mastering);
  if (m.light_level) write_light_level(png, *m.light_level);
  if (m.significant_bits) write_significant_bits(png, *m.significant_bits);
  if (m.background) write_background(png, *m.background);
  if (!m.histogram.empty()) gauntlet_png_set_hIST(png, m.histogram.data(), m.histogram.size());
  for (const suggested_palette& palette : m.suggested_palettes) write_suggested_palette(png, palette);
}

void write_calibration(gauntlet_png* png, const calibration& value) {
  std::array<const char*, 4> parameters{};
  std::ranges::transform(value.parameters, parameters.begin(),
                         [](const std::string& p) { return p.c_str(); });
  const gauntlet_png_calibration raw{.purpose = value.purpose.c_str(),
                                     .x0 = value.x0,
                                     .x1 = value.x1,
                                     .equation = static_cast<std::uint8_t>(value.type),
                                     .unit = value.unit.c_str(),
                                     .parameter_count = static_cast<std::uint8_t>(value.parameters.size()),
                                     .parameters = parameters.data()};
  gauntlet_png_set_pCAL(png, &raw);
}

void write_sizes(gauntlet_png* png, const metadata& m) {
  if (m.physical) {
    const gauntlet_png_physical raw{
        .x = m.physical->x, .y = m.physical->y, .unit_is_metre = m.physical->per_metre};
    gauntlet_png_set_pHYs(png, &raw);
  }
  if (m.offset) {
    const gauntlet_png_offset raw{
        .x = m.offset->x, .y = m.offset->y, .unit_is_micrometre = m.offset->in_micrometres};
    gauntlet_png_set_oFFs(png, &raw);
  }
  if (m.calibration) write_calibration(png, *m.calibration);
  if (m.scale) {
    const gauntlet_png_scale raw{.unit = static_cast<std::uint8_t>(m.scale->in),
                                 .width = m.scale->width.c_str(),
                                 .height = m.scale->height.c_str()};
    gauntlet_png_set_sCAL(png, &raw);
  }
}

void write_palette(gauntlet_png* png, const std::vector<rgb>& colors) {
  gauntlet_png_palette palette{};
  palette.size = static_cast<std::uint16_t>(colors.size());
  for (std::size_t i = 0; i < colors.size(); ++i) {
    palette.rgb[i][0] = colors[i].red;
    palette.rgb[i][1] = colors[i].green;
    palette.rgb[i][2] = colors[i].blue;
  }
  gauntlet_png_set_PLTE(png, &palette);
}

}  // namespace

void write_metadata(gauntlet_png* png, const metadata& m) {
  write_meaning_of_samples(png, m);
  write_sizes(png, m);
  for (const text& text : m.texts) write_text(png, text);
  if (m.modified) write_time(png, *m.modified);
  write_exif(png, m.exif);
  for (const unknown_chunk& chunk : m.unknown_chunks) write_unknown_chunk(png, chunk, chunk.where);
}

void write_metadata_behind(gauntlet_png* png, const metadata& m) {
  for (const text& text : m.texts) write_text(png, text);
  if (m.modified) write_time(png, *m.modified);
  write_exif(png, m.exif);
  for (const unknown_chunk& chunk : m.unknown_chunks)
    write_unknown_chunk(png, chunk, unknown_chunk::location::after_image);
}

void write_colors(gauntlet_png* png, color_type color, const color_table& colors) {
  gauntlet_png_transparency transparency{};
  if (!colors.palette.empty() || color == color_type::palette) write_palette(png, colors.palette);
  if (color == color_type::palette) {
    transparency.alpha_size = static_cast<std::uint16_t>(colors.alpha.size());
    std::ranges::copy(colors.alpha, transparency.alpha);
  } else if (colors.transparent) {
    transparency.gray = colors.transparent->red;
    transparency.red = colors.transparent->red;
    transparency.green = colors.transparent->green;
    transparency.blue = colors.transparent->blue;
  }
  if (transparency.alpha_size > 0 || colors.transparent) gauntlet_png_set_tRNS(png, &transparency);
}

}  // namespace gauntlet::png::detail
