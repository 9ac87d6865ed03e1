#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "animation_support.hpp"

namespace gauntlet::png::test {
namespace {

// ---- reading

TEST_CASE("an animation decoder that was moved from says so, whatever is asked of it") {
  animation_decoder first{owning_source(two_frames())};
  const animation_decoder second = std::move(first);
  const std::string advice = "moved from; use the one it went to";
  // NOLINTBEGIN(bugprone-use-after-move): it is what is tested
  CHECK(refusal_of([&] { first.header(); }).contains(advice));
  CHECK(refusal_of([&] { first.colors(); }).contains(advice));
  CHECK(refusal_of([&] { first.metadata(); }).contains(advice));
  CHECK(refusal_of([&] { first.warnings(); }).contains(advice));
  CHECK(refusal_of([&] { first.animated(); }).contains(advice));
  CHECK(refusal_of([&] { first.frames(); }).contains(advice));
  CHECK(refusal_of([&] { first.plays(); }).contains(advice));
  CHECK(refusal_of([&] { first.default_image_is_first_frame(); }).contains(advice));
  CHECK(refusal_of([&] { first.next(); }).contains(advice));
  CHECK(refusal_of([&] { first.next_raw(); }).contains(advice));
  // NOLINTEND(bugprone-use-after-move)
  CHECK(second.frames() == 2);
}

TEST_CASE("an animation decoder that has failed says to make a new one, and still knows the header") {
  bytes file = two_frames();
  file.resize(file.size() - 20);
  animation_decoder decoder{memory_source(file)};
  CHECK(decoder.next());
  CHECK_THROWS_AS(decoder.next(), error);
  for (int i = 0; i < 2; ++i)
    CHECK(refusal_of([&] { decoder.next(); }).contains("has failed before; make a new one"));
  CHECK(decoder.header().width == 2);
  CHECK(decoder.frames() == 2);
}

TEST_CASE("an animation decoder whose source threw is used up") {
  const bytes file = two_frames();
  int calls = 0;
  { const animation_decoder probe{failing_source{file, -1, nullptr, &calls}}; }
  const int at = std::exchange(calls, 0) + 1;
  animation_decoder decoder{failing_source{file, at, std::make_exception_ptr(planned_failure()), &calls}};
  CHECK_THROWS_AS(decoder.next(), planned_failure);
  CHECK(refusal_of([&] { decoder.next(); }).contains("make a new one"));
}

TEST_CASE("composed and raw frames are not mixed") {
  animation_decoder composing{owning_source(two_frames())};
  composing.next();
  CHECK(refusal_of([&] { composing.next_raw(); }).contains("next() composes them, next_raw() does not"));
  CHECK(composing.next());  // what was refused has changed nothing
  animation_decoder raw{owning_source(two_frames())};
  raw.next_raw();
  CHECK(refusal_of([&] { raw.next(); }).contains("next() composes them, next_raw() does not"));
  CHECK(raw.next_raw());
}

TEST_CASE("after the last frame there is none, however often it is asked") {
  for (const bytes& file : {two_frames(), two_frames_behind_default(), tiny_file()}) {
    animation_decoder decoder{memory_source(file)};
    while (decoder.next()) {
    }
    for (int i = 0; i < 3; ++i) CHECK_FALSE(decoder.next());
  }
}

TEST_CASE("misuse of an animation decoder names the call and the place of the caller") {
  animation_decoder decoder{owning_source(two_frames())};
  decoder.next();
  const auto here = std::source_location::current();
  const misuse told = thrown_by<misuse>([&] { return decoder.next_raw(); });
  CHECK(told.operation() == "png::animation_decoder::next_raw");
  CHECK(told.where().line() == here.line() + 1);
}

TEST_CASE("an error of a frame names the place of the caller who asked for it") {
  animation_decoder decoder{owning_source(without(two_frames(), "fdAT"))};
  decoder.next();
  const auto here = std::source_location::current();
  const error failure = thrown_by<error>([&] { return decoder.next(); });
  CHECK(failure.where().line() == here.line() + 1);
}

// ---- writing

struct canvas_of_4x3 {
  image picture = make_picture({color_type::rgba, 8}, 4, 3);
  image small = make_picture({color_type::rgba, 8}, 2, 2);
  memory_sink sink;
  animation_encoder encoder{sink, 4, 3, {.frames = 2}};
};

TEST_CASE("an animation encoder that was moved from says so, whatever is asked of it") {
  canvas_of_4x3 given;
  const animation_encoder second = std::move(given.encoder);
  const std::string advice = "moved from; use the one it went to";
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK(refusal_of([&] { given.encoder.set_default_image(given.picture); }).contains(advice));
  CHECK(refusal_of([&] { given.encoder.add_frame(given.picture); }).contains(advice));
  CHECK(refusal_of([&] { given.encoder.finish(); }).contains(advice));
  // NOLINTEND(bugprone-use-after-move)
}

TEST_CASE("an animation encoder can be moved between frames") {
  canvas_of_4x3 given;
  given.encoder.add_frame(given.picture);
  animation_encoder second = std::move(given.encoder);
  second.add_frame(given.picture);
  second.finish();
  CHECK(decode_animation(given.sink.take()).frames.size() == 2);
}

TEST_CASE("a number of frames that was not declared is refused with both numbers") {
  canvas_of_4x3 given;
  CHECK(refusal_of([&] { given.encoder.finish(); }).contains("options.frames is 2, but there are only 0"));
  given.encoder.add_frame(given.picture);
  CHECK(refusal_of([&] { given.encoder.finish(); }).contains("options.frames is 2, but there are only 1"));
  given.encoder.add_frame(given.small);
  CHECK(refusal_of([&] {
          given.encoder.add_frame(given.small);
        }).contains("this would be frame 3, but options.frames is 2"));
  given.encoder.finish();  // what was refused has changed nothing
  CHECK(decode_animation(given.sink.take()).frames.size() == 2);
}

TEST_CASE("a finished animation takes nothing more") {
  canvas_of_4x3 given;
  given.encoder.add_frame(given.picture);
  given.encoder.add_frame(given.picture);
  given.encoder.finish();
  const std::string advice = "this file is finished; make a new encoder";
  CHECK(refusal_of([&] { given.encoder.add_frame(given.picture); }).contains(advice));
  CHECK(refusal_of([&] { given.encoder.set_default_image(given.picture); }).contains(advice));
  CHECK(refusal_of([&] { given.encoder.finish(); }).contains(advice));
}

TEST_CASE("an animation encoder whose sink threw is used up") {
  const image picture = make_picture({color_type::rgba, 8}, 4, 3);
  failing_sink sink{2, std::make_exception_ptr(planned_failure())};
  animation_encoder encoder(sink, 4, 3, {.frames = 3});
  encoder.add_frame(picture);
  CHECK_THROWS_AS(encoder.add_frame(picture), planned_failure);
  const std::string advice = "has failed before; make a new one";
  CHECK(refusal_of([&] { encoder.add_frame(picture); }).contains(advice));
  CHECK(refusal_of([&] { encoder.set_default_image(picture); }).contains(advice));
  CHECK(refusal_of([&] { encoder.finish(); }).contains(advice));
}

TEST_CASE("a first image that does not cover the canvas is refused with the sizes") {
  canvas_of_4x3 given;
  const std::string sizes = "must cover the canvas of 4 x 3 pixels, but has 2 x 2";
  CHECK(refusal_of([&] { given.encoder.add_frame(given.small); }).contains(sizes));
  CHECK(refusal_of([&] { given.encoder.set_default_image(given.small); }).contains(sizes));
  CHECK(refusal_of([&] { given.encoder.add_frame(given.picture, {.x = 1}); }).contains("reaches to 5 x 3"));
  CHECK(given.sink.take().empty());
}

TEST_CASE("a frame outside of the canvas is refused, also where a sum would wrap around") {
  canvas_of_4x3 given;
  given.encoder.add_frame(given.picture);
  const auto refusal = [&](const frame_options& options) {
    return refusal_of([&] { given.encoder.add_frame(given.small, options); });
  };
  CHECK(refusal({.x = 3}).contains("the frame reaches to 5 x 2, but the canvas has 4 x 3 pixels"));
  CHECK(refusal({.y = 2}).contains("the frame reaches to 2 x 4, but the canvas has 4 x 3 pixels"));
  CHECK(refusal({.x = 0xFFFFFFFF, .y = 0xFFFFFFFE}).contains("reaches to 4294967297 x 4294967296"));
  given.encoder.add_frame(given.small, {.x = 2, .y = 1});
  given.encoder.finish();
}

TEST_CASE("operations that APNG does not have are refused") {
  canvas_of_4x3 given;
  CHECK(refusal_of([&] {
          given.encoder.add_frame(given.picture, {.dispose = static_cast<dispose_op>(3)});
        }).contains("no such dispose_op"));
  CHECK(refusal_of([&] {
          given.encoder.add_frame(given.picture, {.blend = static_cast<blend_op>(2)});
        }).contains("no such blend_op"));
}

TEST_CASE("frames of another kind than the first are refused") {
  const image first = make_picture({color_type::palette, 4}, 4, 3);
  memory_sink sink;
  animation_encoder encoder(sink, 4, 3, {.frames = 2});
  encoder.add_frame(first);
  const std::string advice = "one color type, bit depth, palette and transparent color";
  for (const pixel_format format :
       {pixel_format{color_type::palette, 8}, pixel_format{color_type::gray, 4}}) {
    const image other = make_picture(format, 4, 3);
    CHECK(refusal_of([&] { encoder.add_frame(other); }).contains(advice));
  }
  image_view view = first;
  color_table colors = first.colors();
  view.colors = &colors;
  encoder.add_frame(view);  // a palette is compared by what is in it
  colors.alpha = {1};
  memory_sink other_sink;
  animation_encoder other(other_sink, 4, 3, {.frames = 2});
  other.add_frame(first);
  CHECK(refusal_of([&] { other.add_frame(view); }).contains(advice));
}

TEST_CASE("a default image that comes late, or twice, is refused") {
  canvas_of_4x3 given;
  given.encoder.set_default_image(given.picture);
  CHECK(refusal_of([&] {
          given.encoder.set_default_image(given.picture);
        }).contains("the default image comes before all frames"));
  canvas_of_4x3 late;
  late.encoder.add_frame(late.picture);
  CHECK(refusal_of([&] {
          late.encoder.set_default_image(late.picture);
        }).contains("the default image comes before all frames"));
}

TEST_CASE("numbers that APNG cannot hold are refused when the encoder is made") {
  memory_sink sink;
  const auto refusal = [&](std::uint32_t width, std::uint32_t height,
                           const animation_encoder_options& options) {
    return refusal_of([&] { const animation_encoder made(sink, width, height, options); });
  };
  CHECK(refusal(1, 1, {}).contains("options.frames is 0; set it to the number of frames"));
  CHECK(refusal(1, 1, {.frames = 0x80000000U}).contains("options.frames is 2147483648"));
  CHECK(refusal(1, 1, {.frames = 1, .plays = 0x80000000U}).contains("options.plays is 2147483648"));
  CHECK(refusal(0, 1, {.frames = 1}).contains("a canvas has at least one pixel"));
  CHECK(refusal(1, 0, {.frames = 1}).contains("a canvas has at least one pixel"));
  CHECK(refusal_of([] { encode_animation({}); }).contains("at least one frame"));
}

TEST_CASE("an image that encode() refuses is refused, and the right one can follow") {
  canvas_of_4x3 given;
  image_view wrong = given.picture;
  wrong.pixels = wrong.pixels.first(3);
  CHECK(refusal_of([&] { given.encoder.add_frame(wrong); }).contains("3 bytes of pixels do not hold"));
  given.encoder.add_frame(given.picture);
  CHECK(refusal_of([&] { given.encoder.add_frame(wrong); }).contains("3 bytes of pixels do not hold"));
  given.encoder.add_frame(given.picture);
  given.encoder.finish();
  CHECK(decode_animation(given.sink.take()).frames.size() == 2);
}

}  // namespace
}  // namespace gauntlet::png::test
