#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "animation_support.hpp"

namespace gauntlet::png::test {
namespace {

std::vector<image> pictures_of(pixel_format format) {
  std::vector<image> pictures;
  pictures.push_back(make_picture(format, 11, 9, 1));
  pictures.push_back(make_picture(format, 7, 5, 2));
  pictures.push_back(make_picture(format, 1, 1, 3));
  return pictures;
}

std::vector<animation_frame> frames_of(const std::vector<image>& pictures) {
  return {{pictures[0], {.delay = {1, 25}}},
          {pictures[1], {.x = 4, .y = 4, .delay = {2, 0}, .dispose = dispose_op::background}},
          {pictures[2], {.x = 10, .y = 8, .delay = {65535, 65535}, .blend = blend_op::over}}};
}

TEST_CASE("raw frames of every format come back as they were, interlaced or not") {
  for (const pixel_format format : all_formats)
    for (const bool interlaced : {false, true}) {
      INFO(name_of(format) << (interlaced ? ", interlaced" : ""));
      const std::vector<image> pictures = pictures_of(format);
      const std::vector<animation_frame> frames = frames_of(pictures);
      const bytes file = encode_animation(frames, {.plays = 7, .encoding = {.interlaced = interlaced}});
      animation_decoder decoder{memory_source(file)};
      CHECK(decoder.header().interlaced == interlaced);
      CHECK(decoder.header().color == format.color);
      CHECK(decoder.frames() == 3);
      CHECK(decoder.plays() == 7);
      CHECK(decoder.animated());
      CHECK(decoder.default_image_is_first_frame());
      for (std::size_t i = 0; i < 3; ++i) {
        const auto found = decoder.next_raw();
        REQUIRE(found);
        CHECK(same_pixels(found->pixels, pictures[i]));
        CHECK(found->pixels.colors() == pictures[i].colors());
        CHECK(found->control == frame_control{.width = pictures[i].width(),
                                              .height = pictures[i].height(),
                                              .x = frames[i].options.x,
                                              .y = frames[i].options.y,
                                              .delay = frames[i].options.delay,
                                              .dispose = frames[i].options.dispose,
                                              .blend = frames[i].options.blend});
      }
      CHECK_FALSE(decoder.next_raw());
      CHECK_FALSE(decoder.next_raw());
    }
}

TEST_CASE("raw frames in rgba8 are what each frame would be as a file of its own") {
  for (const pixel_format format : all_formats) {
    INFO(name_of(format));
    const std::vector<image> pictures = pictures_of(format);
    animation_decoder decoder{owning_source(encode_animation(frames_of(pictures)))};
    for (const image& picture : pictures) {
      const auto found = decoder.next_raw(format::rgba8);
      REQUIRE(found);
      CHECK(same_pixels(found->pixels, decode(encode(picture), {.format = format::rgba8})));
    }
  }
}

// tRNS of every form reaches the later frames too: they have none of their own in the file.
TEST_CASE("the transparent color and a palette's alpha hold for all frames") {
  const auto check = [](const image& picture, const color_table& colors) {
    image_view view = picture;
    view.colors = &colors;
    const bytes file = encode_animation(std::vector<animation_frame>{{view, {}}, {view, {}}});
    const image expected = decode(encode(view), {.format = format::rgba8});
    REQUIRE_FALSE(same_pixels(expected, decode(encode(picture), {.format = format::rgba8})));
    animation_decoder decoder{memory_source(file)};
    CHECK(decoder.colors() == colors);
    for (int i = 0; i < 2; ++i) CHECK(same_pixels(decoder.next_raw(format::rgba8)->pixels, expected));
  };
  for (const std::uint8_t depth : {std::uint8_t{2}, std::uint8_t{8}, std::uint8_t{16}}) {
    const image gray = make_picture({color_type::gray, depth}, 4, 4);
    const auto first = depth == 2 ? std::to_integer<unsigned>(gray.row(0)[0]) >> 6
                                  : std::to_integer<unsigned>(gray.row(0)[0]);
    const auto sample = static_cast<std::uint16_t>(
        depth == 16 ? first << 8 | std::to_integer<unsigned>(gray.row(0)[1]) : first);
    check(gray, {.palette = {}, .alpha = {}, .transparent = transparent_color{sample, sample, sample}});
  }
  const image rgb8 = make_picture({color_type::rgb, 8}, 4, 4);
  const auto sample_at = [&](std::size_t i) { return std::to_integer<std::uint16_t>(rgb8.row(0)[i]); };
  check(rgb8, {.palette = {},
               .alpha = {},
               .transparent = transparent_color{sample_at(0), sample_at(1), sample_at(2)}});
  image indexed = make_picture({color_type::palette, 2}, 4, 4);
  check(indexed, {.palette = indexed.colors().palette, .alpha = {0, 99, 200}, .transparent = {}});
}

TEST_CASE("a reader of plain PNG sees the default image") {
  for (const bool hidden : {false, true})
    for (const pixel_format format : all_formats) {
      INFO(name_of(format));
      const std::vector<image> pictures = pictures_of(format);
      memory_sink sink;
      animation_encoder encoder(sink, 11, 9, {.frames = 2});
      if (hidden) encoder.set_default_image(pictures[0]);
      if (!hidden) encoder.add_frame(pictures[0]);
      encoder.add_frame(pictures[1], {.x = 1, .y = 2});
      if (hidden) encoder.add_frame(pictures[2]);
      encoder.finish();
      const bytes file = sink.take();
      CHECK(same_pixels(decode(file), pictures[0]));
      const auto raw = reference(file);
      REQUIRE(raw->failed == 0);
      CHECK(raw->warnings == 0);
      CHECK(same_bytes(pixels_of(*raw), pictures[0].pixels()));
      animation_decoder decoder{memory_source(file)};
      CHECK(decoder.default_image_is_first_frame() == !hidden);
      CHECK(same_pixels(decoder.next_raw()->pixels, pictures[hidden ? 1 : 0]));
      CHECK(same_pixels(decoder.next_raw()->pixels, pictures[hidden ? 2 : 1]));
      CHECK_FALSE(decoder.next_raw());
    }
}

TEST_CASE("metadata stand once in the file, and are known before the first frame") {
  const metadata given{.texts = {{.key = "Title", .value = "Ball"}},
                       .gamma = 45455,
                       .srgb = {},
                       .physical = physical{.x = 3, .y = 4, .per_metre = true},
                       .modified = {}};
  const std::vector<image> pictures = pictures_of({color_type::rgb, 8});
  const bytes file = encode_animation(frames_of(pictures), {.encoding = {.metadata = given}});
  CHECK(animation_decoder{memory_source(file)}.metadata() == given);
  const std::vector<chunk_place> places = chunks_of(file);
  CHECK(std::ranges::count(places, "tEXt", &chunk_place::type) == 1);
  CHECK(std::ranges::count(places, "gAMA", &chunk_place::type) == 1);
  CHECK(places[0].type == "IHDR");
  CHECK(places[1].type == "acTL");
  CHECK(places.back().type == "IEND");
}

TEST_CASE("what libpng warns of before the first image is known before the first frame") {
  const bytes file = with_before(two_frames(), "fcTL", 0, chunk("gAMA", bytes(3)));
  const animation_decoder decoder{memory_source(file)};
  REQUIRE(decoder.warnings().size() == 1);
  CHECK(decoder.warnings()[0].chunk == "gAMA");
  CHECK(animation_decoder{owning_source(two_frames())}.warnings().empty());
}

// ---- plain PNG

TEST_CASE("a plain PNG is an animation of one frame, which is the image") {
  animation_decoder decoder{owning_source(tiny_file())};
  CHECK_FALSE(decoder.animated());
  CHECK(decoder.frames() == 1);
  CHECK(decoder.plays() == 1);
  CHECK(decoder.default_image_is_first_frame());
  const auto frame = decoder.next();
  REQUIRE(frame);
  CHECK(frame->control == frame_control{.width = 2, .height = 2});
  CHECK(same_bytes(frame->canvas.pixels, decode(tiny_file(), {.format = format::rgba8}).pixels()));
  CHECK_FALSE(decoder.next());
}

// Damaged ones too: the same pixels, or an error with the same code.
TEST_CASE("every plain PNG decodes as decode() does it") {
  std::size_t compared = 0;
  for (const char* folder : {"pngsuite", "testpngs/crashers"})
    for (const auto& path : corpus(folder)) {
      INFO(path);
      const bytes file = read_file(path);
      const auto expected = attempt<error>([&] { return decode(file); });
      const auto found =
          attempt<error>([&] { return animation_decoder(memory_source(file)).next_raw().value().pixels; });
      REQUIRE(found.has_value() == expected.has_value());
      if (expected) CHECK(same_pixels(*found, *expected));
      if (!expected) CHECK(found.error().code() == expected.error().code());
      ++compared;
    }
  CHECK(compared > 70);
}

TEST_CASE("acTL behind the image, and fcTL and fdAT without acTL, leave a plain PNG") {
  bytes stray_fctl = fctl({.sequence = 5, .width = 77});
  stray_fctl.back() ^= std::byte{1};  // what it says does not matter, nor whether it is damaged
  for (const bytes& file :
       {tiny_file({}, joined({actl(1), fctl({}), fdat(1, gray_rows(1))})), tiny_file(stray_fctl),
        tiny_file(joined({stray_fctl, stray_fctl, stray_fctl})), tiny_file(chunk("fcTL", bytes(3))),
        tiny_file(fdat(0, gray_rows(1))), tiny_file({}, fdat(9, gray_rows(1)))}) {
    animation_decoder decoder{memory_source(file)};
    CHECK_FALSE(decoder.animated());
    CHECK(same_pixels(decoder.next_raw()->pixels, decode(tiny_file())));
    CHECK_FALSE(decoder.next_raw());
  }
}

// ---- how files may be made

TEST_CASE("data of a frame may be cut into any number of chunks, also empty ones") {
  for (const std::uint32_t pieces : {1U, 2U, 5U, 40U}) {
    INFO(pieces);
    const bytes file = gray_file({actl(2), fctl({.sequence = 0}), idat(gray_rows(10)), fctl({.sequence = 1}),
                                  fdat(2, gray_rows(20), pieces)});
    const animation found = decode_animation(file);
    REQUIRE(found.frames.size() == 2);
    CHECK(found.frames[1].canvas.row(1)[4] == std::byte{20});
  }
}

TEST_CASE("other chunks may stand between those of the animation") {
  bytes file = two_frames_behind_default();
  const bytes text = chunk("tEXt", to_bytes(std::string_view("Key\0x", 5)));
  bytes damaged = chunk("prVt", to_bytes("x"));
  damaged.back() ^= std::byte{1};
  for (const std::string type : {"IDAT", "fcTL", "fdAT", "IEND"})
    for (const bytes& other : {text, damaged}) file = with_before(file, type, 0, other);
  const std::vector<image> shown = canvases_of(animation_decoder{memory_source(file)});
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].row(0)[0] == std::byte{10});
  CHECK(shown[1].row(0)[0] == std::byte{20});
}

TEST_CASE("fcTL may come before acTL, as long as both come before the image") {
  const bytes file = gray_file({fctl({}), actl(1), idat(gray_rows(10))});
  animation_decoder decoder{memory_source(file)};
  CHECK(decoder.animated());
  CHECK(decoder.default_image_is_first_frame());
  CHECK(decoder.next()->control.delay == frame_delay{1, 10});
  CHECK_FALSE(decoder.next());
}

TEST_CASE("an animation is read whole, frame by frame or raw, to the same file again") {
  const bytes file = encode_animation(frames_of(pictures_of({color_type::rgba, 8})));
  animation_decoder decoder{memory_source(file)};
  memory_sink sink;
  animation_encoder encoder(sink, 11, 9, {.frames = decoder.frames(), .plays = decoder.plays()});
  while (const auto frame = decoder.next_raw())
    encoder.add_frame(frame->pixels, {.x = frame->control.x,
                                      .y = frame->control.y,
                                      .delay = frame->control.delay,
                                      .dispose = frame->control.dispose,
                                      .blend = frame->control.blend});
  encoder.finish();
  CHECK(sink.take() == file);
}

}  // namespace
}  // namespace gauntlet::png::test
