// What PNG cannot hold, or what would come back as something else, is refused before a byte is written, with
// a sentence that says what to do.
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "gauntlet/shim/png.h"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

constexpr pixel_format gray_8{color_type::gray, 8};
constexpr pixel_format rgb_8{color_type::rgb, 8};
constexpr pixel_format palette_1{color_type::palette, 1};

struct refusal {
  metadata value;
  std::string sentence;
  pixel_format format = gray_8;
};

std::string refused(const metadata& value, pixel_format format) {
  const image picture = make_picture(format, 2, 2);
  memory_sink sink;
  const auto said = thrown_by<misuse>([&] {
    encode_to(sink, picture, {.metadata = value});
    return 0;
  });
  CHECK(sink.take().empty());
  return said.what();
}

void check_refused(const std::vector<refusal>& all) {
  for (const refusal& one : all) {
    INFO(one.sentence);
    CHECK(refused(one.value, one.format).contains(one.sentence));
  }
}

metadata with_text(text one) { return {.texts = {std::move(one)}}; }

TEST_CASE("metadata_refused: keys that libpng would trim or change") {
  const std::string rule = "has 1 to 79 printable characters of Latin-1, no space at its ends";
  for (const std::string& key : {std::string(), std::string(80, 'k'), std::string(" k"), std::string("k "),
                                 std::string("k  k"), std::string("k\nk"), std::string("k\xA0k")}) {
    INFO(key);
    CHECK(refused(with_text({.key = key, .value = "v"}), gray_8).contains("a text's key " + rule));
    CHECK(refused({.suggested_palettes = {{key, 8, {{}}}}}, gray_8)
              .contains("a suggested palette's name " + rule));
    CHECK(refused({.profile = icc_profile{key, {}}}, gray_8).contains("an ICC profile's name " + rule));
    CHECK(refused({.calibration = calibration{.purpose = key}}, gray_8)
              .contains("a calibration's purpose " + rule));
  }
}

TEST_CASE("metadata_refused: texts") {
  const std::string zero("a\0b", 3);
  const std::string rule = "has a 0 byte, which PNG cannot hold";
  check_refused({
      {with_text({.key = zero}), rule},
      {with_text({.key = "Key", .value = zero}), "the text 'Key' " + rule},
      {with_text({.key = "Key", .international = true, .language = zero}), rule},
      {with_text({.key = "Key", .international = true, .translated_key = zero}), rule},
      {with_text({.key = "Key", .language = "en"}),
       "the text 'Key' has a language, so it must be international"},
      {with_text({.key = "Key", .translated_key = "K"}), "so it must be international"},
      {with_text({.key = "Key", .compressed = true}), "the text 'Key' is empty, so it cannot be compressed"},
  });
}

TEST_CASE("metadata_refused: times that do not exist") {
  for (const time& t : {time{.month = 0}, time{.month = 13}, time{.day = 0}, time{.day = 32},
                        time{.hour = 24}, time{.minute = 60}, time{.second = 61}})
    CHECK(refused({.modified = t}, gray_8).contains("there is no such time as month "));
}

TEST_CASE("metadata_refused: numbers that do not fit") {
  const std::uint32_t too_much = 0x80000000;
  const std::int32_t least = -0x7FFFFFFF - 1;
  check_refused({
      {{.gamma = 0}, "a gamma is more than 0 and fits into 31 bits"},
      {{.gamma = too_much}, "a gamma is more than 0 and fits into 31 bits"},
      {{.chromaticities = chromaticities{.white = {-1, 0}}}, "chromaticities are not negative"},
      {{.chromaticities = chromaticities{.blue = {0, -1}}}, "chromaticities are not negative"},
      {{.mastering = mastering_display{.primaries = {.white = {-1, 0}}}}, "are 0 to 65,535"},
      {{.mastering = mastering_display{.primaries = {.blue = {0, 65536}}}}, "are 0 to 65,535"},
      {{.mastering = mastering_display{.max_luminance = too_much}}, "mDCV's luminances have 31 bits"},
      {{.mastering = mastering_display{.min_luminance = too_much}}, "mDCV's luminances have 31 bits"},
      {{.light_level = content_light_level{too_much, 0}}, "cLLI's light levels have 31 bits"},
      {{.light_level = content_light_level{0, too_much}}, "cLLI's light levels have 31 bits"},
      {{.coding = coding_independent_code_points{.matrix_coefficients = 1}}, "matrix_coefficients are 0"},
      {{.physical = physical{too_much, 1, true}}, "the pixels per unit have 31 bits"},
      {{.physical = physical{1, too_much, true}}, "the pixels per unit have 31 bits"},
      {{.offset = offset{least, 0, true}}, "an offset is -2,147,483,647 to 2,147,483,647"},
      {{.offset = offset{0, least, true}}, "an offset is -2,147,483,647 to 2,147,483,647"},
  });
}

TEST_CASE("metadata_refused: sRGB beside what contradicts it") {
  const auto srgb = rendering_intent::perceptual;
  check_refused({
      {{.srgb = static_cast<rendering_intent>(4)}, "srgb is one of rendering_intent"},
      {{.gamma = 45454, .srgb = srgb}, "beside srgb, gamma is srgb_gamma or left out"},
      {{.chromaticities = chromaticities{}, .srgb = srgb},
       "beside srgb, chromaticities are srgb_chromaticities or left out"},
      {{.srgb = srgb, .profile = icc_profile{}}, "is sRGB or has an ICC profile; leave out one of them"},
  });
}

// Of 144 bytes, with one tag; changed at one place.
icc_profile profile(std::size_t at = 0, std::string_view with = {}, std::size_t size = 144) {
  bytes data = joined({big_endian(static_cast<std::uint32_t>(size)),
                       bytes(4),
                       {std::byte{4}},
                       bytes(3),
                       to_bytes("mntrGRAYXYZ "),
                       bytes(12),
                       to_bytes("acsp"),
                       bytes(88),
                       big_endian(1),
                       to_bytes("desc"),
                       big_endian(140),
                       big_endian(4)});
  data.resize(size);
  for (std::size_t i = 0; i < with.size(); ++i) data[at + i] = static_cast<std::byte>(with[i]);
  return {"name", data};
}

TEST_CASE("metadata_refused: ICC profiles that libpng would not read") {
  const auto with = [](std::size_t at, std::string_view other) {
    return metadata{.profile = profile(at, other)};
  };
  using namespace std::string_view_literals;
  check_refused({
      {{.profile = profile(0, "", 131)}, "an ICC profile has at least 132 bytes"},
      {with(0, "\0\0\0\x91"sv), "begins with its size: this one says 145, and has 144"},
      {{.profile = profile(0, "", 145)}, "is filled up to a multiple of four bytes"},
      {with(128, "\0\0\0\2"sv), "the ICC profile is shorter than its table of tags"},
      {with(128, "\xFF\xFF\xFF\xFF"sv), "the ICC profile is shorter than its table of tags"},
      {with(136, "\0\0\0\x8D"sv), "the ICC profile ends before its tag number 0 does"},
      {with(136, "\0\0\0\x91"sv), "the ICC profile ends before its tag number 0 does"},
      {with(36, "none"), "\"acsp\" does not stand in its bytes 36 to 39"},
      {with(64, "\0\0\xFF\xFF"sv), "an ICC profile's rendering intent is 0 to 3"},
      {with(16, "CMYK"), "a gray image takes an ICC profile for GRAY"},
      {with(16, "GRAY"), "a colour image takes an ICC profile for RGB", rgb_8},
      {with(16, "GRAY"), "a colour image takes an ICC profile for RGB", palette_1},
      {with(12, "abst"), "the ICC profile of a device"},
      {with(12, "link"), "the ICC profile of a device"},
      {with(20, "RGB "), "an ICC profile connects to XYZ or Lab"},
  });
}

TEST_CASE("metadata_refused: significant bits of other channels, or too many") {
  const auto bits = [](significant_bits value) { return metadata{.significant_bits = value}; };
  check_refused({
      {bits({}), "significant bits are 1 to 8 for each channel of this image, and 0 for those"},
      {bits({.gray = 9}), "significant bits are 1 to 8"},
      {bits({.gray = 8, .alpha = 8}), "0 for those it does not have"},
      {bits({.red = 8, .gray = 8}), "0 for those it does not have"},
      {bits({.red = 5, .green = 5}), "1 to 8 for each channel", rgb_8},
      {bits({.red = 5, .green = 5, .blue = 5, .gray = 5}), "0 for those it does not have", rgb_8},
      {bits({.red = 9, .green = 5, .blue = 5}), "significant bits are 1 to 8", palette_1},
      {bits({.gray = 5}), "significant bits are 1 to 4", {color_type::gray, 4}},
      {bits({.gray = 5}), "1 to 16 for each channel", {color_type::gray_alpha, 16}},
  });
}

TEST_CASE("metadata_refused: backgrounds of another kind of image, or beyond its samples") {
  const auto background = [](background_color value) { return metadata{.background = value}; };
  check_refused({
      {background({.red = 1}), "a gray image's background is a gray; the other fields are 0"},
      {background({.index = 1}), "a gray image's background is a gray"},
      {background({.gray = 256}), "the background's samples are 0 to 255, as the image's are"},
      {background({.gray = 2}), "the background's samples are 0 to 1", {color_type::gray, 1}},
      {background({.gray = 1}), "a colour image's background is red, green and blue", rgb_8},
      {background({.blue = 256}), "the background's samples are 0 to 255", rgb_8},
      {background({.index = 2}), "the background is colour 2 of a palette of 2", palette_1},
      {background({.red = 1}), "a palette image's background is an index; the other fields are 0", palette_1},
  });
}

TEST_CASE("metadata_refused: transparency of another kind of image, or beyond its samples") {
  const auto refused_colors = [](pixel_format format, const color_table& colors) {
    const header header = header_of(2, 2, format.color, format.bit_depth);
    return std::string(thrown_by<misuse>([&] { return encoder(memory_sink{}, header, {}, colors); }).what());
  };
  CHECK(
      refused_colors(rgb_8, {.palette = {{1, 2, 3}}, .alpha = {5}}).contains("alphas belong to the palette"));
  CHECK(refused_colors(gray_8, {.transparent = transparent_color{1, 2, 1}})
            .contains("is a gray: the same in red"));
  CHECK(refused_colors({color_type::gray, 2}, {.transparent = transparent_color{4, 4, 4}})
            .contains("samples are 0 to 3, as the image's are"));
  CHECK(
      refused_colors(rgb_8, {.transparent = transparent_color{0, 0, 256}}).contains("samples are 0 to 255"));
}

TEST_CASE("metadata_refused: suggested palettes") {
  check_refused({
      {{.suggested_palettes = {{"few", 8, {}}}}, "the suggested palette 'few' needs a colour"},
      {{.suggested_palettes = {{"few", 4, {{}}}}}, "a suggested palette has 8 or 16 bits"},
      {{.suggested_palettes = {{"few", 8, {{.red = 256}}}}}, "'few' has 8 bits, and a value above 255"},
      {{.suggested_palettes = {{"few", 8, {{}, {.alpha = 256}}}}}, "'few' has 8 bits"},
  });
  CHECK(refused({.histogram = {1}}, palette_1).contains("a histogram has one count for each colour"));
  CHECK(refused({.histogram = {1}}, gray_8).contains("a histogram has one count for each colour"));
}

metadata with_calibration(calibration value) { return {.calibration = std::move(value)}; }

TEST_CASE("metadata_refused: calibrations") {
  const calibration right{.purpose = "p", .parameters = {"0", "1"}};
  const auto with = [&](auto change) {
    calibration value = right;
    change(value);
    return with_calibration(value);
  };
  const std::int32_t least = -0x7FFFFFFF - 1;
  check_refused({
      {with([](calibration& c) { c.unit = std::string("m\0m", 3); }), "has a 0 byte"},
      {with([](calibration& c) { c.type = static_cast<calibration::equation>(4); }),
       "a calibration's equation is one of calibration::equation"},
      {with([](calibration& c) { c.type = calibration::equation::hyperbolic; }),
       "this equation of a calibration has 4 parameters, not 2"},
      {with([](calibration& c) { c.x1 = c.x0; }), "a calibration's x0 and x1 are two different numbers"},
      {with([&](calibration& c) { c.x0 = least; }), "a calibration's x0 is -2,147,483,647 to"},
      {with([&](calibration& c) { c.x1 = least; }), "a calibration's x1 is -2,147,483,647 to"},
  });
  for (const std::string& number :
       {std::string(), std::string("x"), std::string("1\0", 2), std::string("."), std::string("1e"),
        std::string("--1"), std::string("1 "), std::string("1.2.3")})
    CHECK(refused(with([&](calibration& c) { c.parameters[1] = number; }), gray_8)
              .contains("a calibration's parameter is a decimal number like -1.5e3: '"));
}

TEST_CASE("metadata_refused: scales") {
  const std::string rule = "a scale's width and height are decimal numbers above 0, like 1.5e3: '";
  for (const std::string& number : {std::string(), std::string("0"), std::string("-1"), std::string("0.0e1"),
                                    std::string("1\0", 2), std::string("m")}) {
    INFO(number);
    CHECK(refused({.scale = scale{scale::unit::metre, number, "1"}}, gray_8).contains(rule));
    CHECK(refused({.scale = scale{scale::unit::metre, "1", number}}, gray_8).contains(rule));
  }
  CHECK(refused({.scale = scale{static_cast<scale::unit>(3), "1", "1"}}, gray_8)
            .contains("a scale is in metres or radians"));
  CHECK(refused({.scale = scale{scale::unit::metre, std::string(31, '1'), std::string(32, '1')}}, gray_8)
            .contains("have at most 62 characters together"));
}

TEST_CASE("metadata_refused: eXIf that does not begin as TIFF does") {
  for (const char* begin : {"I", "II*", "IIxx", "MM*\0", "IM*\0"})
    CHECK(refused({.exif = to_bytes(begin)}, gray_8)
              .contains("eXIf data begins as TIFF does, with \"II*\\0\""));
}

metadata with_chunk(unknown_chunk one) { return {.unknown_chunks = {std::move(one)}}; }

TEST_CASE("metadata_refused: unknown chunks of wrong names and places") {
  using enum unknown_chunk::location;
  for (const char* name : {"", "abC", "abCde", "ab1d", "abcd",
                           "ab\xC4"
                           "d"})
    CHECK(refused(with_chunk({.name = name}), gray_8)
              .contains("a chunk's name is four letters, the third a capital: '"));
  for (const char* name : {"IHDR", "PLTE", "IDAT", "IEND"})
    CHECK(refused(with_chunk({.name = name}), gray_8).contains("is the image itself, which libpng writes"));
  CHECK(refused(with_chunk({.name = "teSt", .data = bytes(1), .where = before_palette}), gray_8)
            .contains("there is no palette for 'teSt' to stand before; say before_image"));
  CHECK(refused(
            with_chunk({.name = "teSt", .data = bytes(1), .where = static_cast<unknown_chunk::location>(4)}),
            gray_8)
            .contains("a chunk stands before PLTE, before IDAT or after IDAT"));
}

// ---- behind the image

std::string refused_behind(const metadata& before, const metadata& behind) {
  const image picture = make_picture(gray_8, 2, 1);
  encoder encoder(memory_sink{}, picture.header(), {.metadata = before});
  encoder.write_row(picture.pixels());
  return thrown_by<misuse>([&] { return std::move(encoder).finish(behind); }).what();
}

TEST_CASE("metadata_refused: behind the image, what only stands before it") {
  const std::vector<metadata> all{{.gamma = 45455},
                                  {.chromaticities = srgb_chromaticities},
                                  {.srgb = rendering_intent::perceptual},
                                  {.profile = profile()},
                                  {.coding = coding_independent_code_points{}},
                                  {.mastering = mastering_display{}},
                                  {.light_level = content_light_level{}},
                                  {.significant_bits = significant_bits{.gray = 8}},
                                  {.background = background_color{}},
                                  {.histogram = {1}},
                                  {.suggested_palettes = {{"few", 8, {{}}}}},
                                  {.physical = physical{}},
                                  {.offset = offset{}},
                                  {.calibration = calibration{.purpose = "p", .parameters = {"0", "1"}}},
                                  {.scale = scale{scale::unit::metre, "1", "1"}}};
  for (const metadata& behind : all)
    CHECK(refused_behind({}, behind).contains("give the rest as encode_options::metadata"));
  CHECK(refused_behind({}, {.modified = time{.month = 0}}).contains("there is no such time"));
}

TEST_CASE("metadata_refused: a second time, and a second eXIf, behind the image") {
  const metadata time{.modified = png::time{}};
  const metadata exif{.exif = to_bytes(std::string("II*\0", 4))};
  CHECK(refused_behind(time, time).contains("a file has one time, and this has one already"));
  CHECK(refused_behind(exif, exif).contains("a file has one eXIf, and this has one already"));
}

// ---- what this libpng does not have

TEST_CASE("metadata_refused: cICP, mDCV and cLLI, by a libpng that has none, with both versions") {
  const std::vector<std::pair<metadata, std::string>> all{
      {{.coding = coding_independent_code_points{}}, "1.6.45"},
      {{.mastering = mastering_display{}}, "1.6.46"},
      {{.light_level = content_light_level{}}, "1.6.46"}};
  for (const auto& [value, since] : all) {
    const auto written =
        attempt<error>([&] { return encode(make_picture(rgb_8, 1, 1), {.metadata = value}); });
    REQUIRE(written.has_value() == (gauntlet_png_access_version_number() >= 10646));
    if (written) continue;
    CHECK(written.error().code() == errc::unsupported);
    CHECK(std::string(written.error().what()).contains(gauntlet_png_get_libpng_ver()));
    CHECK(std::string(written.error().what()).contains(since));
  }
}

}  // namespace
}  // namespace gauntlet::png::test
