#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <string>
#include <utility>

#include "comparison.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

constexpr std::uint32_t height = 3;

// Rows as long as these transforms want them.
bytes noise(std::size_t size) {
  bytes rows(size);
  std::minstd_rand random(7);
  for (std::byte& b : rows) b = static_cast<std::byte>((random() >> 8) & 255);
  return rows;
}

bytes row_by_row(const image& like, const encode_options& options, std::size_t& row_bytes, bytes& rows) {
  encoder to{memory_sink{}, like.header(), options, like.colors()};
  row_bytes = to.row_bytes();
  rows = noise(row_bytes * height);
  for (int pass = 0; pass < to.passes(); ++pass)
    for (std::size_t y = 0; y < height; ++y) to.write_row(std::span(rows).subspan(y * row_bytes, row_bytes));
  return std::move(to).finish().take();
}

bytes by_libpng(const image& like, const encode_options& options, std::size_t row_bytes, const bytes& rows) {
  transforms same{.flags = options.transforms.flags,
                  .filler = options.transforms.filler,
                  .shift = options.transforms.shift};
  if (!like.colors().palette.empty()) same.quantize = quantization{.palette = like.colors().palette};
  const reference_settings settings = settings_of(same);
  const header& header = like.header();
  const reference_header raw{.width = header.width,
                             .height = header.height,
                             .bit_depth = header.bit_depth,
                             .color_type = static_cast<int>(header.color),
                             .interlaced = options.interlaced ? 1 : 0,
                             .channels = header.channels,
                             .row_bytes = row_bytes};
  bytes out(65536);
  out.resize(reference_encode(&raw, &settings, reinterpret_cast<const unsigned char*>(rows.data()),
                              reinterpret_cast<unsigned char*>(out.data())));
  return out;
}

// The same file, or plain libpng cannot do it either (with a filler of gray images below 8 bits, say).
bool same_as_libpng(const image& like, const encode_options& options) {
  std::size_t row_bytes = 0;
  bytes rows;
  const auto ours = attempt<error>([&] { return row_by_row(like, options, row_bytes, rows); });
  if (!ours) return by_libpng(like, options, 4096, noise(4096 * height)).empty();
  return *ours == by_libpng(like, options, row_bytes, rows);
}

void check(const write_transforms& wanted) {
  for (const pixel_format format : all_formats)
    for (const bool interlaced : {false, true}) {
      INFO(name_of(format) << (interlaced ? " interlaced" : ""));
      CHECK(
          same_as_libpng(make_picture(format, 9, height), {.interlaced = interlaced, .transforms = wanted}));
    }
}

TEST_CASE("each transform of a writer, and each two, give the file that plain libpng writes") {
  constexpr std::array<transform, 7> all{
      transform::packing,    transform::packswap,     transform::swap,       transform::bgr,
      transform::swap_alpha, transform::invert_alpha, transform::invert_mono};
  for (const transform one : all)
    for (const transform other : all) {
      INFO(static_cast<unsigned>(one) << " and " << static_cast<unsigned>(other));
      check({.flags = one | other});
    }
}

TEST_CASE("a filler before and behind the colours is left out as plain libpng does") {
  for (const auto place : {extra_channel::place::before, extra_channel::place::after})
    check({.filler = extra_channel{.stands = place}});
  check({.flags = transform::bgr | transform::swap, .filler = extra_channel{}});
}

TEST_CASE("rows with a filler are a channel longer, packed ones a byte for each pixel") {
  const auto row_bytes = [](pixel_format format, const write_transforms& wanted) {
    const encoder to{memory_sink{}, header_of(9, 1, format.color, format.bit_depth), {.transforms = wanted}};
    return to.row_bytes();
  };
  CHECK(row_bytes({color_type::rgb, 8}, {.filler = extra_channel{}}) == 36);
  CHECK(row_bytes({color_type::gray, 16}, {.filler = extra_channel{}}) == 36);
  CHECK(row_bytes({color_type::gray, 1}, {.flags = transform::packing}) == 9);
  CHECK(row_bytes({color_type::gray, 8}, {.flags = transform::packing}) == 9);
  CHECK(row_bytes({color_type::rgba, 8}, {.flags = transform::packing}) == 36);
}

TEST_CASE("samples are shifted up from their true bits as plain libpng does") {
  for (const unsigned bits : {1U, 2U, 3U, 5U, 8U, 11U, 16U})
    for (const pixel_format format : all_formats) {
      if (bits > format.bit_depth) continue;
      INFO(name_of(format) << " from " << bits);
      const auto all = static_cast<std::uint8_t>(bits);
      const write_transforms wanted{.shift = significant_bits{all, all, all, all, all}};
      CHECK(same_as_libpng(make_picture(format, 9, height), {.transforms = wanted}));
    }
}

TEST_CASE("true bits that a channel cannot have are refused: libpng would not come to an end") {
  const auto refusal = [](pixel_format format, significant_bits bits) {
    const misuse told = thrown_by<misuse>(
        [&] { return encode(make_picture(format, 2, 2), {.transforms = {.shift = bits}}); });
    return std::string(told.what());
  };
  const std::string advice = "each channel that is shifted up has 1 true bit to all of them";
  CHECK(refusal({color_type::gray, 8}, {5, 5, 5, 0, 5}).contains(advice));
  CHECK(refusal({color_type::gray, 4}, {5, 5, 5, 5, 5}).contains(advice));
  CHECK(refusal({color_type::rgb, 8}, {0, 5, 5, 5, 5}).contains(advice));
  CHECK(refusal({color_type::rgb, 8}, {5, 0, 5, 5, 5}).contains(advice));
  CHECK(refusal({color_type::rgb, 8}, {5, 5, 9, 5, 5}).contains(advice));
  CHECK(refusal({color_type::rgba, 8}, {5, 5, 5, 5, 0}).contains(advice));
  CHECK(refusal({color_type::gray_alpha, 8}, {5, 5, 5, 5, 0}).contains(advice));
  CHECK_NOTHROW(
      encode(make_picture({color_type::palette, 8}, 2, 2), {.transforms = {.shift = significant_bits{}}}));
}

TEST_CASE("whole images may be given with transforms, and are refused if they are too short for them") {
  const image gray = make_picture({color_type::gray, 8}, 4, height);
  const bytes pairs = noise(std::size_t{4} * 2 * height);
  image_view view = gray;
  view.pixels = pairs;
  view.stride = 0;
  const encode_options with_filler{.transforms = {.filler = extra_channel{}}};
  const image back = decode(encode(view, with_filler));
  for (std::size_t i = 0; i < back.pixels().size(); ++i) CHECK(back.pixels()[i] == pairs[2 * i]);
  view.pixels = std::span(pairs).first(pairs.size() - 1);
  CHECK(std::string(thrown_by<misuse>([&] { return encode(view, with_filler); }).what())
            .contains("23 bytes of pixels do not hold 3 rows of 8 bytes, 8 apart"));

  const image bits = make_picture({color_type::gray, 1}, 9, height);
  const encode_options packed{.transforms = {.flags = transform::packing}};
  CHECK(std::string(thrown_by<misuse>([&] { return encode(bits, packed); }).what())
            .contains("a row has 9 bytes"));
}

}  // namespace
}  // namespace gauntlet::png::test
