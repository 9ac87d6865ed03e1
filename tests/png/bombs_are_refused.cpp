#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

bytes one_colour(std::uint32_t width, std::uint32_t height, bool interlaced = false) {
  image picture(header_of(width, height, color_type::gray, 8));
  std::ranges::fill(picture.pixels(), std::byte{0});
  return encode(picture, {.level = 9, .interlaced = interlaced, .filters = filters::none, .buffer_size = 64});
}

TEST_CASE("an image of one colour is not refused by default, though it expands a thousand times") {
  image picture(header_of(2000, 1000, color_type::gray, 8));
  std::ranges::fill(picture.pixels(), std::byte{0});
  const bytes file = encode(picture, {.level = 9, .filters = filters::none});
  CHECK(picture.pixels().size() / file.size() > 950);
  CHECK(same_pixels(decode(file), picture));
}

TEST_CASE("a bomb is refused early, with the numbers") {
  for (const bool interlaced : {false, true}) {
    const bytes file = one_colour(1000, 500, interlaced);
    row_reader rows = decoder(memory_source(file), {.limits = {.max_expansion = 20}}).start();
    const error failure = thrown_by<error>([&] {
      while (rows.next()) {
      }
      return 0;
    });
    CHECK(failure.code() == errc::limit_exceeded);
    REQUIRE(failure.limit().has_value());
    CHECK(failure.limit()->name == "max_expansion");
    CHECK(failure.limit()->allowed == 20);
    CHECK(failure.limit()->found > 20);
    CHECK(rows.bytes_read() < file.size() / 2);
    CHECK(failure.offset() == rows.bytes_read());
    CHECK(std::string(failure.what()).contains("max_expansion is 20, found "));
  }
}

TEST_CASE("what expands as much as allowed is let through, and by one more is not") {
  const bytes file = one_colour(1000, 30);
  std::uint32_t limit = 1;
  while (!try_to_decode(file, {.limits = {.max_expansion = limit}}).ok) ++limit;
  CHECK(limit > 5);
  CHECK(limit < 1032);
  const error failure =
      thrown_by<error>([&] { return decode(file, {.limits = {.max_expansion = limit - 1}}); });
  CHECK(failure.limit()->found == limit);
}

TEST_CASE("a picture's rows count as the file has them, not as transforms make them") {
  const bytes file = encode(make_picture({color_type::gray, 1}, 80, 80));  // noise: 1 to 1; rgba16: 1 to 64
  CHECK_NOTHROW(decode(file, {.format = format::rgba16, .limits = {.max_expansion = 2}}));
}

TEST_CASE("every limit that is passed is named with what was allowed and found") {
  const bytes file = encode(make_picture({color_type::rgb, 8}, 20, 10));
  const auto limit_of = [&](const limits& limits) {
    return thrown_by<error>([&] { return decode(file, {.limits = limits}); }).limit().value();
  };
  CHECK(limit_of({.max_width = 19}).name == "max_width");
  CHECK(limit_of({.max_width = 19}).found == 20);
  CHECK(limit_of({.max_height = 9}).name == "max_height");
  CHECK(limit_of({.max_pixels = 199}).name == "max_pixels");
  CHECK(limit_of({.max_image_bytes = 599}).name == "max_image_bytes");
  CHECK(limit_of({.max_image_bytes = 599}).allowed == 599);
  CHECK(limit_of({.max_input_bytes = 50}).name == "max_input_bytes");
  CHECK(limit_of({.max_memory = 5000}).name == "max_memory");
  CHECK_FALSE(thrown_by<error>([] { return decode(bytes{}); }).limit().has_value());
}

}  // namespace
}  // namespace gauntlet::png::test
