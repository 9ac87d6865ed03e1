#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "comparison.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

std::byte inverted(std::byte sample) { return sample ^ std::byte{0xFF}; }

void invert(const row_info& info, std::span<std::byte> row) {
  std::ranges::transform(row.first(info.row_bytes), row.begin(), inverted);
}

bytes inverted(std::span<const std::byte> pixels) {
  bytes changed(pixels.size());
  std::ranges::transform(pixels, changed.begin(), [](std::byte b) { return inverted(b); });
  return changed;
}

TEST_CASE("a user transform changes each row, interlaced or not, and sees it as it is") {
  const image picture = make_picture({color_type::rgb, 8}, 9, 7);
  for (const bool interlaced : {false, true}) {
    const bytes file = encode(picture, {.interlaced = interlaced});
    std::size_t pixels = 0;
    const user_transform seeing{.change = [&](const row_info& info, std::span<std::byte> row) {
      CHECK(info.bit_depth == 8);
      CHECK(info.channels == 3);
      CHECK(info.row_bytes == std::size_t{3} * info.width);
      CHECK(row.size() == info.row_bytes);
      pixels += info.width;
      invert(info, row);
    }};
    const bytes rows = all_rows(decoder{memory_source(file)}.start(transforms{.user = seeing}));
    CHECK(same_bytes(rows, inverted(picture.pixels())));
    CHECK(pixels == 9 * 7);
  }
}

TEST_CASE("a user transform runs after all others") {
  const bytes file = encode(make_picture({color_type::palette, 2}, 9, 2));
  const user_transform seeing{.change = [](const row_info& info, std::span<std::byte> row) {
    CHECK(info.channels == 4);
    std::ranges::fill(row, std::byte{7});
  }};
  const transforms wanted{.flags = transform::expand | transform::add_alpha, .user = seeing};
  CHECK(all_rows(decoder{memory_source(file)}.start(wanted)) == bytes(9 * 2 * 4, std::byte{7}));
}

// Gray of 8 bits to four channels of `depth` bits, all ones.
transforms widening(std::uint8_t depth, std::uint8_t channels) {
  return {.user = user_transform{
              .change = [](const row_info&,
                           std::span<std::byte> row) { std::ranges::fill(row, std::byte{0xFF}); },
              .bit_depth = depth,
              .channels = channels}};
}

TEST_CASE("a user transform may make larger and smaller pixels: there is room, and the header says so") {
  for (const bool interlaced : {false, true})
    for (const pixel_format format : all_formats)
      for (const auto& [depth, channels] :
           {std::pair{16, 4}, {16, 1}, {8, 4}, {8, 3}, {8, 1}, {4, 4}, {4, 1}, {2, 4}, {1, 4}, {1, 1}}) {
        INFO(name_of(format) << " to " << channels << " of " << depth);
        const bytes file = encode(make_picture(format, 67, 3), {.interlaced = interlaced});
        row_reader rows = decoder{memory_source(file)}.start(
            widening(static_cast<std::uint8_t>(depth), static_cast<std::uint8_t>(channels)));
        CHECK(rows.header().bit_depth == depth);
        CHECK(rows.header().channels == channels);
        const std::size_t bits = std::size_t{67} * static_cast<unsigned>(depth * channels);
        CHECK(rows.header().row_bytes == (bits + 7) / 8);
        const bytes found = all_rows(std::move(rows));
        CHECK(found[bits / 8 - 1] == std::byte{0xFF});
      }
}

TEST_CASE("a user transform that says only half of what it makes is refused") {
  const std::string advice = "says both their bit_depth and their channels";
  for (const auto& half : {widening(0, 4), widening(16, 0)})
    CHECK(refusal_of([&] { decoder{owning_source(tiny_file())}.start(half); }).contains(advice));
}

TEST_CASE("a user transform cannot make pixels that libpng has no place for") {
  const auto refusal = [](std::uint8_t depth, std::uint8_t channels) {
    return refusal_of([&] { decoder{owning_source(tiny_file())}.start(widening(depth, channels)); });
  };
  for (const std::uint8_t depth : std::array<std::uint8_t, 4>{3, 7, 12, 32})
    CHECK(refusal(depth, 1).contains("a transform makes 1 to 4 channels of 1, 2, 4, 8 or 16 bits"));
  CHECK(refusal(8, 5).contains("a transform makes 1 to 4 channels"));
  CHECK(refusal(1, 3).contains("a transform's pixels have 1, 2 or 4 bits, or whole bytes"));
  CHECK(refusal(2, 3).contains("a transform's pixels have 1, 2 or 4 bits, or whole bytes"));
  CHECK(refusal(4, 3).contains("a transform's pixels have 1, 2 or 4 bits, or whole bytes"));
}

TEST_CASE("a user transform without a function is refused, reading and writing") {
  const std::string advice = "a user transform needs its function `change`";
  CHECK(refusal_of([] {
          decoder{owning_source(tiny_file())}.start(transforms{.user = user_transform{}});
        }).contains(advice));
  const image picture = make_picture({color_type::gray, 8}, 2, 2);
  CHECK(refusal_of([&] { encode(picture, {.transforms = {.user = user_transform{}}}); }).contains(advice));
  CHECK(refusal_of([&] {
          encode(picture, {.transforms = {.user = user_transform{.change = invert, .channels = 2}}});
        }).contains("of a writer cannot change a row's depth or channels"));
}

TEST_CASE("what a user transform throws comes out as itself, reading") {
  for (const bool interlaced : {false, true}) {
    const bytes file = encode(make_picture({color_type::gray, 8}, 3, 9), {.interlaced = interlaced});
    const auto planned = std::make_exception_ptr(planned_failure());
    int calls = 0;
    const user_transform failing{.change = [&](const row_info&, std::span<std::byte>) {
      if (++calls == 4) std::rethrow_exception(planned);
    }};
    row_reader rows = decoder{memory_source(file)}.start(transforms{.user = failing});
    CHECK(anything_thrown_by([&] {
            while (rows.next()) {
            }
            return 0;
          }) == planned);
    CHECK(calls == 4);
    CHECK(refusal_of([&] { rows.next(); }).contains("has failed before"));
  }
}

TEST_CASE("a user transform of a writer changes rows before they are written, and may throw") {
  const image picture = make_picture({color_type::rgb, 8}, 5, 4);
  for (const bool interlaced : {false, true}) {
    const encode_options options{.interlaced = interlaced,
                                 .transforms = {.user = user_transform{.change = invert}}};
    CHECK(same_bytes(decode(encode(picture, options)).pixels(), inverted(picture.pixels())));

    const auto planned = std::make_exception_ptr(planned_failure());
    int calls = 0;
    const user_transform failing{.change = [&](const row_info&, std::span<std::byte>) {
      if (++calls == 3) std::rethrow_exception(planned);
    }};
    CHECK(anything_thrown_by([&] {
            return encode(picture, {.interlaced = interlaced, .transforms = {.user = failing}});
          }) == planned);
  }
}

}  // namespace
}  // namespace gauntlet::png::test
