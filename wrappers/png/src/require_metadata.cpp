#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "gauntlet/error.hpp"
#include "write_metadata.hpp"

namespace gauntlet::png::detail {
namespace {

constexpr std::size_t max_31_bits = 0x7FFFFFFF;

[[noreturn]] void refuse(std::string_view advice, std::source_location where) {
  throw misuse("png::encode", advice, where);
}

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
  refuse(std::string(what) +
             " has 1 to 79 printable characters of Latin-1, no space at its ends and no two together: '" +
             std::string(key) + "'",
         where);
}

void require_no_zero(const std::string& string, std::string_view key, std::source_location where) {
  if (string.contains('\0'))
    refuse("the text '" + std::string(key) + "' has a 0 byte, which PNG cannot hold", where);
}

void require_text(const text& text, std::source_location where) {
  require_no_zero(text.key, text.key.c_str(), where);
  require_keyword(text.key, "a text's key", where);
  for (const std::string* string : {&text.value, &text.language, &text.translated_key})
    require_no_zero(*string, text.key, where);
  if (!text.international && !(text.language.empty() && text.translated_key.empty()))
    refuse("the text '" + text.key + "' has a language, so it must be international", where);
}

void require_time(const time& t, std::source_location where) {
  if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 || t.hour > 23 || t.minute > 59 || t.second > 60)
    refuse("there is no such time as month " + std::to_string(t.month) + ", day " + std::to_string(t.day) +
               ", " + std::to_string(t.hour) + ':' + std::to_string(t.minute) + ':' +
               std::to_string(t.second),
           where);
}

void require_profile(const icc_profile& profile, std::source_location where) {
  require_keyword(profile.name, "an ICC profile's name", where);
  if (profile.data.size() < 132 || profile.data.size() > max_31_bits)
    refuse("an ICC profile has at least 132 bytes, and at most 2 GiB", where);
  std::size_t said = 0;
  for (std::size_t i = 0; i < 4; ++i) said = (said << 8U) | std::to_integer<std::size_t>(profile.data[i]);
  if (said != profile.data.size())
    refuse("an ICC profile begins with its size: this says " + std::to_string(said) + ", and has " +
               std::to_string(profile.data.size()),
           where);
}

void require_mastering(const mastering_display& display, std::source_location where) {
  const chromaticities& p = display.primaries;
  for (const chromaticity& c : {p.white, p.red, p.green, p.blue})
    if (c.x < 0 || c.x > 0xFFFF || c.y < 0 || c.y > 0xFFFF)
      refuse("mDCV's chromaticities are 0 to 65,535, in units of 0.00002", where);
  if (display.max_luminance > max_31_bits || display.min_luminance > max_31_bits)
    refuse("mDCV's luminances have 31 bits", where);
}

void require_chromaticities(const chromaticities& value, std::source_location where) {
  for (const chromaticity& c : {value.white, value.red, value.green, value.blue})
    if (c.x < 0 || c.y < 0) refuse("chromaticities are not negative", where);
}

void require_suggested_palette(const suggested_palette& palette, std::source_location where) {
  require_keyword(palette.name, "a suggested palette's name", where);
  if (palette.bit_depth != 8 && palette.bit_depth != 16)
    refuse("a suggested palette has 8 or 16 bits", where);
  if (palette.bit_depth == 16) return;
  for (const suggested_palette::color& c : palette.colors)
    if (c.red > 255 || c.green > 255 || c.blue > 255 || c.alpha > 255)
      refuse("the suggested palette '" + palette.name + "' has 8 bits, and a value above 255", where);
}

void require_calibration(const calibration& value, std::source_location where) {
  constexpr std::size_t parameters[] = {2, 3, 3, 4};
  require_keyword(value.purpose, "a calibration's purpose", where);
  require_no_zero(value.unit, value.purpose, where);
  const auto type = static_cast<std::size_t>(value.type);
  if (type > 3) refuse("there is no such equation for a calibration", where);
  if (value.parameters.size() != parameters[type])
    refuse("this equation of a calibration has " + std::to_string(parameters[type]) + " parameters, not " +
               std::to_string(value.parameters.size()),
           where);
  if (value.x0 == value.x1) refuse("a calibration's x0 and x1 are two numbers", where);
}

void require_scale(const scale& value, std::source_location where) {
  if (value.in != scale::unit::metre && value.in != scale::unit::radian)
    refuse("a scale is in metres or radians", where);
  if (value.width.empty() || value.height.empty()) refuse("a scale has a width and a height", where);
}

void require_exif(const std::vector<std::byte>& exif, std::source_location where) {
  if (exif.empty()) return;
  const bool known =
      exif.size() >= 4 && exif[0] == exif[1] && (exif[0] == std::byte{'I'} || exif[0] == std::byte{'M'});
  if (!known || exif.size() > max_31_bits)
    refuse("eXIf data begins with \"II\" or \"MM\", and a number", where);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// By whatever name, libpng would write it, and read it back as that.
void require_unknown_chunk(const unknown_chunk& chunk, std::source_location where) {
  const std::string& name = chunk.name;
  const bool letters = name.size() == 4 && is_letter(name[0]) && is_letter(name[1]) && is_letter(name[2]) &&
                       is_letter(name[3]) && name[2] <= 'Z';
  if (!letters) refuse("a chunk's name is four letters, the third a capital: '" + name + "'", where);
  if (name == "IHDR" || name == "PLTE" || name == "IDAT" || name == "IEND")
    refuse("the chunk " + name + " is the image itself, which libpng writes", where);
  if (chunk.data.size() > max_31_bits) refuse("a chunk has at most 2 GiB", where);
}

}  // namespace

void require_metadata_behind(const metadata& m, std::source_location where) {
  for (const text& text : m.texts) require_text(text, where);
  if (m.modified) require_time(*m.modified, where);
  require_exif(m.exif, where);
  for (const unknown_chunk& chunk : m.unknown_chunks) require_unknown_chunk(chunk, where);
}

void require_metadata(const metadata& m, std::source_location where) {
  require_metadata_behind(m, where);
  if (m.gamma && (*m.gamma == 0 || *m.gamma > max_31_bits))
    refuse("a gamma is more than 0 and fits into 31 bits", where);
  if (m.chromaticities) require_chromaticities(*m.chromaticities, where);
  if (m.profile) require_profile(*m.profile, where);
  if (m.mastering) require_mastering(*m.mastering, where);
  if (m.light_level &&
      (m.light_level->max_content > max_31_bits || m.light_level->max_frame_average > max_31_bits))
    refuse("cLLI's light levels have 31 bits", where);
  for (const suggested_palette& palette : m.suggested_palettes) require_suggested_palette(palette, where);
  if (m.calibration) require_calibration(*m.calibration, where);
  if (m.scale) require_scale(*m.scale, where);
}

}  // namespace gauntlet::png::detail
