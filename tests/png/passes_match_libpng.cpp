#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <type_traits>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

reference_ptr picture_after(const bytes& file, int passes, display display) {
  return {reference_passes(reinterpret_cast<const unsigned char*>(file.data()), file.size(), passes,
                           display == display::blocks ? 1 : 0),
          reference_free};
}

void check_passes(const bytes& file, display display) {
  pass_reader passes = decoder{memory_source(file)}.start_passes(display);
  REQUIRE(passes.passes() == 7);
  for (int pass = 0; pass < 7; ++pass) {
    INFO("pass " << pass);
    CHECK(passes.next() == pass);
    const reference_ptr raw = picture_after(file, pass + 1, display);
    CHECK(raw->failed == 0);
    CHECK(same_bytes(passes.picture().pixels(), pixels_of(*raw)));
  }
  CHECK_FALSE(passes.next().has_value());
}

TEST_CASE("after each pass the picture is plain libpng's, in every size up to 9x9, as sparkles and blocks") {
  for (std::uint32_t width = 1; width <= 9; ++width)
    for (std::uint32_t height = 1; height <= 9; ++height) {
      INFO(width << "x" << height);
      const bytes file =
          encode(make_picture({color_type::gray, 8}, width, height), {.level = 1, .interlaced = true});
      check_passes(file, display::sparkle);
      check_passes(file, display::blocks);
    }
}

TEST_CASE("after each pass the picture is plain libpng's, in every format") {
  for (const pixel_format format : all_formats) {
    INFO(name_of(format));
    const bytes file = encode(make_picture(format, 11, 9), {.level = 1, .interlaced = true});
    check_passes(file, display::sparkle);
    check_passes(file, display::blocks);
  }
}

TEST_CASE("the last pass leaves the whole image, however it was shown, and so does decode") {
  const image picture = make_picture({color_type::palette, 4}, 13, 11);
  const bytes file = encode(picture, {.interlaced = true});
  for (const display display : {display::sparkle, display::blocks}) {
    pass_reader passes = decoder{memory_source(file)}.start_passes(display);
    while (passes.next()) {
    }
    CHECK(same_pixels(passes.picture(), picture));
    CHECK(passes.picture().colors() == picture.colors());
  }
}

TEST_CASE("pixels that no pass has brought are 0 in sparkles, and their neighbour's in blocks") {
  image picture = make_picture({color_type::gray, 8}, 8, 8);
  std::ranges::fill(picture.pixels(), std::byte{9});
  const bytes file = encode(picture, {.interlaced = true});
  pass_reader sparkles = decoder{memory_source(file)}.start_passes(display::sparkle);
  CHECK(std::ranges::count(sparkles.picture().pixels(), std::byte{0}) == 64);
  sparkles.next();
  CHECK(std::ranges::count(sparkles.picture().pixels(), std::byte{9}) == 1);
  pass_reader blocks = decoder{memory_source(file)}.start_passes(display::blocks);
  blocks.next();
  CHECK(std::ranges::count(blocks.picture().pixels(), std::byte{9}) == 64);
}

TEST_CASE("an image that is not interlaced comes in one pass") {
  const image picture = make_picture({color_type::rgb, 8}, 5, 4);
  const bytes file = encode(picture);
  for (const display display : {display::sparkle, display::blocks}) {
    pass_reader passes = decoder{memory_source(file)}.start_passes(display);
    CHECK(passes.passes() == 1);
    CHECK(passes.next() == 0);
    CHECK(same_pixels(passes.picture(), picture));
    for (int i = 0; i < 3; ++i) CHECK_FALSE(passes.next().has_value());
  }
}

TEST_CASE("passes have transforms, header, metadata and warnings as rows have") {
  const bytes text = chunk("tEXt", joined({to_bytes("Key"), bytes(1), to_bytes("behind")}));
  const bytes file = tiny_file({}, joined({text, chunk("tIME", bytes(3))}));
  pass_reader passes =
      decoder{memory_source(file)}.start_passes(display::sparkle, {.flags = transform::gray_to_rgb});
  CHECK(passes.header().color == color_type::rgb);
  CHECK(passes.picture().header() == passes.header());
  CHECK(passes.next() == 0);
  CHECK(passes.metadata().texts.empty());
  CHECK(passes.warnings().empty());
  CHECK_FALSE(passes.next().has_value());
  REQUIRE(passes.metadata().texts.size() == 1);
  CHECK(passes.metadata().texts[0].value == "behind");
  CHECK(passes.warnings().size() == 1);
  CHECK(passes.bytes_read() == file.size());
}

TEST_CASE("a pass reader moves between passes and cannot be copied") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<pass_reader>);
  STATIC_REQUIRE(!std::is_copy_constructible_v<pass_reader>);
  const image picture = make_picture({color_type::rgb, 8}, 9, 9);
  pass_reader passes =
      decoder{owning_source(encode(picture, {.interlaced = true}))}.start_passes(display::blocks);
  for (int pass = 0; pass < 7; ++pass) {
    pass_reader elsewhere = std::move(passes);
    // NOLINTBEGIN(bugprone-use-after-move): it is what is tested
    CHECK(std::string(thrown_by<misuse>([&] { return passes.next(); }).what())
              .contains("use the one it went to"));
    CHECK_THROWS_AS(passes.picture(), misuse);
    CHECK_THROWS_AS(passes.passes(), misuse);
    CHECK_THROWS_AS(passes.header(), misuse);
    // NOLINTEND(bugprone-use-after-move)
    CHECK(elsewhere.next() == pass);
    passes = std::move(elsewhere);
  }
  CHECK(same_pixels(passes.picture(), picture));
}

TEST_CASE("a file that is cut off shows the passes that have come, and names the pass") {
  const image picture = make_picture({color_type::rgb, 8}, 40, 40);
  bytes file = encode(picture, {.level = 0, .interlaced = true, .buffer_size = 100});
  file.resize(file.size() * 2 / 3);
  pass_reader passes = decoder{memory_source(file)}.start_passes(display::sparkle);
  int last = -1;
  const error failure = thrown_by<error>([&] {
    while (const auto pass = passes.next()) last = *pass;
    return 0;
  });
  CHECK(failure.code() == errc::truncated);
  CHECK(last >= 4);
  CHECK(failure.pass() == last + 1);
  CHECK(failure.row().has_value());
  CHECK(passes.picture().width() == 40);  // what has come can still be looked at
  CHECK(std::string(thrown_by<misuse>([&] { return passes.next(); }).what()).contains("has failed before"));
}

}  // namespace
}  // namespace gauntlet::png::test
