#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "gauntlet/error.hpp"
#include "write_metadata.hpp"

namespace gauntlet::png::detail {
[[noreturn]] void refuse_metadata(std::string_view advice, std::source_location where) {
  throw misuse("png::encode", advice, where);
}

namespace {

constexpr std::size_t max_31_bits = 0x7FFFFFFF;

/// libpng trims and changes keywords that PNG does not allow; what is read back would be another.
bool is_keyword(std::string_view key) {
  if (key.empty() || key.size() > 79 || key.front() == ' ' || key.back() == ' ') return false;
  char before = 'x';
  for (const char c : key) {
    const auto code = static_cast<unsigned char>(c);
    const bool printable = (code >= 32 && code <= 126) || code >= 161;
    if (!printable || (c == ' ' && before == ' ')) return false;
    before = c;
  }
  return true;
}

void require_keyword(std::string_view key, const char* what, std::source_location where) {
  if (is_keyword(key)) return;
  refuse_metadata(
      std::string(what) +
          " has 1 to 79 printable characters of Latin-1, no space at its ends and no two together: '" +
          std::string(key) + "'",
      where);
}

void require_no_zero(const std::string& string, std::string_view key, std::source_location where) {
  if (string.contains('\0'))
    refuse_metadata("the text '" + std::string(key) + "' has a 0 byte, which PNG cannot hold", where);
}

void require_text(const text& text, std::source_location where) {
  require_no_zero(text.key, text.key.c_str(), where);
  require_keyword(text.key, "a text's key", where);
  for (const std::string* string : {&text.value, &text.language, &text.translated_key})
    require_no_zero(*string, text.key, where);
  if (!text.international && !(text.language.empty() && text.translated_key.empty()))
    refuse_metadata("the text '" + text.key + "' has a language, so it must be international", where);
  // libpng would write it without compression
  if (text.compressed && text.value.empty())
    refuse_metadata("the text '" + text.key + "' is empty, so it cannot be compressed", where);
}

void require_time(const time& t, std::source_location where) {
  if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 || t.hour > 23 || t.minute > 59 || t.second > 60)
    refuse_metadata("there is no such time as month " + std::to_string(t.month) + ", day " +
                        std::to_string(t.day) + ", " + std::to_string(t.hour) + ':' +
                        std::to_string(t.minute) + ':' + std::to_string(t.second),
                    where);
}

void require_mastering(const mastering_display& display, std::source_location where) {
  const chromaticities& p = display.primaries;
  for (const chromaticity& c : {p.white, p.red, p.green, p.blue})
    if (c.x < 0 || c.x > 0xFFFF || c.y < 0 || c.y > 0xFFFF)
      refuse_metadata("mDCV's chromaticities are 0 to 65,535, in units of 0.00002", where);
  if (display.max_luminance > max_31_bits || display.min_luminance > max_31_bits)
    refuse_metadata("mDCV's luminances have 31 bits", where);
}

void require_chromaticities(const chromaticities& value, std::source_location where) {
  for (const chromaticity& c : {value.white, value.red, value.green, value.blue})
    if (c.x < 0 || c.y < 0) refuse_metadata("chromaticities are not negative", where);
}

void require_suggested_palette(const suggested_palette& palette, std::source_location where) {
  require_keyword(palette.name, "a suggested palette's name", where);
  if (palette.bit_depth != 8 && palette.bit_depth != 16)
    refuse_metadata("a suggested palette has 8 or 16 bits", where);
  // libpng fails on it in its own memory, and leaks the name
  if (palette.colors.empty())
    refuse_metadata("the suggested palette '" + palette.name + "' needs a colour", where);
  if (palette.bit_depth == 16) return;
  for (const suggested_palette::color& c : palette.colors)
    if (c.red > 255 || c.green > 255 || c.blue > 255 || c.alpha > 255)
      refuse_metadata("the suggested palette '" + palette.name + "' has 8 bits, and a value above 255",
                      where);
}

void require_coordinate(std::int32_t value, const char* what, std::source_location where) {
  if (value == std::numeric_limits<std::int32_t>::min())
    refuse_metadata(std::string(what) + " is -2,147,483,647 to 2,147,483,647: PNG's numbers have one less",
                    where);
}

/// "-1.5e3", as pCAL and sCAL hold numbers. positive: above 0, without a '-'.
bool is_number(std::string_view text, bool positive) {
  const auto skip_digits = [&] {
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end;
  };
  const auto skip_sign = [&] {
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  };
  const std::size_t mantissa = std::min(text.find_first_of("eE"), text.size());
  const bool above_zero = text.substr(0, mantissa).find_first_of("123456789") != text.npos;
  if (positive && (!above_zero || text[0] == '-')) return false;
  skip_sign();
  std::size_t digits = skip_digits();
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    digits += skip_digits();
  }
  if (digits == 0 || text.empty()) return digits != 0;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  skip_sign();
  return skip_digits() > 0 && text.empty();
}

void require_calibration(const calibration& value, std::source_location where) {
  constexpr std::size_t parameters[] = {2, 3, 3, 4};
  require_keyword(value.purpose, "a calibration's purpose", where);
  require_no_zero(value.unit, value.purpose, where);
  require_coordinate(value.x0, "a calibration's x0", where);
  require_coordinate(value.x1, "a calibration's x1", where);
  const auto type = static_cast<std::size_t>(value.type);
  if (type > 3) refuse_metadata("a calibration's equation is one of calibration::equation", where);
  if (value.parameters.size() != parameters[type])
    refuse_metadata("this equation of a calibration has " + std::to_string(parameters[type]) +
                        " parameters, not " + std::to_string(value.parameters.size()),
                    where);
  for (const std::string& parameter : value.parameters)
    if (!is_number(parameter, false))
      refuse_metadata("a calibration's parameter is a decimal number like -1.5e3: '" + parameter + "'",
                      where);
  if (value.x0 == value.x1) refuse_metadata("a calibration's x0 and x1 are two different numbers", where);
}

void require_scale(const scale& value, std::source_location where) {
  if (value.in != scale::unit::metre && value.in != scale::unit::radian)
    refuse_metadata("a scale is in metres or radians", where);
  for (const std::string* size : {&value.width, &value.height})
    if (!is_number(*size, true))
      refuse_metadata("a scale's width and height are decimal numbers above 0, like 1.5e3: '" + *size + "'",
                      where);
  // libpng has a buffer of 64 bytes for the chunk
  if (value.width.size() + value.height.size() > 62)
    refuse_metadata("a scale's width and height have at most 62 characters together", where);
}

void require_physical(const physical& value, std::source_location where) {
  if (value.x > max_31_bits || value.y > max_31_bits)
    refuse_metadata("the pixels per unit have 31 bits", where);
}

std::string string_of(const std::vector<std::byte>& data, std::size_t size) {
  std::string made;
  for (std::size_t i = 0; i < size; ++i) made.push_back(std::to_integer<char>(data[i]));
  return made;
}

/// libpng takes these four bytes for the whole check, and leaves out what begins with others.
void require_exif(const std::vector<std::byte>& exif, std::source_location where) {
  if (exif.empty()) return;
  const std::string begin = exif.size() < 4 ? "" : string_of(exif, 4);
  const bool known = begin == std::string("II*\0", 4) || begin == std::string("MM\0*", 4);
  if (!known || exif.size() > max_31_bits)
    refuse_metadata("eXIf data begins as TIFF does, with \"II*\\0\" or \"MM\\0*\", and has at most 2 GiB",
                    where);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// By whatever name, libpng would write it, and read it back as that.
void require_unknown_chunk(const unknown_chunk& chunk, std::source_location where) {
  const std::string& name = chunk.name;
  const bool letters = name.size() == 4 && is_letter(name[0]) && is_letter(name[1]) && is_letter(name[2]) &&
                       is_letter(name[3]) && name[2] <= 'Z';
  if (!letters) refuse_metadata("a chunk's name is four letters, the third a capital: '" + name + "'", where);
  if (name == "IHDR" || name == "PLTE" || name == "IDAT" || name == "IEND")
    refuse_metadata("the chunk " + name + " is the image itself, which libpng writes", where);
  if (chunk.data.size() > max_31_bits) refuse_metadata("a chunk has at most 2 GiB", where);
}

/// What may stand before and behind the image.
void require_anywhere(const metadata& m, std::source_location where) {
  for (const text& text : m.texts) require_text(text, where);
  if (m.modified) require_time(*m.modified, where);
  require_exif(m.exif, where);
  for (const unknown_chunk& chunk : m.unknown_chunks) require_unknown_chunk(chunk, where);
}

// ---- what depends on the image ----

bool is_gray(const header& header) {
  return header.color == color_type::gray || header.color == color_type::gray_alpha;
}

/// Of tRNS: libpng would leave out the one, and write only the red of the other.
void require_transparency(const header& header, const color_table& colors, std::source_location where) {
  if (!colors.alpha.empty() && header.color != color_type::palette)
    refuse_metadata(
        "alphas belong to the palette of a palette image; give an rgb image one transparent colour", where);
  if (!colors.transparent) return;
  const auto [red, green, blue] = *colors.transparent;
  if (is_gray(header) && (red != green || green != blue))
    refuse_metadata("a gray image's transparent colour is a gray: the same in red, green and blue", where);
  const unsigned most = (1U << header.bit_depth) - 1;
  if (std::max({red, green, blue}) > most)
    refuse_metadata(
        "the transparent colour's samples are 0 to " + std::to_string(most) + ", as the image's are", where);
}

void require_bits(const significant_bits& bits, const header& header, std::source_location where) {
  const bool gray = is_gray(header);
  const int depth = header.color == color_type::palette ? 8 : header.bit_depth;
  const auto right = [&](std::uint8_t value, bool is_there) {
    return is_there ? value >= 1 && value <= depth : value == 0;
  };
  const bool all_right = right(bits.red, !gray) && right(bits.green, !gray) && right(bits.blue, !gray) &&
                         right(bits.gray, gray) &&
                         right(bits.alpha, header.channels == 2 || header.channels == 4);
  if (!all_right)
    refuse_metadata("significant bits are 1 to " + std::to_string(depth) +
                        " for each channel of this image, and 0 for those it does not have",
                    where);
}

void require_background_of_palette(const background_color& value, const color_table& colors,
                                   std::source_location where) {
  if (value != background_color{.index = value.index})
    refuse_metadata("a palette image's background is an index; the other fields are 0", where);
  if (!colors.palette.empty() && value.index >= colors.palette.size())
    refuse_metadata("the background is colour " + std::to_string(value.index) + " of a palette of " +
                        std::to_string(colors.palette.size()),
                    where);
}

void require_background(const background_color& value, const header& header, const color_table& colors,
                        std::source_location where) {
  if (header.color == color_type::palette) return require_background_of_palette(value, colors, where);
  const background_color kept =
      is_gray(header) ? background_color{.gray = value.gray}
                      : background_color{.red = value.red, .green = value.green, .blue = value.blue};
  if (value != kept)
    refuse_metadata(is_gray(header)
                        ? "a gray image's background is a gray; the other fields are 0"
                        : "a colour image's background is red, green and blue; the other fields are 0",
                    where);
  const unsigned most = (1U << header.bit_depth) - 1;
  if (std::max({value.gray, value.red, value.green, value.blue}) > most)
    refuse_metadata("the background's samples are 0 to " + std::to_string(most) + ", as the image's are",
                    where);
}

/// PNG allows nothing else beside sRGB, and libpng before 1.6.47 would answer sRGB's own values.
void require_srgb(const metadata& m, std::source_location where) {
  if (*m.srgb > rendering_intent::absolute_colorimetric)
    refuse_metadata("srgb is one of rendering_intent", where);
  if (m.profile) refuse_metadata("an image is sRGB or has an ICC profile; leave out one of them", where);
  if (m.gamma.value_or(srgb_gamma) != srgb_gamma)
    refuse_metadata("beside srgb, gamma is srgb_gamma or left out", where);
  if (m.chromaticities.value_or(srgb_chromaticities) != srgb_chromaticities)
    refuse_metadata("beside srgb, chromaticities are srgb_chromaticities or left out", where);
}

void require_places(const metadata& m, const color_table& colors, std::source_location where) {
  if (!colors.palette.empty()) return;
  for (const unknown_chunk& chunk : m.unknown_chunks)
    if (chunk.where == unknown_chunk::location::before_palette)
      refuse_metadata("there is no palette for '" + chunk.name + "' to stand before; say before_image",
                      where);
}

/// Fields that have no place behind the image.
bool says_what_pixels_are(const metadata& m) {
  return m.gamma || m.chromaticities || m.srgb || m.profile || m.coding || m.mastering || m.light_level ||
         m.significant_bits || m.background || !m.histogram.empty() || !m.suggested_palettes.empty() ||
         m.physical || m.offset || m.calibration || m.scale;
}

void require_colors_described(const metadata& m, const header& header, const color_table& colors,
                              std::source_location where) {
  if (m.gamma && (*m.gamma == 0 || *m.gamma > max_31_bits))
    refuse_metadata("a gamma is more than 0 and fits into 31 bits", where);
  if (m.chromaticities) require_chromaticities(*m.chromaticities, where);
  if (m.srgb) require_srgb(m, where);
  if (m.profile) {
    require_keyword(m.profile->name, "an ICC profile's name", where);
    require_profile(m.profile->data, is_gray(header), where);
  }
  if (m.coding && m.coding->matrix_coefficients != 0)
    refuse_metadata("a PNG holds RGB, so coding's matrix_coefficients are 0", where);
  if (m.mastering) require_mastering(*m.mastering, where);
  if (m.light_level &&
      (m.light_level->max_content > max_31_bits || m.light_level->max_frame_average > max_31_bits))
    refuse_metadata("cLLI's light levels have 31 bits", where);
  if (m.significant_bits) require_bits(*m.significant_bits, header, where);
  if (m.background) require_background(*m.background, header, colors, where);
  for (const suggested_palette& palette : m.suggested_palettes) require_suggested_palette(palette, where);
}

}  // namespace

void require_metadata_behind(const metadata& m, std::source_location where) {
  if (says_what_pixels_are(m))
    refuse_metadata(
        "only texts, time, exif and unknown chunks stand behind the image; give the rest as "
        "encode_options::metadata",
        where);
  require_anywhere(m, where);
}

void require_metadata(const metadata& m, const header& header, const color_table& colors,
                      std::source_location where) {
  require_anywhere(m, where);
  require_transparency(header, colors, where);
  require_places(m, colors, where);
  require_colors_described(m, header, colors, where);
  if (m.physical) require_physical(*m.physical, where);
  if (m.offset) {
    require_coordinate(m.offset->x, "an offset", where);
    require_coordinate(m.offset->y, "an offset", where);
  }
  if (m.calibration) require_calibration(*m.calibration, where);
  if (m.scale) require_scale(*m.scale, where);
}

}  // namespace gauntlet::png::detail
