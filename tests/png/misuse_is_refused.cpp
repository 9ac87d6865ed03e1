#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <source_location>
#include <string>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

// ---- reading

TEST_CASE("a decoder that was moved from says so, whatever is asked of it") {
  decoder first{owning_source(tiny_file())};
  const decoder second = std::move(first);
  const std::string advice = "moved from or used up; use the one it went to";
  // NOLINTBEGIN(bugprone-use-after-move): it is what is tested
  CHECK(refusal_of([&] { first.header(); }).contains(advice));
  CHECK(refusal_of([&] { first.colors(); }).contains(advice));
  CHECK(refusal_of([&] { first.metadata(); }).contains(advice));
  CHECK(refusal_of([&] { first.warnings(); }).contains(advice));
  CHECK(refusal_of([&] { std::move(first).start(); }).contains(advice));
  CHECK(refusal_of([&] { std::move(first).read_image(); }).contains(advice));
  // NOLINTEND(bugprone-use-after-move)
  CHECK(second.header().width == 2);
}

TEST_CASE("a decoder is used up by start and by read_image, also when they throw") {
  // NOLINTBEGIN(bugprone-use-after-move)
  decoder started{owning_source(tiny_file())};
  std::move(started).start();
  CHECK(refusal_of([&] { started.header(); }).contains("used up"));
  decoder read{owning_source(tiny_file())};
  std::move(read).read_image();
  CHECK(refusal_of([&] { read.header(); }).contains("used up"));
  decoder refused{owning_source(tiny_file())};
  refusal_of([&] { std::move(refused).start(transform::strip_16 | transform::scale_16); });
  CHECK(refusal_of([&] { refused.header(); }).contains("used up"));
  // NOLINTEND(bugprone-use-after-move)
}

TEST_CASE("a row reader that was moved from says so, whatever is asked of it") {
  row_reader first = decoder{owning_source(tiny_file())}.start();
  row_reader second = std::move(first);
  const std::string advice = "moved from or used up; use the one it went to";
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK(refusal_of([&] { first.header(); }).contains(advice));
  CHECK(refusal_of([&] { first.colors(); }).contains(advice));
  CHECK(refusal_of([&] { first.metadata(); }).contains(advice));
  CHECK(refusal_of([&] { first.warnings(); }).contains(advice));
  CHECK(refusal_of([&] { first.next(); }).contains(advice));
  CHECK(refusal_of([&] { first.begin(); }).contains(advice));
  // NOLINTEND(bugprone-use-after-move)
  CHECK(second.next().has_value());
}

TEST_CASE("misuse names the call and the place of the caller") {
  decoder first{owning_source(tiny_file())};
  const decoder second = std::move(first);
  const auto here = std::source_location::current();
  const misuse told = thrown_by<misuse>([&] { return first.header(); });
  CHECK(told.operation() == "png header()");
  CHECK(told.where().line() == here.line() + 1);
  CHECK(std::string(told.what()).contains("misuse_is_refused.cpp:"));
}

TEST_CASE("a row reader that has failed says to make a new one") {
  bytes file = tiny_file();
  file.resize(file.size() - 20);
  row_reader rows = decoder{memory_source(file)}.start();
  CHECK_THROWS_AS(
      [&] {
        while (rows.next()) {
        }
      }(),
      error);
  CHECK(refusal_of([&] { rows.next(); }).contains("this decoder has failed before; make a new one"));
  CHECK(refusal_of([&] { rows.begin(); }).contains("make a new one"));
}

TEST_CASE("after the last row there is none, however often it is asked") {
  for (const bool interlaced : {false, true}) {
    const bytes file = encode(make_picture({color_type::gray, 8}, 3, 4), {.interlaced = interlaced});
    row_reader rows = decoder{memory_source(file)}.start();
    for (int i = 0; i < 4; ++i) CHECK(rows.next().has_value());
    for (int i = 0; i < 3; ++i) CHECK_FALSE(rows.next().has_value());
    CHECK(rows.begin() == rows.end());
  }
}

TEST_CASE("an iterator at the end gives no row") {
  row_reader rows = decoder{owning_source(tiny_file())}.start();
  auto at = rows.begin();
  while (at != rows.end()) ++at;
  CHECK(refusal_of([&] { *at; }).contains("there is no row"));
  ++at;
  CHECK(at == rows.end());
}

TEST_CASE("scale_16 and strip_16 together are refused") {
  CHECK(refusal_of([] {
          decoder{owning_source(tiny_file())}.start(transform::scale_16 | transform::strip_16);
        }).contains("scale_16 and strip_16 are two ways to do one thing; choose one"));
}

TEST_CASE("a format that does not exist is refused") {
  CHECK(refusal_of([] {
          decode(tiny_file(), {.format = static_cast<format>(99)});
        }).contains("no such format"));
}

TEST_CASE("a file source that was moved from says so") {
  const temporary_folder folder;
  write_file(folder / "in.png", tiny_file());
  file_source first(folder / "in.png");
  file_source second = std::move(first);
  bytes room(8);
  CHECK(refusal_of([&] {
          first.read(room);
        }).contains("use the one it went to"));  // NOLINT(bugprone-use-after-move)
  CHECK(second.read(room) == 8);
}

TEST_CASE("a file source can be moved in the middle of a file") {
  const temporary_folder folder;
  write_file(folder / "file", to_bytes("0123456789"));
  file_source first(folder / "file");
  bytes room(4);
  CHECK(first.read(room) == 4);
  file_source second = std::move(first);
  CHECK(second.read(room) == 4);
  CHECK(room == to_bytes("4567"));
  CHECK(second.name() == (folder / "file").string());
}

// ---- images

TEST_CASE("an image that was moved from has no pixels and cannot be encoded") {
  image first = make_picture({color_type::palette, 8}, 3, 2);
  const image second = std::move(first);
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK(first.width() == 0);
  CHECK(first.pixels().empty());
  CHECK(refusal_of([&] { first.row(0); }).contains("row 0 of an image with 0 rows"));
  CHECK(refusal_of([&] { encode(first); }).contains("an image has at least one pixel"));
  // NOLINTEND(bugprone-use-after-move)
  CHECK(second.colors().palette.size() == 256);
}

TEST_CASE("an image moved to itself is what it was") {
  image picture = make_picture({color_type::palette, 8}, 3, 2);
  const bytes before(picture.pixels().begin(), picture.pixels().end());
  image& same = picture;
  picture = std::move(same);
  CHECK(picture.colors().palette.size() == 256);
  CHECK(bytes(picture.pixels().begin(), picture.pixels().end()) == before);
}

TEST_CASE("a row that an image does not have is refused with both numbers") {
  image picture = make_picture({color_type::gray, 8}, 3, 2);
  CHECK(refusal_of([&] { picture.row(2); }).contains("row 2 of an image with 2 rows"));
  CHECK(refusal_of([&] { std::as_const(picture).row(~std::uint32_t{0}); }).contains("row 4294967295"));
  CHECK(picture.row(1).size() == 3);
}

TEST_CASE("an image larger than memory can be is refused before anything is allocated") {
  const header huge{.width = 1, .height = 3, .row_bytes = std::numeric_limits<std::size_t>::max() / 2};
  CHECK(refusal_of([&] { image{huge}; }).contains("larger than memory can be"));
}

// ---- writing

constexpr color_type all_colors[] = {color_type::gray, color_type::rgb, color_type::palette,
                                     color_type::gray_alpha, color_type::rgba};

TEST_CASE("bit depths that PNG does not have are refused, and none that it has") {
  int refused = 0;
  int accepted = 0;
  for (const color_type color : all_colors)
    for (unsigned depth = 0; depth <= 17; ++depth) {
      try {
        header_of(1, 1, color, static_cast<std::uint8_t>(depth));
        ++accepted;
      } catch (const misuse& told) {
        CHECK(std::string(told.what()).contains("PNG has no images of color type "));
        CHECK(std::string(told.what()).contains("with " + std::to_string(depth) + " bits per sample"));
        ++refused;
      }
    }
  CHECK(accepted == 15);
  CHECK(refused == 5 * 18 - 15);
  CHECK(refusal_of([] { header_of(1, 1, static_cast<color_type>(5), 8); }).contains("color type 5"));
}

struct rgb_view {
  bytes pixels = bytes(12, std::byte{1});
  image_view view{.width = 2, .height = 2, .color = color_type::rgb, .bit_depth = 8, .pixels = pixels};
};

TEST_CASE("an image without a pixel is refused") {
  rgb_view given;
  given.view.width = 0;
  CHECK(refusal_of([&] { encode(given.view); }).contains("an image has at least one pixel"));
  given.view.width = 2;
  given.view.height = 0;
  CHECK(refusal_of([&] { encode(given.view); }).contains("an image has at least one pixel"));
}

TEST_CASE("pixels that are shorter than their rows are refused with the numbers") {
  rgb_view given;
  given.view.pixels = given.view.pixels.first(11);
  CHECK(refusal_of([&] {
          encode(given.view);
        }).contains("11 bytes of pixels do not hold 2 rows of 6 bytes, 6 apart"));
  given.view.pixels = {};
  CHECK(refusal_of([&] { encode(given.view); }).contains("0 bytes of pixels do not hold"));
  given.view.pixels = given.pixels;
  given.view.stride = 7;
  CHECK(refusal_of([&] {
          encode(given.view);
        }).contains("12 bytes of pixels do not hold 2 rows of 6 bytes, 7 apart"));
}

TEST_CASE("pixels that would be enough only if a product wrapped around are refused") {
  rgb_view given;
  given.view.height = 0xFFFFFFFF;
  given.view.stride = std::ptrdiff_t{1} << 62;  // times 4294967294 is beyond 64 bits
  CHECK(refusal_of([&] { encode(given.view); }).contains("do not hold 4294967295 rows"));
}

TEST_CASE("a stride that is shorter than a row is refused with both numbers") {
  rgb_view given;
  given.view.stride = 5;
  CHECK(refusal_of([&] { encode(given.view); }).contains("the stride is 5, but a row has 6 bytes"));
}

struct palette_view {
  bytes pixels = bytes(2);
  color_table colors{.palette = {{1, 2, 3}, {4, 5, 6}}, .alpha = {}, .transparent = {}};
  image_view view{.width = 2,
                  .height = 2,
                  .color = color_type::palette,
                  .bit_depth = 1,
                  .pixels = pixels,
                  .stride = 0,
                  .colors = &colors};
};

TEST_CASE("a palette image without a palette is refused") {
  palette_view given;
  given.view.colors = nullptr;
  CHECK(refusal_of([&] { encode(given.view); }).contains("a palette image needs colors with a palette"));
  const color_table none;
  given.view.colors = &none;
  CHECK(refusal_of([&] { encode(given.view); }).contains("a palette image needs colors with a palette"));
}

TEST_CASE("a palette larger than its indices reach is refused") {
  palette_view given;
  given.colors.palette.push_back({7, 8, 9});
  CHECK(refusal_of([&] {
          encode(given.view);
        }).contains("a palette of 3 colours is too large for 1 bits per sample"));
  given.colors.palette.resize(257);
  given.view.bit_depth = 8;
  given.view.width = 1;
  CHECK(refusal_of([&] {
          encode(given.view);
        }).contains("a palette of 257 colours is too large for 8 bits per sample"));
}

TEST_CASE("more alphas than colours are refused") {
  palette_view given;
  given.colors.alpha = {1, 2, 3};
  CHECK(refusal_of([&] { encode(given.view); }).contains("there are more alphas than palette colours"));
  given.colors.alpha = std::vector<std::uint8_t>(300);
  CHECK(refusal_of([&] { encode(given.view); }).contains("there are more alphas than palette colours"));
  rgb_view other;
  other.view.colors = &given.colors;
  CHECK(refusal_of([&] { encode(other.view); }).contains("there are more alphas than palette colours"));
}

TEST_CASE("a palette is refused where there is gray") {
  const color_table palette{.palette = {{1, 2, 3}}, .alpha = {}, .transparent = {}};
  image gray = make_picture({color_type::gray, 8}, 2, 2);
  image_view view = gray;
  view.colors = &palette;
  CHECK(refusal_of([&] { encode(view); }).contains("a gray image has no palette"));
}

TEST_CASE("an rgb image may suggest a palette, which comes back") {
  image picture = make_picture({color_type::rgb, 8}, 2, 2);
  const color_table palette{.palette = {{1, 2, 3}, {4, 5, 6}}, .alpha = {}, .transparent = {}};
  image_view view = picture;
  view.colors = &palette;
  CHECK(decode(encode(view)).colors() == palette);
}

TEST_CASE("a transparent colour is refused where there is alpha or a palette") {
  const color_table colors{.palette = {{1, 2, 3}}, .alpha = {}, .transparent = transparent_color{}};
  for (const color_type color : {color_type::gray_alpha, color_type::rgba, color_type::palette}) {
    image picture = make_picture({color, 8}, 2, 2);
    image_view view = picture;
    view.colors = &colors;
    CHECK(
        refusal_of([&] { encode(view); }).contains("only gray and rgb images can have a transparent colour"));
  }
}

TEST_CASE("a compression level that zlib does not have is refused") {
  const rgb_view given;
  for (const int level : {-2, 10, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()})
    CHECK(refusal_of([&] {
            encode(given.view, {.level = level});
          }).contains("a compression level is -1, or 0 to 9"));
}

std::string refusal_of_text(const text& text) {
  const rgb_view given;
  metadata metadata;
  metadata.texts.push_back(text);
  return refusal_of([&] { encode(given.view, {.metadata = metadata}); });
}

TEST_CASE("texts that PNG cannot hold are refused") {
  CHECK(refusal_of_text({.key = "", .value = "x"}).contains("a text's key has 1 to 79 printable characters"));
  CHECK(refusal_of_text({.key = std::string(80, 'k'), .value = "x"})
            .contains("a text's key has 1 to 79 printable characters"));
  const std::string with_zero("a\0b", 3);
  CHECK(refusal_of_text({.key = with_zero, .value = "x"}).contains("has a 0 byte, which PNG cannot hold"));
  CHECK(refusal_of_text({.key = "Key", .value = with_zero}).contains("the text 'Key' has a 0 byte"));
  CHECK(refusal_of_text({.key = "Key", .value = "x", .international = true, .language = with_zero})
            .contains("has a 0 byte"));
  CHECK(refusal_of_text(
            {.key = "Key", .value = "x", .international = true, .language = "", .translated_key = with_zero})
            .contains("has a 0 byte"));
  CHECK(refusal_of_text({.key = "Key", .value = "x", .language = "en"})
            .contains("the text 'Key' has a language, so it must be international"));
}

TEST_CASE("a gamma that PNG cannot hold is refused") {
  const rgb_view given;
  for (const std::uint32_t gamma : {0U, 0x80000000U, 0xFFFFFFFFU}) {
    metadata metadata;
    metadata.gamma = gamma;
    CHECK(refusal_of([&] {
            encode(given.view, {.metadata = metadata});
          }).contains("a gamma is more than 0 and fits into 31 bits"));
  }
}

TEST_CASE("what is refused has written nothing") {
  failing_sink sink{0, nullptr};
  rgb_view given;
  given.view.stride = 5;
  CHECK_THROWS_AS(encode_to(sink, given.view), misuse);
  CHECK(sink.calls == 0);
}

// ---- files

TEST_CASE("a file sink that was committed or moved from says to make a new one") {
  const temporary_folder folder;
  file_sink first(folder / "out");
  file_sink second = std::move(first);
  const bytes data = to_bytes("x");
  const std::string advice = "make a new one";
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK(refusal_of([&] { first.write(data); }).contains(advice));
  CHECK(refusal_of([&] { first.commit(); }).contains(advice));
  // NOLINTEND(bugprone-use-after-move)
  second.commit();
  CHECK(refusal_of([&] { second.write(data); }).contains(advice));
  CHECK(refusal_of([&] { second.commit(); }).contains(advice));
}

}  // namespace
}  // namespace gauntlet::png::test
