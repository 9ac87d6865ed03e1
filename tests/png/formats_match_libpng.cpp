#include <algorithm>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "comparison.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

struct format_facts {
  png::format format;
  const char* name;
  int channels;
  bool wide;
  bool blue_first;
};

constexpr std::array<format_facts, 10> formats{{{format::rgba8, "rgba8", 4, false, false},
                                                {format::rgb8, "rgb8", 3, false, false},
                                                {format::gray8, "gray8", 1, false, false},
                                                {format::gray_alpha8, "gray_alpha8", 2, false, false},
                                                {format::bgra8, "bgra8", 4, false, true},
                                                {format::bgr8, "bgr8", 3, false, true},
                                                {format::rgba16, "rgba16", 4, true, false},
                                                {format::rgb16, "rgb16", 3, true, false},
                                                {format::gray16, "gray16", 1, true, false},
                                                {format::gray_alpha16, "gray_alpha16", 2, true, false}}};

// What a program in C would call for these rows.
reference_settings calls_for(const format_facts& facts) {
  reference_settings calls = reference_nothing;
  calls.flags = facts.wide ? REFERENCE_EXPAND_16 : REFERENCE_EXPAND | REFERENCE_SCALE_16;
  if (facts.wide && std::endian::native == std::endian::little) calls.flags |= REFERENCE_SWAP;
  if (facts.channels > 2)
    calls.flags |= REFERENCE_GRAY_TO_RGB;
  else {
    calls.gray_action = 1;
    calls.gray_red = calls.gray_green = -1;
  }
  if (facts.channels % 2 == 0)
    calls.flags |= REFERENCE_ADD_ALPHA;
  else
    calls.flags |= REFERENCE_STRIP_ALPHA;
  if (facts.blue_first) calls.flags |= REFERENCE_BGR;
  return calls;
}

image picture_with_transparency(pixel_format format) {
  image picture = make_picture(format, 11, 5);
  color_table colors = picture.colors();
  if (format.color == color_type::palette) colors.alpha = {0, 100};
  if (format.color == color_type::gray || format.color == color_type::rgb)
    colors.transparent = transparent_color{1, 1, 1};
  image whole(picture.header(), colors);
  std::ranges::copy(picture.pixels(), whole.pixels().begin());
  return whole;
}

void compare(const bytes& file, const format_facts& facts) {
  reference_settings calls = calls_for(facts);
  const reference_ptr raw(
      reference_decode_as(reinterpret_cast<const unsigned char*>(file.data()), file.size(), &calls),
      reference_free);
  REQUIRE(raw->failed == 0);
  const image ours = decode(file, {.format = facts.format});
  CHECK(ours.format() == facts.format);
  CHECK(ours.header().channels == facts.channels);
  CHECK(ours.header().bit_depth == (facts.wide ? 16 : 8));
  CHECK(ours.header().row_bytes == raw->rows.row_bytes);
  CHECK(same_bytes(ours.pixels(), pixels_of(*raw)));
}

TEST_CASE("each format of pixels is what the same calls give in plain libpng, from every file") {
  for (const pixel_format from : all_formats)
    for (const bool interlaced : {false, true}) {
      const bytes file = encode(picture_with_transparency(from), {.interlaced = interlaced});
      for (const format_facts& facts : formats) {
        INFO(name_of(from) << " to " << facts.name);
        compare(file, facts);
      }
    }
}

TEST_CASE("an image of any format is encoded and decoded as it was") {
  const bytes file = encode(picture_with_transparency({color_type::rgba, 16}));
  for (const format_facts& facts : formats)
    for (const bool interlaced : {false, true}) {
      INFO(facts.name);
      const image picture = decode(file, {.format = facts.format});
      const bytes again = encode(picture, {.interlaced = interlaced});
      CHECK(decoder{memory_source(again)}.header().channels == facts.channels);
      CHECK(same_pixels(decode(again, {.format = facts.format}), picture));
    }
}

TEST_CASE("converting is encoding and decoding, between all formats") {
  const bytes file = encode(picture_with_transparency({color_type::rgba, 16}));
  for (const format_facts& from : formats) {
    const image picture = decode(file, {.format = from.format});
    const bytes stored = encode(picture);
    for (const format_facts& to : formats) {
      INFO(from.name << " to " << to.name);
      const image converted = convert(picture, to.format);
      CHECK(converted.format() == to.format);
      CHECK(same_pixels(converted, decode(stored, {.format = to.format})));
    }
  }
}

TEST_CASE("converting knows what the numbers mean: 16 bits, order of colours, alpha") {
  image one(header_of(1, 1, format::rgba16), {}, format::rgba16);
  one.pixels_as<pixel::rgba16>()[0] = {0xFFFF, 0x8080, 0, 0x4000};
  CHECK(convert(one, format::rgba8).pixels_as<pixel::rgba8>()[0] == pixel::rgba8{255, 128, 0, 64});
  CHECK(convert(one, format::bgra8).pixels_as<pixel::bgra8>()[0] == pixel::bgra8{0, 128, 255, 64});
  CHECK(convert(one, format::rgb16).pixels_as<pixel::rgb16>()[0] == pixel::rgb16{0xFFFF, 0x8080, 0});
  CHECK(convert(one, format::bgr8).pixels_as<pixel::bgr8>()[0] == pixel::bgr8{0, 128, 255});
  CHECK(convert(one, format::native).format() == format::native);
}

template <class Pixel>
void check_views(const bytes& file) {
  image picture = decode(file, {.format = Pixel::of});
  const image& constant = picture;
  CHECK(picture.pixels_as<Pixel>().size() == std::size_t{11} * 5);
  CHECK(std::as_bytes(constant.pixels_as<Pixel>()).data() == constant.pixels().data());
  CHECK(picture.row_as<Pixel>(3).size() == 11);
  CHECK(std::as_bytes(constant.row_as<Pixel>(3)).data() == constant.row(3).data());
  CHECK(&picture.row_as<Pixel>(4)[10] == &picture.pixels_as<Pixel>().back());
  CHECK_THROWS_AS(picture.row_as<Pixel>(5), misuse);
  picture.pixels_as<Pixel>()[0] = Pixel{};
  CHECK(std::ranges::all_of(picture.pixels().first(sizeof(Pixel)),
                            [](std::byte b) { return b == std::byte{0}; }));
}

TEST_CASE("pixels can be looked at in their own type, all of them and a row") {
  const bytes file = encode(picture_with_transparency({color_type::rgba, 16}));
  check_views<pixel::rgba8>(file);
  check_views<pixel::rgb8>(file);
  check_views<pixel::gray8>(file);
  check_views<pixel::gray_alpha8>(file);
  check_views<pixel::bgra8>(file);
  check_views<pixel::bgr8>(file);
  check_views<pixel::rgba16>(file);
  check_views<pixel::rgb16>(file);
  check_views<pixel::gray16>(file);
  check_views<pixel::gray_alpha16>(file);
}

TEST_CASE("pixels of another type than the format's are refused") {
  image picture = decode(tiny_file(), {.format = format::rgba8});
  const image& constant = picture;
  const auto refused = [](const auto& work) {
    const misuse told = thrown_by<misuse>(work);
    return std::string(told.what()).contains("the pixels are of another format; decode() or convert()");
  };
  CHECK(refused([&] { return picture.pixels_as<pixel::bgra8>(); }));
  CHECK(refused([&] { return constant.pixels_as<pixel::rgba16>(); }));
  CHECK(refused([&] { return picture.row_as<pixel::rgb8>(0); }));
  CHECK(refused([&] { return constant.row_as<pixel::gray8>(0); }));
  image native = decode(tiny_file());  // gray of 8 bits, but that is not asked for
  CHECK(refused([&] { return native.pixels_as<pixel::gray8>(); }));
}

TEST_CASE("rows of a header that a format does not have are refused, and formats that are none") {
  const auto refusal = [](const auto& work) { return std::string(thrown_by<misuse>(work).what()); };
  CHECK(refusal([] {
          return image(header_of(1, 1, format::rgb8), {}, format::rgba8).width();
        }).contains("rows of this header are not of this format"));
  CHECK(refusal([] {
          return image(header_of(1, 1, format::gray16), {}, format::gray8).width();
        }).contains("rows of this header are not of this format"));
  CHECK(refusal([] { return header_of(1, 1, format::native); }).contains("there is no such format"));
  CHECK(refusal([] { return header_of(1, 1, static_cast<format>(11)); }).contains("there is no such format"));
}

TEST_CASE("a view may begin with the last row in memory") {
  for (const format_facts& facts : formats) {
    INFO(facts.name);
    const image picture =
        decode(encode(picture_with_transparency({color_type::rgba, 8})), {.format = facts.format});
    image_view flipped = picture;
    flipped.stride = -flipped.stride;
    const image back = decode(encode(flipped), {.format = facts.format});
    for (std::uint32_t y = 0; y < 5; ++y) CHECK(same_bytes(back.row(y), picture.row(4 - y)));
  }
}

TEST_CASE("a view with gaps may stand on its head, interlaced or not") {
  const image picture = make_picture({color_type::gray, 8}, 3, 4);
  bytes apart(4 * 5, std::byte{0xEE});
  for (std::uint32_t y = 0; y < 4; ++y)
    std::ranges::copy(picture.row(y), apart.begin() + static_cast<std::ptrdiff_t>((3 - y) * 5));
  for (const bool interlaced : {false, true}) {
    const image_view view{.width = 3,
                          .height = 4,
                          .color = color_type::gray,
                          .bit_depth = 8,
                          .pixels = std::span(apart).first(18),  // nothing behind the last row in memory
                          .stride = -5};
    CHECK(same_pixels(decode(encode(view, {.interlaced = interlaced})), picture));
  }
}

}  // namespace
}  // namespace gauntlet::png::test
