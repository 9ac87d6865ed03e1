#include "read_metadata.hpp"

#include <span>

namespace gauntlet::png::detail {
namespace {

bool ok(int status) { return status == GAUNTLET_PNG_OK; }

std::vector<std::byte> copy_of(const unsigned char* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  return {bytes.begin(), bytes.end()};
}

/// Reads a value of type Raw and converts it, if the file has it.
template <class Raw, class Value, class Convert>
void read_into(std::optional<Value>& value, gauntlet_png* png, int (*get)(gauntlet_png*, Raw*),
               Convert convert) {
  Raw raw{};
  if (ok(get(png, &raw))) value = convert(raw);
}

// ---- text, sizes, places, time ----

std::vector<text> read_texts(gauntlet_png* png) {
  std::vector<text> texts;
  std::size_t count = 0;
  gauntlet_png_get_text_count(png, &count);
  texts.reserve(count);
  gauntlet_png_text raw{};
  for (std::size_t i = 0; i < count; ++i)
    if (ok(gauntlet_png_get_text(png, i, &raw)))
      texts.push_back({.key = raw.key,
                       .value = raw.text,
                       .compressed = raw.compressed != 0,
                       .international = raw.international != 0,
                       .language = raw.language,
                       .translated_key = raw.translated_key});
  return texts;
}

time to_time(const gauntlet_png_time& raw) {
  return {.year = raw.year,
          .month = raw.month,
          .day = raw.day,
          .hour = raw.hour,
          .minute = raw.minute,
          .second = raw.second};
}

physical to_physical(const gauntlet_png_physical& raw) {
  return {.x = raw.x, .y = raw.y, .per_metre = raw.unit_is_metre != 0};
}

offset to_offset(const gauntlet_png_offset& raw) {
  return {.x = raw.x, .y = raw.y, .in_micrometres = raw.unit_is_micrometre != 0};
}

calibration to_calibration(const gauntlet_png_calibration& raw) {
  calibration value{.purpose = raw.purpose,
                    .x0 = raw.x0,
                    .x1 = raw.x1,
                    // libpng takes no chunk with another equation than these four
                    .type = static_cast<calibration::equation>(raw.equation & 3U),
                    .unit = raw.unit,
                    .parameters = {}};
  for (const char* const parameter : std::span(raw.parameters, raw.parameter_count))
    value.parameters.emplace_back(parameter != nullptr ? parameter : "");
  return value;
}

scale to_scale(const gauntlet_png_scale& raw) {
  return {.in = raw.unit == 2 ? scale::unit::radian : scale::unit::metre,
          .width = raw.width,
          .height = raw.height};
}

std::vector<unknown_chunk> read_unknown_chunks(gauntlet_png* png) {
  std::vector<unknown_chunk> chunks;
  std::size_t count = 0;
  gauntlet_png_get_unknown_chunk_count(png, &count);
  gauntlet_png_unknown_chunk raw{};
  for (std::size_t i = 0; i < count; ++i)
    if (ok(gauntlet_png_get_unknown_chunk(png, i, &raw))) chunks.push_back(to_unknown_chunk(raw));
  return chunks;
}

/// As long as no palette has come, libpng takes a chunk for one before it. Where none comes, it is only
/// before the image.
void place_without_palette(std::vector<unknown_chunk>& chunks) {
  for (unknown_chunk& chunk : chunks)
    if (chunk.where == unknown_chunk::location::before_palette)
      chunk.where = unknown_chunk::location::before_image;
}

// ---- colours ----

chromaticities to_chromaticities(const gauntlet_png_chromaticities& raw) {
  return {.white = {raw.white_x, raw.white_y},
          .red = {raw.red_x, raw.red_y},
          .green = {raw.green_x, raw.green_y},
          .blue = {raw.blue_x, raw.blue_y}};
}

icc_profile to_profile(const gauntlet_png_profile& raw) {
  return {.name = raw.name, .data = copy_of(raw.icc.data, raw.icc.size)};
}

coding_independent_code_points to_coding(const gauntlet_png_cicp& raw) {
  return {.colour_primaries = raw.colour_primaries,
          .transfer_function = raw.transfer_function,
          .matrix_coefficients = raw.matrix_coefficients,
          .video_full_range = raw.video_full_range != 0};
}

mastering_display to_mastering(const gauntlet_png_mastering_display& raw) {
  return {.primaries = to_chromaticities(raw.primaries),
          .max_luminance = raw.max_luminance,
          .min_luminance = raw.min_luminance};
}

content_light_level to_light_level(const gauntlet_png_light_level& raw) {
  return {.max_content = raw.max_content, .max_frame_average = raw.max_frame_average};
}

significant_bits to_significant_bits(const gauntlet_png_significant_bits& raw) {
  return {.red = raw.red, .green = raw.green, .blue = raw.blue, .gray = raw.gray, .alpha = raw.alpha};
}

background_color to_background(const gauntlet_png_color& raw) {
  return {.index = raw.index, .red = raw.red, .green = raw.green, .blue = raw.blue, .gray = raw.gray};
}

void read_gamma(gauntlet_png* png, metadata& found) {
  std::int32_t gamma = 0;
  if (ok(gauntlet_png_get_gAMA(png, &gamma)) && gamma > 0) found.gamma = static_cast<std::uint32_t>(gamma);
}

void read_intent(gauntlet_png* png, metadata& found) {
  int intent = 0;
  if (ok(gauntlet_png_get_sRGB(png, &intent)) && intent >= 0 && intent <= 3)
    found.srgb = static_cast<rendering_intent>(intent);
}

std::vector<std::uint16_t> read_histogram(gauntlet_png* png) {
  std::uint16_t counts[256] = {};
  std::size_t size = 0;
  if (!ok(gauntlet_png_get_hIST(png, counts, &size))) return {};
  return {counts, counts + size};
}

suggested_palette read_suggested_palette(gauntlet_png* png, std::size_t index) {
  const char* name = "";
  suggested_palette palette;
  std::size_t size = 0;
  if (!ok(gauntlet_png_get_sPLT(png, index, &name, &palette.bit_depth, &size))) return palette;
  palette.name = name;
  palette.colors.reserve(size);
  gauntlet_png_suggested_color raw{};
  for (std::size_t i = 0; i < size; ++i)
    if (ok(gauntlet_png_get_sPLT_color(png, index, i, &raw)))
      palette.colors.push_back({.red = raw.red,
                                .green = raw.green,
                                .blue = raw.blue,
                                .alpha = raw.alpha,
                                .frequency = raw.frequency});
  return palette;
}

std::vector<suggested_palette> read_suggested_palettes(gauntlet_png* png) {
  std::vector<suggested_palette> palettes;
  std::size_t count = 0;
  gauntlet_png_get_sPLT_count(png, &count);
  for (std::size_t i = 0; i < count; ++i) palettes.push_back(read_suggested_palette(png, i));
  return palettes;
}

void read_colors(gauntlet_png* png, std::uint32_t has, metadata& found) {
  if ((has & GAUNTLET_PNG_HAS_gAMA) != 0) read_gamma(png, found);
  if ((has & GAUNTLET_PNG_HAS_sRGB) != 0) read_intent(png, found);
  if ((has & GAUNTLET_PNG_HAS_cHRM) != 0)
    read_into(found.chromaticities, png, gauntlet_png_get_cHRM, to_chromaticities);
  if ((has & GAUNTLET_PNG_HAS_iCCP) != 0) read_into(found.profile, png, gauntlet_png_get_iCCP, to_profile);
  if ((has & GAUNTLET_PNG_HAS_cICP) != 0) read_into(found.coding, png, gauntlet_png_get_cICP, to_coding);
  if ((has & GAUNTLET_PNG_HAS_mDCV) != 0)
    read_into(found.mastering, png, gauntlet_png_get_mDCV, to_mastering);
  if ((has & GAUNTLET_PNG_HAS_cLLI) != 0)
    read_into(found.light_level, png, gauntlet_png_get_cLLI, to_light_level);
  if ((has & GAUNTLET_PNG_HAS_sBIT) != 0)
    read_into(found.significant_bits, png, gauntlet_png_get_sBIT, to_significant_bits);
  if ((has & GAUNTLET_PNG_HAS_bKGD) != 0)
    read_into(found.background, png, gauntlet_png_get_bKGD, to_background);
  if ((has & GAUNTLET_PNG_HAS_hIST) != 0) found.histogram = read_histogram(png);
  found.suggested_palettes = read_suggested_palettes(png);
}

void read_transparency(gauntlet_png* png, color_type color, color_table& colors) {
  gauntlet_png_transparency raw{};
  if (!ok(gauntlet_png_get_tRNS(png, &raw))) return;
  if (color == color_type::palette)
    colors.alpha.assign(raw.alpha, raw.alpha + raw.alpha_size);
  else if (color == color_type::gray)
    colors.transparent = {raw.gray, raw.gray, raw.gray};
  else
    colors.transparent = {raw.red, raw.green, raw.blue};
}

}  // namespace

unknown_chunk to_unknown_chunk(const gauntlet_png_unknown_chunk& raw) {
  unknown_chunk chunk{.name = raw.name, .data = copy_of(raw.data, raw.size), .where = {}};
  // libpng answers the last place that the chunk came after, and other bits of its own
  if ((raw.location & GAUNTLET_PNG_AFTER_IDAT) != 0)
    chunk.where = unknown_chunk::location::after_image;
  else if ((raw.location & GAUNTLET_PNG_BEFORE_IDAT) != 0)
    chunk.where = unknown_chunk::location::before_image;
  else
    chunk.where = unknown_chunk::location::before_palette;
  return chunk;
}

color_table read_colors(gauntlet_png* png, color_type color) {
  color_table colors;
  gauntlet_png_palette palette{};
  if (ok(gauntlet_png_get_PLTE(png, &palette)))
    for (std::size_t i = 0; i < palette.size; ++i)
      colors.palette.push_back({palette.rgb[i][0], palette.rgb[i][1], palette.rgb[i][2]});
  read_transparency(png, color, colors);
  return colors;
}

metadata read_metadata(gauntlet_png* png) {
  metadata found;
  std::uint32_t has = 0;
  gauntlet_png_get_valid(png, &has);
  read_colors(png, has, found);
  found.texts = read_texts(png);
  if ((has & GAUNTLET_PNG_HAS_pHYs) != 0) read_into(found.physical, png, gauntlet_png_get_pHYs, to_physical);
  if ((has & GAUNTLET_PNG_HAS_oFFs) != 0) read_into(found.offset, png, gauntlet_png_get_oFFs, to_offset);
  if ((has & GAUNTLET_PNG_HAS_pCAL) != 0)
    read_into(found.calibration, png, gauntlet_png_get_pCAL, to_calibration);
  if ((has & GAUNTLET_PNG_HAS_sCAL) != 0) read_into(found.scale, png, gauntlet_png_get_sCAL, to_scale);
  if ((has & GAUNTLET_PNG_HAS_tIME) != 0) read_into(found.modified, png, gauntlet_png_get_tIME, to_time);
  gauntlet_png_bytes exif{};
  if ((has & GAUNTLET_PNG_HAS_eXIf) != 0 && ok(gauntlet_png_get_eXIf(png, &exif)))
    found.exif = copy_of(exif.data, exif.size);
  found.unknown_chunks = read_unknown_chunks(png);
  if ((has & GAUNTLET_PNG_HAS_PLTE) == 0) place_without_palette(found.unknown_chunks);
  return found;
}

}  // namespace gauntlet::png::detail
