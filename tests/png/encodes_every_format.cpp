#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

// Sizes 1 to 9 in both directions meet every case of Adam7: passes without any pixel, and the first row or
// column of each.
constexpr std::uint32_t largest = 9;

bool comes_back(const image& picture, const encode_options& options) {
  const bytes file = encode(picture, options);
  const image ours = decode(file);
  const reference_ptr raw = reference(file);
  return same_pixels(picture, ours) && ours.colors() == picture.colors() && raw->failed == 0 &&
         raw->warnings == 0 && (raw->file.interlaced != 0) == options.interlaced &&
         same_bytes(pixels_of(*raw), picture.pixels());
}

void check_all_sizes(bool interlaced) {
  for (const pixel_format format : all_formats)
    for (std::uint32_t width = 1; width <= largest; ++width)
      for (std::uint32_t height = 1; height <= largest; ++height) {
        INFO(name_of(format) << ", " << width << 'x' << height);
        const image picture = make_picture(format, width, height, width * 16 + height);
        if (!comes_back(picture, {.level = 1, .interlaced = interlaced}))
          FAIL_CHECK("other pixels came back");
      }
}

TEST_CASE("every format and size comes back as it was, for us and for plain libpng") {
  check_all_sizes(false);
}

TEST_CASE("every format and size comes back as it was when interlaced") { check_all_sizes(true); }

TEST_CASE("every compression level gives the same pixels") {
  const image picture = make_picture({color_type::rgb, 8}, 40, 30);
  for (int level = -1; level <= 9; ++level) {
    INFO("level " << level);
    CHECK(same_pixels(picture, decode(encode(picture, {.level = level}))));
  }
}

TEST_CASE("a higher level makes a smaller file of what can be compressed") {
  image picture = make_picture({color_type::gray, 8}, 100, 100);
  std::ranges::fill(picture.pixels(), std::byte{7});
  CHECK(encode(picture, {.level = 9}).size() < encode(picture, {.level = 0}).size());
}

TEST_CASE("a palette keeps its colours and its alphas") {
  image picture = make_picture({color_type::palette, 4}, 5, 3);
  color_table colors{.palette = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}, .alpha = {0, 128}, .transparent = {}};
  std::ranges::fill(picture.pixels(), std::byte{0x12});
  const image_view view{.width = 5,
                        .height = 3,
                        .color = color_type::palette,
                        .bit_depth = 4,
                        .pixels = picture.pixels(),
                        .stride = 0,
                        .colors = &colors};
  const bytes file = encode(view);
  CHECK(decode(file).colors() == colors);
  CHECK(decoder{memory_source(file)}.colors() == colors);

  const image rgba = decode(file, {.format = format::rgba8});
  const bytes first_two{std::byte{4}, std::byte{5}, std::byte{6}, std::byte{128},
                        std::byte{7}, std::byte{8}, std::byte{9}, std::byte{255}};
  CHECK(std::ranges::equal(rgba.row(0).first(8), first_two));
  CHECK(rgba.colors() == color_table{});  // the pixels have it in themselves now
}

TEST_CASE("a transparent colour of a gray image comes back, and makes its pixels transparent") {
  image picture = make_picture({color_type::gray, 8}, 2, 1);
  picture.row(0)[0] = std::byte{9};
  picture.row(0)[1] = std::byte{200};
  const color_table colors{.palette = {}, .alpha = {}, .transparent = transparent_color{200, 200, 200}};
  image_view view = picture;
  view.colors = &colors;
  const bytes file = encode(view);
  CHECK(decode(file).colors() == colors);
  const image rgba = decode(file, {.format = format::rgba8});
  const bytes expected{std::byte{9},   std::byte{9},   std::byte{9},   std::byte{255},
                       std::byte{200}, std::byte{200}, std::byte{200}, std::byte{0}};
  CHECK(std::ranges::equal(rgba.row(0), expected));
}

TEST_CASE("a transparent colour of an rgb image comes back in 16 bits") {
  const image picture = make_picture({color_type::rgb, 16}, 3, 3);
  const color_table colors{.palette = {}, .alpha = {}, .transparent = transparent_color{65535, 1, 256}};
  image_view view = picture;
  view.colors = &colors;
  CHECK(decode(encode(view)).colors() == colors);
}

TEST_CASE("rows that stand apart in memory are written without what is between them") {
  const image whole = make_picture({color_type::rgb, 8}, 10, 6);
  const image_view part{.width = 4,
                        .height = 6,
                        .color = color_type::rgb,
                        .bit_depth = 8,
                        .pixels = whole.pixels().subspan(6, whole.pixels().size() - 6 - 12),
                        .stride = whole.stride()};
  const image back = decode(encode(part));
  for (std::uint32_t y = 0; y < 6; ++y) {
    INFO("row " << y);
    CHECK(std::ranges::equal(back.row(y), whole.row(y).subspan(6, 12)));
  }
}

TEST_CASE("the last row needs no bytes behind its last pixel, however wide the stride") {
  const bytes pixels(10 + 3, std::byte{5});
  const image_view view{
      .width = 3, .height = 2, .color = color_type::gray, .bit_depth = 8, .pixels = pixels, .stride = 10};
  CHECK(decode(encode(view)).pixels().size() == 6);
}

TEST_CASE("a decoded image can be encoded as it is") {
  for (const pixel_format format : all_formats) {
    INFO(name_of(format));
    const image picture = make_picture(format, 7, 5);
    CHECK(same_pixels(decode(encode(decode(encode(picture)))), picture));
  }
}

TEST_CASE("bits of a row's last byte that no pixel uses are 0, in rows and in images") {
  for (const pixel_format format : all_formats) {
    if (format.bit_depth >= 8) continue;
    INFO(name_of(format));
    const std::uint32_t width = 8U / format.bit_depth + 1;  // one pixel in the last byte
    image picture = make_picture(format, width, 4);
    for (std::uint32_t y = 0; y < 4; ++y)
      picture.row(y).back() |= static_cast<std::byte>(0xFF >> format.bit_depth);
    for (const bool interlaced : {false, true}) {
      const bytes file = encode(picture, {.interlaced = interlaced});
      const auto used = static_cast<std::byte>((0xFF00U >> format.bit_depth) & 0xFF);
      const image decoded = decode(file);
      for (std::uint32_t y = 0; y < 4; ++y) CHECK((decoded.row(y).back() & ~used) == std::byte{0});
      row_reader rows = decoder{memory_source(file)}.start();
      for (const auto row : rows) CHECK((row.back() & ~used) == std::byte{0});
    }
  }
}

}  // namespace
}  // namespace gauntlet::png::test
