#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <string>

#include "comparison.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

std::string refusal_to_start(const transforms& wanted) {
  return thrown_by<misuse>([&] { return decoder{owning_source(tiny_file())}.start(wanted); }).what();
}

std::vector<rgb> ramp(std::size_t size) {
  std::vector<rgb> colors;
  for (std::size_t i = 0; i < size; ++i)
    colors.push_back({static_cast<std::uint8_t>(i * 255 / size), static_cast<std::uint8_t>(i * 37 % 256),
                      static_cast<std::uint8_t>(255 - i * 255 / size)});
  return colors;
}

// Counts in no order, no two of them the same.
std::vector<std::uint16_t> counts(std::size_t size) {
  std::vector<std::uint16_t> found;
  for (std::size_t i = 0; i < size; ++i) found.push_back(static_cast<std::uint16_t>(1 + i * 89 % 257));
  return found;
}

TEST_CASE("quantize refuses what libpng could not do safely, each with its reason") {
  const auto refusal = [](const quantization& wanted) { return refusal_to_start({.quantize = wanted}); };
  CHECK(refusal({}).contains("quantize needs a palette of 1 to 256 colours"));
  CHECK(refusal({.palette = ramp(257)}).contains("quantize needs a palette of 1 to 256 colours"));
  CHECK(refusal({.palette = ramp(3), .maximum_colors = 0}).contains("quantize makes 1 to 256 colours"));
  CHECK(refusal({.palette = ramp(3), .maximum_colors = 257}).contains("quantize makes 1 to 256 colours"));
  CHECK(refusal({.palette = ramp(3), .maximum_colors = 2})
            .contains("to leave out colours, quantize needs a histogram: a count for each colour"));
  CHECK(refusal({.palette = ramp(3), .histogram = counts(2)})
            .contains("quantize has 3 colours, but 2 counts in its histogram"));
}

TEST_CASE("rgb rows are quantized as plain libpng does, whatever is left out") {
  const bytes file = encode(make_picture({color_type::rgb, 8}, 40, 5));
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{10}, std::size_t{256}})
    for (const std::size_t most : {std::size_t{1}, size / 4 + 1, size / 2 + 1, size, std::size_t{256}}) {
      INFO(size << " colours to " << most);
      const quantization wanted{.palette = ramp(size),
                                .maximum_colors = static_cast<std::uint16_t>(most),
                                .histogram = counts(size)};
      CHECK(difference_from_libpng(file, {.quantize = wanted}).empty());
    }
}

TEST_CASE("each index of quantized rgb rows is in the palette that the reader knows, and is the closest") {
  const image picture = make_picture({color_type::rgb, 8}, 200, 5);
  const bytes file = encode(picture);
  const quantization wanted{.palette = {{250, 250, 250}, {128, 128, 128}, {250, 0, 0}}};
  row_reader rows = decoder{memory_source(file)}.start(transforms{.quantize = wanted});
  CHECK(rows.header().color == color_type::palette);
  CHECK(rows.colors().palette == wanted.palette);
  const bytes indices = all_rows(std::move(rows));
  CHECK(std::ranges::all_of(indices, [](std::byte index) { return index < std::byte{3}; }));
  CHECK(std::ranges::count(indices, std::byte{1}) > 0);
}

TEST_CASE("expanded palette images and alpha are quantized as plain libpng does") {
  const transforms wanted{.flags = transform::expand, .quantize = quantization{.palette = ramp(16)}};
  for (const pixel_format format : all_formats) {
    INFO(name_of(format));
    const bytes file = encode(make_picture(format, 9, 3));
    CHECK(difference_from_libpng(file, wanted).empty());
  }
}

image palette_picture(const std::vector<rgb>& palette, std::span<const std::byte> indices) {
  image picture(header_of(static_cast<std::uint32_t>(indices.size()), 1, color_type::palette, 8),
                {.palette = palette, .alpha = {}, .transparent = {}});
  std::ranges::copy(indices, picture.pixels().begin());
  return picture;
}

bytes plte(const std::vector<rgb>& palette) {
  bytes data;
  for (const rgb& color : palette)
    for (const std::uint8_t value : {color.red, color.green, color.blue}) data.push_back(std::byte{value});
  return data;
}

TEST_CASE("indices beyond the palette stay inside of it") {
  bytes every(1);  // a filter, then each index that there is
  for (unsigned i = 0; i < 256; ++i) every.push_back(static_cast<std::byte>(i));
  const bytes file =
      joined({signature(), ihdr(256, 1, 8, 3), chunk("PLTE", plte(ramp(10))), idat(every), iend()});
  for (const std::size_t most : {std::size_t{1}, std::size_t{4}, std::size_t{10}, std::size_t{256}}) {
    INFO(most);
    const quantization wanted{.palette = ramp(10),
                              .maximum_colors = static_cast<std::uint16_t>(most),
                              .histogram = counts(10),
                              .full = false};
    row_reader rows = decoder{memory_source(file)}.start(transforms{.quantize = wanted});
    const std::size_t size = rows.colors().palette.size();
    CHECK(size == std::min(most, std::size_t{10}));
    const bytes found = all_rows(std::move(rows));
    CHECK(std::ranges::all_of(found, [&](std::byte b) { return std::to_integer<std::size_t>(b) < size; }));
  }
}

TEST_CASE("a palette image with fewer colours has each pixel as one of those that are left") {
  const std::vector<rgb> palette{{0, 0, 0}, {255, 255, 255}, {10, 10, 10}, {240, 240, 240}};
  const bytes indices{std::byte{0}, std::byte{1}, std::byte{2}, std::byte{3}};
  const quantization wanted{
      .palette = palette, .maximum_colors = 2, .histogram = {1, 2, 9, 8}, .full = false};
  const bytes file = encode(palette_picture(palette, indices));
  row_reader rows = decoder{memory_source(file)}.start(transforms{.quantize = wanted});
  const color_table colors = rows.colors();
  REQUIRE(colors.palette.size() == 2);
  const bytes found = all_rows(std::move(rows));
  for (std::size_t i = 0; i < 4; ++i) {
    INFO(i);
    const int was = palette[i].red;
    const int is = colors.palette.at(std::to_integer<std::size_t>(found[i])).red;
    CHECK(std::abs(was - is) < 20);
  }
}

TEST_CASE("rows that are not quantized keep their own palette") {
  const image picture = make_picture({color_type::palette, 4}, 9, 3);
  const bytes file = encode(picture);
  for (const bool full : {false, true}) {  // full: for rgb rows only; else for 8 bits only
    const quantization wanted{.palette = ramp(16), .full = full};
    row_reader rows = decoder{memory_source(file)}.start(transforms{.quantize = wanted});
    CHECK(rows.colors() == picture.colors());
    CHECK(same_bytes(all_rows(std::move(rows)), picture.pixels()));
  }
}

TEST_CASE("transforms that contradict each other are refused, each with its reason") {
  const background_fill fill;
  const alpha_handling joined{.how = alpha_handling::mode::associated};
  CHECK(refusal_to_start({.flags = transform::scale_16 | transform::strip_16})
            .contains("two ways to do one thing"));
  CHECK(refusal_to_start({.flags = transform::add_alpha, .filler = extra_channel{}})
            .contains("add_alpha and a filler are two ways to do one thing; choose one"));
  CHECK(refusal_to_start({.alpha = joined, .background = fill})
            .contains("a background leaves no alpha to handle; choose one of both"));
  CHECK(refusal_to_start({.shift = significant_bits{.alpha = 17}})
            .contains("a sample has at most 16 significant bits"));
  CHECK(refusal_to_start({.flags = static_cast<transform>(1U << 17)}).contains("there is no such transform"));
  CHECK_NOTHROW(
      decoder{owning_source(tiny_file())}.start(transforms{.alpha = alpha_handling{}, .background = fill}));
}

TEST_CASE("numbers that transforms cannot mean are refused") {
  const auto number = [](auto value) { return static_cast<decltype(value)>(99); };
  const std::string gammas = "a gamma, times 100,000, is 1,000 to 10,000,000";
  for (const std::int32_t gamma : {0, -3, 999, 10'000'001}) {
    CHECK(refusal_to_start({.gamma = gamma_correction{.screen = gamma}}).contains(gammas));
    CHECK(refusal_to_start({.gamma = gamma_correction{.file = gamma}}).contains(gammas));
    CHECK(refusal_to_start({.alpha = alpha_handling{.output_gamma = gamma}}).contains(gammas));
    CHECK(refusal_to_start(
              {.background = background_fill{.of = background_fill::gamma::unique, .unique_gamma = gamma}})
              .contains(gammas));
  }
  CHECK(refusal_to_start({.alpha = alpha_handling{.how = number(alpha_handling::mode{})}})
            .contains("alpha is straight (0), associated (1), optimized (2) or broken (3)"));
  CHECK(refusal_to_start({.background = background_fill{.of = number(background_fill::gamma{})}})
            .contains("a background's gamma is the screen's, the file's, or its own"));
  CHECK(refusal_to_start({.rgb_to_gray = gray_conversion{.action = number(gray_conversion::on_color{})}})
            .contains("a colour is ignored (1), warned of (2) or an error (3)"));
}

TEST_CASE("transforms of a reader are refused of a writer") {
  const image picture = make_picture({color_type::gray, 8}, 2, 2);
  for (const transform one : {transform::expand, transform::add_alpha, transform::strip_alpha}) {
    const misuse told = thrown_by<misuse>([&] { return encode(picture, {.transforms = {.flags = one}}); });
    CHECK(std::string(told.what()).contains("some are for reading only; see png::write_transforms"));
  }
}

}  // namespace
}  // namespace gauntlet::png::test
