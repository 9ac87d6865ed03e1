#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "animation_support.hpp"

namespace gauntlet::png::test {
namespace {

constexpr dispose_op all_disposals[] = {dispose_op::none, dispose_op::background, dispose_op::previous};
constexpr blend_op all_blends[] = {blend_op::source, blend_op::over};

// Noise whose alpha is often none or all, as in real pictures.
image soft_picture(std::uint32_t width, std::uint32_t height, unsigned seed) {
  image picture = make_picture({color_type::rgba, 8}, width, height, seed);
  for (std::size_t at = 3; at < picture.pixels().size(); at += 4) {
    std::byte& alpha = picture.pixels()[at];
    if (alpha < std::byte{64}) alpha = std::byte{0};
    if (alpha > std::byte{192}) alpha = std::byte{255};
  }
  return picture;
}

struct step {
  frame_options options;
  image pixels;
};

bytes file_of(std::uint32_t width, std::uint32_t height, const std::vector<step>& steps,
              const image* default_image = nullptr) {
  memory_sink sink;
  animation_encoder encoder(sink, width, height, {.frames = static_cast<std::uint32_t>(steps.size())});
  if (default_image != nullptr) encoder.set_default_image(*default_image);
  for (const step& each : steps) encoder.add_frame(each.pixels, each.options);
  encoder.finish();
  return sink.take();
}

void check_composition(std::uint32_t width, std::uint32_t height, const std::vector<step>& steps,
                       const image* default_image = nullptr) {
  std::vector<reference_frame> frames;
  for (const step& each : steps) {
    image copy(each.pixels.header());
    std::ranges::copy(each.pixels.pixels(), copy.pixels().begin());
    frames.push_back({std::move(copy),
                      {.width = each.pixels.width(),
                       .height = each.pixels.height(),
                       .x = each.options.x,
                       .y = each.options.y,
                       .delay = {},
                       .dispose = each.options.dispose,
                       .blend = each.options.blend}});
  }
  const std::vector<bytes> expected = reference_canvases(width, height, frames);
  animation_decoder decoder{owning_source(file_of(width, height, steps, default_image))};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    INFO("frame " << i);
    const auto shown = decoder.next();
    REQUIRE(shown);
    CHECK(shown->control == frames[i].control);
    CHECK(same_bytes(shown->canvas.pixels, expected[i]));
  }
  CHECK_FALSE(decoder.next());
}

// Three frames that overlap, with every pair of operations on the first two.
TEST_CASE("every dispose and blend operation composes as the specification says") {
  for (const dispose_op first_dispose : all_disposals)
    for (const blend_op first_blend : all_blends)
      for (const dispose_op second_dispose : all_disposals)
        for (const blend_op second_blend : all_blends) {
          INFO("first " << static_cast<int>(first_dispose) << static_cast<int>(first_blend) << ", second "
                        << static_cast<int>(second_dispose) << static_cast<int>(second_blend));
          std::vector<step> steps;
          steps.push_back({{.dispose = first_dispose, .blend = first_blend}, soft_picture(9, 7, 1)});
          steps.push_back(
              {{.x = 2, .y = 1, .dispose = second_dispose, .blend = second_blend}, soft_picture(5, 4, 2)});
          steps.push_back({{.x = 3, .y = 3, .blend = blend_op::over}, soft_picture(6, 4, 3)});
          check_composition(9, 7, steps);
        }
}

TEST_CASE("behind a default image that is no frame, the first frame may be anywhere and disposes of itself") {
  const image default_image = soft_picture(9, 7, 4);
  for (const dispose_op dispose : all_disposals)
    for (const blend_op blend : all_blends) {
      std::vector<step> steps;
      steps.push_back({{.x = 3, .y = 2, .dispose = dispose, .blend = blend}, soft_picture(4, 4, 1)});
      steps.push_back({{.x = 1, .y = 1, .blend = blend_op::over}, soft_picture(5, 5, 2)});
      check_composition(9, 7, steps, &default_image);
    }
}

TEST_CASE("several frames in a row can put back what they covered") {
  std::vector<step> steps;
  steps.push_back({{}, soft_picture(6, 6, 1)});
  for (unsigned i = 0; i < 4; ++i)
    steps.push_back({{.x = i, .y = i / 2, .dispose = dispose_op::previous, .blend = blend_op::over},
                     soft_picture(2 + i % 2, 3, 10 + i)});
  steps.push_back({{.blend = blend_op::over}, soft_picture(6, 6, 2)});
  check_composition(6, 6, steps);
}

TEST_CASE("dispose previous of the first frame clears, as the specification says") {
  const bytes file =
      gray_file({actl(2), fctl({.sequence = 0, .dispose = 2}), idat(gray_rows(10)),
                 fctl({.sequence = 1, .width = 1, .height = 1}), fdat(2, {std::byte{0}, std::byte{20}})});
  const std::vector<image> shown = canvases_of(animation_decoder{memory_source(file)});
  CHECK(bytes(shown[1].row(1).begin(), shown[1].row(1).end()) == bytes(8));
  CHECK(shown[1].row(0)[0] == std::byte{20});
  CHECK(shown[1].row(0)[4] == std::byte{0});
  CHECK(shown[1].row(0)[7] == std::byte{0});
}

// A ramp of alphas down the canvas, one across the frame that is laid on it; each channel has another pair of
// samples.
TEST_CASE("laying over is right for every pair of alphas, rounded to the nearest") {
  constexpr std::array<std::array<std::uint8_t, 3>, 3> backs{{{0, 1, 255}, {128, 255, 0}, {254, 77, 201}}};
  constexpr std::array<std::array<std::uint8_t, 3>, 3> fronts{{{255, 0, 128}, {1, 254, 128}, {0, 78, 13}}};
  for (std::size_t run = 0; run < backs.size(); ++run) {
    std::vector<step> steps;
    steps.push_back({{}, image(header_of(256, 256))});
    steps.push_back({{.blend = blend_op::over}, image(header_of(256, 256))});
    for (std::size_t at = 0; at < steps[0].pixels.pixels().size(); ++at) {
      const std::size_t x = at / 4 % 256;
      const std::size_t y = at / 4 / 256;
      const std::size_t i = at % 4;
      steps[0].pixels.pixels()[at] = static_cast<std::byte>(i == 3 ? y : backs[run][i]);
      steps[1].pixels.pixels()[at] = static_cast<std::byte>(i == 3 ? x : fronts[run][i]);
    }
    check_composition(256, 256, steps);
  }
}

TEST_CASE("frames of 16 bits and of a palette with alpha are composed in rgba8") {
  for (const pixel_format format :
       {pixel_format{color_type::rgba, 16}, pixel_format{color_type::palette, 8}}) {
    color_table colors;
    if (format.color == color_type::palette)
      for (unsigned i = 0; i < 256; ++i) {
        const auto sample = static_cast<std::uint8_t>(i);
        colors.palette.push_back({sample, static_cast<std::uint8_t>(255 - i), 7});
        colors.alpha.push_back(sample);
      }
    std::vector<image_view> views;
    const image first = make_picture(format, 8, 8, 1);
    const image second = make_picture(format, 5, 5, 2);
    for (const image* each : {&first, &second}) {
      views.push_back(*each);
      views.back().colors = &colors;
    }
    const std::vector<animation_frame> frames{{views[0], {}},
                                              {views[1], {.x = 1, .y = 2, .blend = blend_op::over}}};
    const bytes file = encode_animation(frames);

    std::vector<reference_frame> expected;
    expected.push_back({decode(encode(views[0]), {.format = format::rgba8}), {.width = 8, .height = 8}});
    expected.push_back({decode(encode(views[1]), {.format = format::rgba8}),
                        {.width = 5, .height = 5, .x = 1, .y = 2, .delay = {}, .blend = blend_op::over}});
    const std::vector<bytes> canvases = reference_canvases(8, 8, expected);
    const animation found = decode_animation(file);
    REQUIRE(found.frames.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(same_bytes(found.frames[i].canvas.pixels(), canvases[i]));
  }
}

TEST_CASE("delays are rounded to milliseconds, and a denominator of 0 means 100") {
  CHECK(frame_delay{.numerator = 1, .denominator = 0}.milliseconds().count() == 10);
  CHECK(frame_delay{.numerator = 1, .denominator = 3}.milliseconds().count() == 333);
  CHECK(frame_delay{.numerator = 2, .denominator = 3}.milliseconds().count() == 667);
  CHECK(frame_delay{.numerator = 0, .denominator = 7}.milliseconds().count() == 0);
  CHECK(frame_delay{.numerator = 65535, .denominator = 1}.milliseconds().count() == 65'535'000);
  CHECK(frame_delay{.numerator = 65535, .denominator = 65535}.milliseconds().count() == 1000);
}

TEST_CASE("a time becomes the most exact delay that APNG can hold") {
  using std::chrono::milliseconds;
  CHECK(delay_of(milliseconds(0)) == frame_delay{0, 1000});
  CHECK(delay_of(milliseconds(33)) == frame_delay{33, 1000});
  CHECK(delay_of(milliseconds(65'535)) == frame_delay{65'535, 1000});
  CHECK(delay_of(milliseconds(65'536)) == frame_delay{6'554, 100});
  CHECK(delay_of(milliseconds(655'360)) == frame_delay{6'554, 10});
  CHECK(delay_of(milliseconds(65'535'000)) == frame_delay{65'535, 1});
  for (const milliseconds out : {milliseconds(-1), milliseconds(65'535'001), milliseconds::max()})
    CHECK(std::string(thrown_by<misuse>([&] { return delay_of(out); }).what())
              .contains("a frame stays from 0 to 65535000 ms, not " + std::to_string(out.count())));
}

}  // namespace
}  // namespace gauntlet::png::test
