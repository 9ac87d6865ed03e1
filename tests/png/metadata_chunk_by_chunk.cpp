// Every kind of chunk, byte by byte: what is read from a file built by hand, what is written_with, and how
// broken ones end.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "gauntlet/shim/png.h"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

struct example {
  std::string name;
  bytes data;
  metadata value;
  pixel_format format{color_type::gray, 8};
  std::size_t fixed_length = 0;  // 0: other lengths may be right too
  bool only_once = true;
};

bytes of_text(std::string_view text) { return to_bytes(text); }
bytes of_numbers(std::initializer_list<std::uint8_t> numbers) {
  bytes made;
  for (const std::uint8_t number : numbers) made.push_back(std::byte{number});
  return made;
}

bytes of_words(std::initializer_list<std::uint32_t> words) {
  bytes made;
  for (const std::uint32_t word : words) made = joined({made, big_endian(word)});
  return made;
}

const color_table two_colors{.palette = {{1, 2, 3}, {4, 5, 6}}};

color_table colors_of(pixel_format format) {
  return format.color == color_type::palette ? two_colors : color_table{};
}

// libpng 1.6.47 and later want hIST before PLTE, where there is no palette yet (its issue 758).
bool libpng_reads(const std::string& name) {
  return name != "hIST" || gauntlet_png_access_version_number() < 10647;
}

bool is_new(const std::string& name) { return name == "cICP" || name == "mDCV" || name == "cLLI"; }
bool running_libpng_has(const std::string& name) {
  return !is_new(name) || gauntlet_png_access_version_number() >= 10646;
}

void add_color_spaces(std::vector<example>& all) {
  all.push_back({"gAMA", of_words({45455}), {.gamma = 45455}, {color_type::gray, 8}, 4});
  all.push_back(
      {"cHRM",
       of_words({31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000}),
       {.chromaticities = chromaticities{{31270, 32900}, {64000, 33000}, {21000, 71000}, {15000, 6000}}},
       {color_type::rgb, 8},
       32});
  all.push_back({"sRGB", of_numbers({2}), {.srgb = rendering_intent::saturation}, {color_type::rgb, 8}, 1});
  all.push_back({"cICP",
                 of_numbers({9, 16, 0, 1}),
                 {.coding = coding_independent_code_points{9, 16, 0, true}},
                 {color_type::rgb, 16},
                 4});
  all.push_back({"mDCV",
                 joined({of_numbers({0x8A, 0x48, 0x39, 0x08, 0x21, 0x34, 0x9B, 0xAA, 0x19, 0x96, 0x08, 0xFC,
                                     0x3D, 0x13, 0x40, 0x42}),
                         of_words({10'000'000, 50})}),
                 {.mastering = mastering_display{.primaries = {.white = {15635, 16450},
                                                               .red = {35400, 14600},
                                                               .green = {8500, 39850},
                                                               .blue = {6550, 2300}},
                                                 .max_luminance = 10'000'000,
                                                 .min_luminance = 50}},
                 {color_type::rgb, 16},
                 24});
  all.push_back({"cLLI",
                 of_words({10'000'000, 4'000'000}),
                 {.light_level = content_light_level{10'000'000, 4'000'000}},
                 {color_type::rgb, 16},
                 8});
}

void add_samples(std::vector<example>& all) {
  const auto bits = [&](pixel_format format, const bytes& data, significant_bits value) {
    all.push_back({"sBIT", data, {.significant_bits = value}, format, data.size()});
  };
  bits({color_type::gray, 4}, of_numbers({3}), {.gray = 3});
  bits({color_type::gray_alpha, 16}, of_numbers({10, 1}), {.gray = 10, .alpha = 1});
  bits({color_type::rgb, 8}, of_numbers({5, 6, 8}), {.red = 5, .green = 6, .blue = 8});
  bits({color_type::palette, 1}, of_numbers({5, 6, 7}), {.red = 5, .green = 6, .blue = 7});
  bits({color_type::rgba, 16}, of_numbers({1, 2, 3, 16}), {.red = 1, .green = 2, .blue = 3, .alpha = 16});

  const auto background = [&](pixel_format format, const bytes& data, background_color value) {
    all.push_back({"bKGD", data, {.background = value}, format, data.size()});
  };
  background({color_type::gray, 2}, of_numbers({0, 3}), {.gray = 3});
  background({color_type::gray_alpha, 16}, of_numbers({1, 2}), {.gray = 0x102});
  background({color_type::palette, 1}, of_numbers({1}), {.index = 1});
  background({color_type::rgb, 8}, of_numbers({0, 1, 0, 2, 0, 3}), {.red = 1, .green = 2, .blue = 3});
  background({color_type::rgba, 16}, of_numbers({1, 2, 3, 4, 5, 6}),
             {.red = 0x102, .green = 0x304, .blue = 0x506});
  all.push_back(
      {"hIST", of_numbers({0xFF, 0xFF, 0, 1}), {.histogram = {0xFFFF, 1}}, {color_type::palette, 1}, 4});
  all.push_back({"sPLT",
                 joined({of_text({"few\0\x08", 5}), of_numbers({1, 2, 3, 4, 0, 5, 6, 7, 8, 9, 1, 0})}),
                 {.suggested_palettes = {{"few", 8, {{1, 2, 3, 4, 5}, {6, 7, 8, 9, 256}}}}},
                 {color_type::rgb, 8},
                 0,
                 false});
  all.push_back({"sPLT",
                 joined({of_text({"few\0\x10", 5}), of_numbers({1, 2, 3, 4, 5, 6, 7, 8, 9, 10})}),
                 {.suggested_palettes = {{"few", 16, {{0x102, 0x304, 0x506, 0x708, 0x90A}}}}},
                 {color_type::rgb, 8},
                 0,
                 false});
}

void add_the_rest(std::vector<example>& all) {
  all.push_back({"pHYs",
                 joined({of_words({2835, 1417}), of_numbers({1})}),
                 {.physical = physical{2835, 1417, true}},
                 {color_type::gray, 8},
                 9});
  all.push_back({"oFFs",
                 joined({of_words({0xFFFFFFFF, 0x80000001}), of_numbers({0})}),
                 {.offset = offset{-1, -0x7FFFFFFF, false}},
                 {color_type::gray, 8},
                 9});
  all.push_back(
      {"pCAL",
       of_text({"depth\0\xFF\xFF\xFF\xFE\0\0\0\x09\0\x02mm\0-1.5\0"
                "2e3",
                27}),
       {.calibration = calibration{"depth", -2, 9, calibration::equation::linear, "mm", {"-1.5", "2e3"}}}});
  all.push_back({"sCAL",
                 of_text({"\x02"
                          "1.5e3\0.25",
                          10}),
                 {.scale = scale{scale::unit::radian, "1.5e3", ".25"}}});
  all.push_back({"tIME",
                 of_numbers({0x07, 0xE0, 12, 31, 23, 59, 60}),
                 {.modified = time{2016, 12, 31, 23, 59, 60}},
                 {color_type::gray, 8},
                 7});
  all.push_back({"eXIf", of_text({"MM\0*\0\0\0\x08", 8}), {.exif = of_text({"MM\0*\0\0\0\x08", 8})}});
  all.push_back({"tEXt",
                 of_text({"Title\0caf\xE9", 10}),
                 {.texts = {{.key = "Title", .value = "caf\xE9"}}},
                 {color_type::gray, 8},
                 0,
                 false});
  all.push_back({"iTXt",
                 of_text({"Title\0\0\0en\0Titel\0caf\xC3\xA9", 22}),
                 {.texts = {{.key = "Title",
                             .value = "caf\xC3\xA9",
                             .international = true,
                             .language = "en",
                             .translated_key = "Titel"}}},
                 {color_type::gray, 8},
                 0,
                 false});
  all.push_back(
      {"teSt",
       of_numbers({1, 0, 255}),
       {.unknown_chunks = {{"teSt", of_numbers({1, 0, 255}), unknown_chunk::location::before_image}}},
       {color_type::gray, 8},
       0,
       false});
}

std::vector<example> all_examples() {
  std::vector<example> all;
  add_color_spaces(all);
  add_samples(all);
  add_the_rest(all);
  std::erase_if(all, [](const example& e) { return !running_libpng_has(e.name); });
  return all;
}

bool stands_before_palette(const std::string& name) { return name != "bKGD" && name != "hIST"; }

// One pixel, of zeros.
bytes file_with(pixel_format format, const bytes& before_palette, const bytes& before_image,
                const bytes& after_image) {
  const header rows = header_of(1, 1, format.color, format.bit_depth);
  const bytes palette =
      format.color == color_type::palette ? chunk("PLTE", of_numbers({1, 2, 3, 4, 5, 6})) : bytes{};
  return joined({signature(), ihdr(1, 1, format.bit_depth, static_cast<std::uint8_t>(format.color)),
                 before_palette, palette, before_image, idat(bytes(rows.row_bytes + 1)), after_image,
                 iend()});
}

bytes file_with(const example& e, const bytes& chunks) {
  return stands_before_palette(e.name) ? file_with(e.format, chunks, {}, {})
                                       : file_with(e.format, {}, chunks, {});
}

struct result {
  metadata value{};
  std::vector<warning> warnings{};
};

result read_whole(const bytes& file) {
  row_reader rows = decoder(memory_source(file), {.unknown_chunks = keep_chunks::all}).start();
  while (rows.next()) {
  }
  return {rows.metadata(), {rows.warnings().begin(), rows.warnings().end()}};
}

std::vector<std::string> types_of(const bytes& file) {
  std::vector<std::string> types;
  for (const chunk_place& place : chunks_of(file)) types.push_back(place.type);
  return types;
}

bytes chunk_in(const bytes& file, const std::string& type) {
  for (const chunk_place& place : chunks_of(file))
    if (place.type == type)
      return {file.begin() + static_cast<std::ptrdiff_t>(place.begin),
              file.begin() + static_cast<std::ptrdiff_t>(place.end)};
  return {};
}

bytes written_with(const example& e) {
  image picture(header_of(1, 1, e.format.color, e.format.bit_depth), colors_of(e.format));
  std::ranges::fill(picture.pixels(), std::byte{0});
  return encode(picture, {.metadata = e.value});
}

// One warning, of this chunk, and nothing read.
void check_left_out(const example& e, const bytes& file) {
  const result found = read_whole(file);
  CHECK(found.value == metadata{});
  REQUIRE(found.warnings.size() == 1);
  CHECK(found.warnings[0].chunk == e.name);
  CHECK(found.warnings[0].severity == severity::metadata);
}

TEST_CASE("metadata_chunks: each kind is read from its bytes, and nothing else with it") {
  for (const example& e : all_examples()) {
    INFO(e.name << ", " << name_of(e.format));
    const bytes file = file_with(e, chunk(e.name, e.data));
    if (!libpng_reads(e.name)) {
      check_left_out(e, file);
      continue;
    }
    const result found = read_whole(file);
    CHECK(found.value == e.value);
    CHECK(found.warnings.empty());
  }
}

TEST_CASE("metadata_chunks: each kind is written_with as its bytes, and nothing else with it") {
  for (const example& e : all_examples()) {
    INFO(e.name << ", " << name_of(e.format));
    const bytes file = written_with(e);
    CHECK(chunk_in(file, e.name) == chunk(e.name, e.data));
    CHECK(types_of(file) == types_of(file_with(e, chunk(e.name, e.data))));
  }
}

TEST_CASE("metadata_chunks: of a wrong length, a chunk is left out with a warning that names it") {
  for (const example& e : all_examples())
    for (std::size_t length = 0; length <= 40 && e.fixed_length != 0; ++length) {
      INFO(e.name << ", " << name_of(e.format) << ", length " << length);
      bytes data = e.data;
      data.resize(length);
      if (length != e.fixed_length) check_left_out(e, file_with(e, chunk(e.name, data)));
    }
}

TEST_CASE("metadata_chunks: behind the image, a chunk about pixels is left out with a warning") {
  for (const example& e : all_examples()) {
    INFO(e.name << ", " << name_of(e.format));
    const bytes file = file_with(e.format, {}, {}, chunk(e.name, e.data));
    const bool may_stand_there =
        e.name == "tIME" || e.name == "tEXt" || e.name == "iTXt" || e.name == "teSt" || e.name == "eXIf";
    if (!may_stand_there) check_left_out(e, file);
  }
}

TEST_CASE("metadata_chunks: the first of two counts, and the other is warned of") {
  for (const example& e : all_examples()) {
    INFO(e.name << ", " << name_of(e.format));
    const bytes once = chunk(e.name, e.data);
    const result found = read_whole(file_with(e, joined({once, once})));
    if (!libpng_reads(e.name)) continue;
    if (!e.only_once) {
      CHECK(found.warnings.empty());
      continue;
    }
    // libpng before 1.6.47 then trusts neither for what a colour is
    const bool trusts_neither = gauntlet_png_access_version_number() < 10647 &&
                                (e.value.gamma || e.value.chromaticities || e.value.srgb);
    CHECK(found.value == (trusts_neither ? metadata{} : e.value));
    REQUIRE(found.warnings.size() == 1);
    CHECK(found.warnings[0].chunk == e.name);
  }
}

// All that can be asked for is read from whatever comes: the sanitizers look on.
void check_ends(const example& e, const bytes& data) {
  const auto found = attempt<error>([&] { return read_whole(file_with(e, chunk(e.name, data))); });
  if (!found) {
    CHECK(found.error().chunk() == e.name);
    return;
  }
  for (const warning& warning : found->warnings) CHECK(warning.chunk == e.name);
  if (found->value == metadata{}) CHECK_FALSE(found->warnings.empty());
}

TEST_CASE("metadata_chunks: cut or lengthened anywhere, a chunk gives a value or a warning that names it") {
  for (const example& e : all_examples())
    for (std::size_t length = e.name == "teSt" ? 1 : 0; length <= e.data.size() + 20; ++length) {
      INFO(e.name << ", " << name_of(e.format) << ", length " << length);
      bytes data = e.data;
      data.resize(length);
      check_ends(e, data);
    }
}

TEST_CASE("metadata_chunks: with any byte another, a chunk gives a value or a warning that names it") {
  for (const example& e : all_examples())
    for (std::size_t at = 0; at < e.data.size(); ++at)
      for (const unsigned other : {0x00U, 0x01U, 0x20U, 0x7FU, 0x80U, 0xFFU}) {
        INFO(e.name << ", " << name_of(e.format) << ", byte " << at << " is " << other);
        bytes data = e.data;
        data[at] = static_cast<std::byte>(other);
        check_ends(e, data);
      }
}

}  // namespace
}  // namespace gauntlet::png::test
