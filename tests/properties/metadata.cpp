// What is written as metadata is read back equal: all kinds together, for every color type and depth, before
// the image and behind it. What the generators leave out has its reason beside it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gauntlet/shim/png.h"
#include "property.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

constexpr std::uint32_t max_31_bits = 0x7FFFFFFF;

bool running_libpng_is(std::uint32_t least) { return gauntlet_png_access_version_number() >= least; }

// libpng 1.6.47 and later want hIST before PLTE, where there is no palette yet (its issue 758).
bool libpng_reads_histograms() { return !running_libpng_is(10647); }

// ---- building blocks

template <class T>
T between(T least, T most) {
  return static_cast<T>(
      *rc::gen::inRange(static_cast<std::int64_t>(least), static_cast<std::int64_t>(most) + 1));
}

// Small numbers make small counterexamples, large ones find what does not fit.
template <class T>
T number(T least, T most) {
  return *rc::gen::oneOf(rc::gen::exec([=] { return between<T>(least, most); }), rc::gen::just(least),
                         rc::gen::just(most));
}

bool maybe() { return *rc::gen::arbitrary<bool>(); }

template <class Make>
auto maybe(Make make) -> std::optional<decltype(make())> {
  if (maybe()) return make();
  return std::nullopt;
}

template <class Make>
auto some(std::size_t most, Make make) -> std::vector<decltype(make())> {
  std::vector<decltype(make())> made;
  for (auto count = between<std::size_t>(0, most); count > 0; --count) made.push_back(make());
  return made;
}

std::string string_of(const std::string& letters, std::size_t least, std::size_t most) {
  std::string made(between(least, most), '?');
  for (char& c : made) c = letters[between<std::size_t>(0, letters.size() - 1)];
  return made;
}

// Any byte but 0, which ends the strings of PNG.
std::string any_text() {
  std::string made;
  for (auto count = between(0, 30); count > 0; --count)
    made.push_back(static_cast<char>(between<unsigned>(1, 255)));
  return made;
}

// PNG's keywords: words of Latin-1, one space between two of them. libpng would change others.
std::string keyword() {
  std::string letters;
  for (unsigned c = 33; c < 256; ++c)
    if (c < 127 || c > 160) letters.push_back(static_cast<char>(c));
  std::string made = string_of(letters, 1, 36);
  if (maybe()) made += ' ' + string_of(letters, 1, 39);
  return made;
}

std::string digits(std::size_t most) { return string_of("0123456789", 1, most); }

// At most 31 characters: libpng has a buffer of 64 for both numbers of a scale.
std::string decimal(bool positive) {
  std::string made = positive ? (maybe() ? "+" : "") : *rc::gen::element<std::string>("", "+", "-");
  if (positive) made += string_of("123456789", 1, 1);
  made += digits(10);
  if (maybe()) made += '.' + digits(10);
  if (maybe()) made += *rc::gen::element<std::string>("e", "E", "e-", "E+") + digits(5);
  return made;
}

bytes noise(std::size_t size) {
  std::minstd_rand engine(between(1U, 1U << 20U));
  bytes made(size);
  for (std::byte& b : made) b = static_cast<std::byte>(engine() >> 8U & 255U);
  return made;
}

bytes some_bytes(std::size_t least, std::size_t most) { return noise(between(least, most)); }

// ---- the image

struct canvas {
  pixel_format format{};
  color_table colors{};
};

color_table colors_for(pixel_format format) {
  color_table made;
  const auto byte = [] { return between<std::uint8_t>(0, 255); };
  const auto sample = [&] {
    return number<std::uint16_t>(0, static_cast<std::uint16_t>((1U << format.bit_depth) - 1));
  };
  if (format.color == color_type::palette || (format.color == color_type::rgb && maybe()))
    for (auto count = between(1, format.color == color_type::palette ? 1 << format.bit_depth : 256);
         count > 0; --count)
      made.palette.push_back({byte(), byte(), byte()});
  if (format.color == color_type::palette && maybe())
    for (auto count = between<std::size_t>(1, made.palette.size()); count > 0; --count)
      made.alpha.push_back(byte());
  if (format.color == color_type::rgb && maybe()) made.transparent = {sample(), sample(), sample()};
  if (format.color == color_type::gray && maybe()) {
    const std::uint16_t gray = sample();
    made.transparent = {gray, gray, gray};
  }
  return made;
}

canvas some_canvas() {
  canvas made{.format = *rc::gen::elementOf(std::vector(all_formats.begin(), all_formats.end()))};
  made.colors = colors_for(made.format);
  return made;
}

bool is_gray(pixel_format format) {
  return format.color == color_type::gray || format.color == color_type::gray_alpha;
}
bool has_alpha(pixel_format format) {
  return format.color == color_type::gray_alpha || format.color == color_type::rgba;
}

// ---- the meaning of samples

chromaticity near(chromaticity known) {
  return {between(known.x - 500, known.x + 500), between(known.y - 500, known.y + 500)};
}

// libpng before 1.6.47 calculates with chromaticities and refuses those that no display can have, so these
// are known ones, a little off. Later ones carry any numbers.
chromaticities some_chromaticities() {
  const auto any = [] { return number<std::int32_t>(0, std::numeric_limits<std::int32_t>::max()); };
  if (running_libpng_is(10647) && maybe())
    return {.white = {any(), any()}, .red = {any(), any()}, .green = {any(), any()}, .blue = {any(), any()}};
  const chromaticities known = maybe() ? srgb_chromaticities
                                       : chromaticities{.white = {31270, 32900},
                                                        .red = {64000, 33000},
                                                        .green = {21000, 71000},
                                                        .blue = {15000, 6000}};
  return {.white = near(known.white),
          .red = near(known.red),
          .green = near(known.green),
          .blue = near(known.blue)};
}

// libpng before 1.6.47 takes a gamma of 16 to 625,000,000.
std::uint32_t some_gamma() {
  return running_libpng_is(10647) ? number<std::uint32_t>(1, max_31_bits)
                                  : number<std::uint32_t>(16, 625'000'000);
}

// A profile that libpng has nothing to say against, also no warning: illuminant D50, an intent that exists, a
// display, tags inside and on multiples of four. What it does not look at is noise, because it reads no iCCP
// chunk of less than 92 bytes, and zeros would be compressed to that.
icc_profile some_profile(pixel_format format) {
  const std::uint32_t tags = between<std::uint32_t>(0, 3);
  const bytes rest = some_bytes(0, 10);
  const std::uint32_t size = 132 + 12 * tags + 4 * static_cast<std::uint32_t>(rest.size());
  bytes data = joined({big_endian(size),
                       noise(4),
                       {std::byte{4}},
                       bytes(3),
                       to_bytes("mntr"),
                       to_bytes(is_gray(format) ? "GRAY" : "RGB "),
                       to_bytes(maybe() ? "XYZ " : "Lab "),
                       noise(12),
                       to_bytes("acsp"),
                       noise(24),
                       big_endian(between<std::uint32_t>(0, 3)),
                       big_endian(0xF6D6),
                       big_endian(0x10000),
                       big_endian(0xD32D),
                       noise(48),
                       big_endian(tags)});
  for (std::uint32_t tag = 0; tag < tags; ++tag)
    data = joined({data, noise(4), big_endian(4 * between<std::uint32_t>(0, size / 4)), big_endian(0)});
  data.resize(size);
  std::ranges::copy(rest, data.end() - static_cast<std::ptrdiff_t>(rest.size()));
  return {.name = keyword(), .data = data};
}

mastering_display some_mastering() {
  const auto any = [] { return number<std::int32_t>(0, 0xFFFF); };
  return {.primaries = {.white = {any(), any()},
                        .red = {any(), any()},
                        .green = {any(), any()},
                        .blue = {any(), any()}},
          .max_luminance = number<std::uint32_t>(0, max_31_bits),
          .min_luminance = number<std::uint32_t>(0, max_31_bits)};
}

significant_bits some_bits(pixel_format format) {
  const std::uint8_t depth = format.color == color_type::palette ? std::uint8_t{8} : format.bit_depth;
  const auto bits = [&](bool there) { return there ? between<std::uint8_t>(1, depth) : std::uint8_t{0}; };
  const bool gray = is_gray(format);
  return {.red = bits(!gray),
          .green = bits(!gray),
          .blue = bits(!gray),
          .gray = bits(gray),
          .alpha = bits(has_alpha(format))};
}

background_color some_background(const canvas& canvas) {
  const auto most = static_cast<std::uint16_t>((1U << canvas.format.bit_depth) - 1);
  const auto sample = [&] { return number<std::uint16_t>(0, most); };
  if (canvas.format.color == color_type::palette)
    return {.index = static_cast<std::uint8_t>(between<std::size_t>(0, canvas.colors.palette.size() - 1))};
  if (is_gray(canvas.format)) return {.gray = sample()};
  return {.red = sample(), .green = sample(), .blue = sample()};
}

suggested_palette some_suggested_palette() {
  suggested_palette made{.name = keyword(), .bit_depth = maybe() ? std::uint8_t{8} : std::uint8_t{16}};
  const auto most = static_cast<std::uint16_t>(made.bit_depth == 8 ? 0xFF : 0xFFFF);
  const auto sample = [&] { return number<std::uint16_t>(0, most); };
  for (auto count = between(1, 4); count > 0; --count)
    made.colors.push_back({sample(), sample(), sample(), sample(), number<std::uint16_t>(0, 0xFFFF)});
  return made;
}

// sRGB goes with its own gamma and chromaticities alone, and with no profile.
void add_color_space(metadata& made, pixel_format format) {
  if (maybe()) {
    made.srgb = static_cast<rendering_intent>(between(0, 3));
    made.gamma = maybe([] { return srgb_gamma; });
    made.chromaticities = maybe([] { return srgb_chromaticities; });
  } else {
    made.gamma = maybe(some_gamma);
    made.chromaticities = maybe(some_chromaticities);
    made.profile = maybe([&] { return some_profile(format); });
  }
  if (!running_libpng_is(10646)) return;  // it has no such chunks, and says so where they are written
  made.coding = maybe([] {
    return coding_independent_code_points{.colour_primaries = between<std::uint8_t>(0, 255),
                                          .transfer_function = between<std::uint8_t>(0, 255),
                                          .video_full_range = maybe()};
  });
  made.mastering = maybe(some_mastering);
  made.light_level = maybe([] {
    return content_light_level{.max_content = number<std::uint32_t>(0, max_31_bits),
                               .max_frame_average = number<std::uint32_t>(0, max_31_bits)};
  });
}

// ---- sizes, texts and the rest

std::int32_t coordinate() {
  const std::int32_t most = std::numeric_limits<std::int32_t>::max();
  return number(-most, most);
}

calibration some_calibration() {
  static constexpr int parameters[] = {2, 3, 3, 4};
  const int type = between(0, 3);
  calibration made{.purpose = keyword(),
                   .x0 = coordinate(),
                   .x1 = coordinate(),
                   .type = static_cast<calibration::equation>(type),
                   .unit = any_text()};
  if (made.x0 == made.x1) made.x1 = made.x0 == 0 ? 1 : 0;
  for (int i = 0; i < parameters[type]; ++i) made.parameters.push_back(decimal(false));
  return made;
}

void add_sizes(metadata& made) {
  made.physical = maybe([] {
    return physical{number<std::uint32_t>(0, max_31_bits), number<std::uint32_t>(0, max_31_bits), maybe()};
  });
  made.offset = maybe([] { return offset{coordinate(), coordinate(), maybe()}; });
  made.calibration = maybe(some_calibration);
  made.scale = maybe([] {
    return scale{maybe() ? scale::unit::metre : scale::unit::radian, decimal(true), decimal(true)};
  });
}

// libpng does not compress an empty text. 1.6.48 reads no zTXt of less than 14 bytes, so the key then has
// some.
text some_text() {
  text made{.key = keyword(), .value = any_text(), .compressed = false, .international = maybe()};
  made.compressed = !made.value.empty() && maybe();
  if (made.compressed) made.key.insert(0, "Key");
  if (made.international) {
    made.language = string_of("abcXYZ-019", 0, 8);
    made.translated_key = any_text();
  }
  return made;
}

time some_time() {
  return {.year = number<std::uint16_t>(0, 0xFFFF),
          .month = between<std::uint8_t>(1, 12),
          .day = between<std::uint8_t>(1, 31),
          .hour = between<std::uint8_t>(0, 23),
          .minute = between<std::uint8_t>(0, 59),
          .second = between<std::uint8_t>(0, 60)};
}

// A name that no chunk of PNG has: its second letter is small, the rest marks it critical, or safe to copy.
// libpng warns of one without data, which the encoder takes for an error.
unknown_chunk some_unknown_chunk(unknown_chunk::location where) {
  const std::string small = "abcxyz", large = "ABCXYZ";
  return {.name = string_of(small + large, 1, 1) + string_of(small, 1, 1) + string_of(large, 1, 1) +
                  string_of(small + large, 1, 1),
          .data = some_bytes(1, 20),
          .where = where};
}

bytes some_exif() {
  return joined({to_bytes(maybe() ? std::string("II*\0", 4) : std::string("MM\0*", 4)), some_bytes(0, 20)});
}

// Unknown chunks come back in the order in which they stand in the file.
void add_unknown_chunks(metadata& made, const color_table& colors) {
  using enum unknown_chunk::location;
  const auto add = [&](unknown_chunk::location where) {
    for (unknown_chunk& chunk : some(2, [&] { return some_unknown_chunk(where); }))
      made.unknown_chunks.push_back(std::move(chunk));
  };
  if (!colors.palette.empty()) add(before_palette);
  add(before_image);
  add(after_image);
}

metadata some_metadata(const canvas& canvas) {
  metadata made;
  add_color_space(made, canvas.format);
  add_sizes(made);
  made.texts = some(3, some_text);
  made.significant_bits = maybe([&] { return some_bits(canvas.format); });
  made.background = maybe([&] { return some_background(canvas); });
  if (libpng_reads_histograms() && maybe())
    for (std::size_t i = 0; i < canvas.colors.palette.size(); ++i)
      made.histogram.push_back(number<std::uint16_t>(0, 0xFFFF));
  made.suggested_palettes = some(2, some_suggested_palette);
  made.modified = maybe(some_time);
  if (maybe()) made.exif = some_exif();
  add_unknown_chunks(made, canvas.colors);
  return made;
}

// A file has one time and one eXif.
metadata some_metadata_behind(const metadata& before) {
  metadata made{.texts = some(3, some_text)};
  if (!before.modified) made.modified = maybe(some_time);
  // libpng before 1.6.43 does not look for eXif behind the image
  if (before.exif.empty() && maybe()) made.exif = some_exif();
  made.unknown_chunks = some(2, [] { return some_unknown_chunk(unknown_chunk::location::after_image); });
  return made;
}

// ---- there and back

metadata joined_metadata(metadata before, const metadata& behind) {
  before.texts.insert(before.texts.end(), behind.texts.begin(), behind.texts.end());
  before.unknown_chunks.insert(before.unknown_chunks.end(), behind.unknown_chunks.begin(),
                               behind.unknown_chunks.end());
  if (behind.modified) before.modified = behind.modified;
  if (!behind.exif.empty()) before.exif = behind.exif;
  return before;
}

bytes written(const canvas& canvas, const metadata& before, const metadata& behind, bool interlaced) {
  const header header = header_of(2, 2, canvas.format.color, canvas.format.bit_depth);
  encoder encoder(memory_sink{}, header, {.interlaced = interlaced, .metadata = before}, canvas.colors);
  const bytes row(header.row_bytes);
  for (int i = 0; i < 2 * encoder.passes(); ++i) encoder.write_row(row);
  return std::move(encoder).finish(behind).take();
}

std::string messages_of(const row_reader& rows) {
  std::string all;
  for (const warning& warning : rows.warnings()) all += warning.chunk + ": " + warning.message + '\n';
  return all;
}

TEST_CASE("metadata of all kinds is read back as it was written, before and behind the image") {
  gauntlet::test::check_property([] {
    const canvas canvas = some_canvas();
    const metadata before = some_metadata(canvas);
    const metadata behind = some_metadata_behind(before);

    row_reader rows =
        decoder(owning_source(written(canvas, before, behind, maybe())), {.unknown_chunks = keep_chunks::all})
            .start();
    RC_ASSERT(rows.colors() == canvas.colors);
    while (rows.next()) {
    }

    RC_ASSERT(messages_of(rows) == "");
    const metadata expected = joined_metadata(before, behind);
    const metadata& found = rows.metadata();
    RC_ASSERT(found.texts == expected.texts);
    RC_ASSERT(found.gamma == expected.gamma);
    RC_ASSERT(found.chromaticities == expected.chromaticities);
    RC_ASSERT(found.srgb == expected.srgb);
    RC_ASSERT(found.profile == expected.profile);
    RC_ASSERT(found.significant_bits == expected.significant_bits);
    RC_ASSERT(found.background == expected.background);
    RC_ASSERT(found.calibration == expected.calibration);
    RC_ASSERT(found.unknown_chunks == expected.unknown_chunks);
    RC_ASSERT(found == expected);
  });
}

}  // namespace
}  // namespace gauntlet::png::test
