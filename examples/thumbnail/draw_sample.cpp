// draw_sample OUTPUT.png: draws the sample that `scripts/gauntlet demo` shows: hills under an evening sky,
// with a sun whose edge is drawn with alpha.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>

#include <gauntlet/png.hpp>

namespace png = gauntlet::png;

namespace {

constexpr std::uint32_t width = 960;
constexpr std::uint32_t height = 600;

struct color {
  double red, green, blue;
};

color mix(color a, color b, double share) {
  const double rest = 1 - share;
  return {a.red * rest + b.red * share, a.green * rest + b.green * share, a.blue * rest + b.blue * share};
}

double hill(double x, double base, double swing, double period, double phase) {
  return base + swing * std::sin(x / period + phase) + swing / 3 * std::sin(x / period * 2.7 + phase * 2);
}

color draw(double x, double y) {
  color pixel = mix({38, 40, 92}, {250, 150, 90}, y / 420);
  const double distance = std::hypot(x - 640, y - 300);
  pixel = mix(pixel, {255, 226, 150}, std::clamp(1 - (distance - 10) / 320, 0.0, 1.0) * 0.7);
  pixel = mix(pixel, {255, 247, 214}, std::clamp((72 - distance) / 3, 0.0, 1.0));
  if (y > hill(x, 360, 34, 110, 0.4)) pixel = mix({124, 78, 112}, {160, 96, 110}, (y - 330) / 270);
  if (y > hill(x, 430, 30, 83, 2.1)) pixel = mix({74, 52, 92}, {96, 62, 96}, (y - 400) / 200);
  if (y > hill(x, 505, 22, 61, 4.0)) pixel = mix({34, 30, 58}, {20, 20, 38}, (y - 480) / 120);
  return pixel;
}

/// The picture fades out towards its rounded frame.
double alpha(double x, double y) {
  const double outside =
      std::hypot(std::max({40 - x, x - (width - 40), 0.0}), std::max({40 - y, y - (height - 40), 0.0}));
  return std::clamp(40 - outside, 0.0, 1.0);
}

std::byte to_byte(double value) { return static_cast<std::byte>(std::clamp(std::lround(value), 0L, 255L)); }

png::image draw_all() {
  png::image picture(png::header_of(width, height));
  for (std::uint32_t y = 0; y < height; ++y) {
    const std::span<std::byte> row = picture.row(y);
    for (std::uint32_t x = 0; x < width; ++x) {
      const color pixel = draw(x, y);
      const std::span<std::byte> target = row.subspan(std::size_t{x} * 4, 4);
      target[0] = to_byte(pixel.red);
      target[1] = to_byte(pixel.green);
      target[2] = to_byte(pixel.blue);
      target[3] = to_byte(alpha(x, y) * 255);
    }
  }
  return picture;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::fputs("usage: draw_sample OUTPUT.png\n", stderr);
    return 2;
  }
  try {
    const png::metadata metadata{
        .texts = {{.key = "Title", .value = "Hills at dusk"},
                  {.key = "Author", .value = "The Gauntlet authors"},
                  {.key = "Description",
                   .value = "Drawn by examples/thumbnail/draw_sample.cpp",
                   .international = true,
                   .language = "en"}},
        .gamma = 45455,
        .srgb = png::rendering_intent::perceptual,
        .physical = png::physical{.x = 3780, .y = 3780, .per_metre = true},
        .modified = png::time{.year = 2026, .month = 11, .day = 21},
    };
    png::encode_file(words[1], draw_all(), {.level = 9, .metadata = metadata});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "draw_sample: %s\n", failure.what());
    return 1;
  }
}
