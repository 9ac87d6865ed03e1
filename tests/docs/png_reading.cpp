// The first half of docs/png.md. `scripts/gauntlet lanes --write-docs` copies there what stands between
// [shown] and [end].

#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "in_folder.hpp"

// [shown]
#include <gauntlet/png.hpp>
namespace png = gauntlet::png;
// [end]

namespace {

using png::test::bytes;

png::image noise(png::color_type color, std::uint8_t bit_depth) {
  return png::test::make_picture({color, bit_depth}, 20, 10);
}

void write_noise(png::color_type color, std::uint8_t bit_depth, const png::encode_options& options = {}) {
  png::encode_file("in.png", noise(color, bit_depth), options);
}

// As large as what was shown, so that a test can say that all of it was.
std::size_t shown = 0;
void show(std::span<const std::byte> row) { shown += row.size(); }
void show(const png::image& picture) { shown += picture.pixels().size(); }

TEST_CASE("docs: a file to pixels") {
  const in_folder here;
  write_noise(png::color_type::palette, 4);
  // [shown]
  png::image picture = png::decode(png::file_source{"in.png"}, {.format = png::format::rgba8});
  for (png::pixel::rgba8& pixel : picture.pixels_as<png::pixel::rgba8>()) pixel.alpha = 255;
  // [end]
  CHECK(picture.row_as<png::pixel::rgba8>(9)[19].alpha == 255);
}

// [shown]
struct stdio_source {
  std::FILE* file;
  std::size_t read(std::span<std::byte> out) { return std::fread(out.data(), 1, out.size(), file); }
};
// [end]

TEST_CASE("docs: from memory, and from a source of one's own") {
  const in_folder here;
  write_noise(png::color_type::rgb, 8);
  const bytes file = png::test::read_file("in.png");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(std::fopen("in.png", "rb"), std::fclose);
  // [shown]
  png::image from_memory = png::decode(file);  // a std::vector<std::byte>, or any span of them
  png::image from_stdio = png::decode(stdio_source{opened.get()});
  // [end]
  CHECK(png::test::same_pixels(from_memory, from_stdio));
}

TEST_CASE("docs: row by row") {
  const in_folder here;
  write_noise(png::color_type::rgb, 16);
  shown = 0;
  // [shown]
  png::decoder decoder{png::file_source{"in.png"}};
  if (decoder.header().width > 4096) throw std::runtime_error("too wide for this program");

  png::row_reader rows = std::move(decoder).start(png::transform::expand | png::transform::scale_16);
  for (std::span<const std::byte> row : rows) show(row);
  // [end]
  CHECK(shown == 20 * 10 * 3);
  CHECK(rows.header().bit_depth == 8);
}

TEST_CASE("docs: into one's own memory, the bottom row first") {
  const in_folder here;
  write_noise(png::color_type::rgb, 8);
  // [shown]
  png::row_reader rows =
      png::decoder{png::file_source{"in.png"}}.start(png::transform::expand | png::transform::bgr);
  const png::header size = rows.header();
  const std::size_t stride = (size.row_bytes + 3) / 4 * 4;  // bitmaps want rows of whole words
  std::vector<std::byte> bitmap(stride * size.height);
  rows.read_all_into(bitmap, -static_cast<std::ptrdiff_t>(stride));
  // [end]
  const png::image top_down = png::decode(png::file_source{"in.png"}, {.format = png::format::bgr8});
  CHECK(bitmap[stride * 9] == top_down.row(0)[0]);
  CHECK(bitmap[59] == top_down.row(9)[59]);
}

TEST_CASE("docs: an interlaced image while it loads") {
  const in_folder here;
  write_noise(png::color_type::rgb, 8, {.interlaced = true});
  shown = 0;
  // [shown]
  png::decoder decoder{png::file_source{"in.png"}};
  png::pass_reader passes =
      std::move(decoder).start_passes(png::display::blocks, {.flags = png::transform::expand});
  while (passes.next()) show(passes.picture());
  // [end]
  CHECK(shown == 7 * 20 * 10 * 3);
}

struct socket_of_a_file {
  bytes file;
  std::size_t at = 0;
  std::span<const std::byte> receive() {
    const std::size_t size = std::min<std::size_t>(100, file.size() - at);
    at += size;
    return std::span(file).subspan(at - size, size);
  }
};

TEST_CASE("docs: bytes from a socket, by callbacks") {
  socket_of_a_file socket{png::encode(noise(png::color_type::palette, 8))};
  shown = 0;
  // [shown]
  png::push_decoder push{{
      .on_header = [](const png::push_decoder&) { return png::transforms{.flags = png::transform::expand}; },
      .on_row = [](const png::row_event& row) { show(row.pixels); },
      .on_end = {},
  }};
  for (auto slice = socket.receive(); !slice.empty(); slice = socket.receive()) push.feed(slice);
  push.finish();  // throws png::errc::truncated if the file is not whole
  // [end]
  CHECK(push.done());
  CHECK(shown > 20 * 10);
}

void show_all(socket_of_a_file socket) {
  // [shown]
  png::push_decoder push;
  while (!push.done()) {
    const auto slice = socket.receive();
    if (slice.empty())
      push.finish();  // next() throws png::errc::truncated if the file is not whole
    else
      push.feed(slice);
    while (const auto event = push.next()) {
      if (event->what == png::push_event::kind::header) push.start({.flags = png::transform::expand});
      if (event->what == png::push_event::kind::row) show(event->row.pixels);
    }
  }
  // [end]
}

TEST_CASE("docs: bytes from a socket, event by event") {
  bytes file = png::encode(noise(png::color_type::rgb, 8));
  shown = 0;
  show_all({file});
  CHECK(shown == 20 * 10 * 3);
  file.pop_back();
  const auto cut = gauntlet::attempt<png::error>([&] { show_all({file}); });
  REQUIRE_FALSE(cut.has_value());
  CHECK(cut.error().code() == png::errc::truncated);
}

void check_white_behind_nothing(std::uint8_t bit_depth) {
  INFO("depth " << int{bit_depth});
  const bytes transparent(20 * std::size_t{10} * 4 * bit_depth / 8);
  png::encode_file("in.png", {.width = 20, .height = 10, .bit_depth = bit_depth, .pixels = transparent});
  // [shown]
  png::row_reader on_white = png::decoder{png::file_source{"in.png"}}.start({
      .flags = png::transform::expand | png::transform::scale_16 | png::transform::gray_to_rgb,
      .gamma = png::gamma_correction{.screen = png::gamma_of_srgb},
      .background = png::background_fill{.color = {.red = 255, .green = 255, .blue = 255, .gray = 255}},
  });
  // [end]
  CHECK(on_white.header().channels == 3);
  while (const auto row = on_white.next())
    for (const std::byte sample : *row) CHECK(sample == std::byte{255});
}

TEST_CASE("docs: gamma and a background") {
  const in_folder here;
  check_white_behind_nothing(8);
  check_white_behind_nothing(16);
}

TEST_CASE("docs: gray") {
  const in_folder here;
  write_noise(png::color_type::rgb, 8);
  // [shown]
  png::row_reader gray =
      png::decoder{png::file_source{"in.png"}}.start({.rgb_to_gray = png::gray_conversion{}});
  while (const auto row = gray.next()) show(*row);
  const bool was_colored = gray.found_color();
  // [end]
  CHECK(was_colored);
  CHECK(gray.header().channels == 1);
}

TEST_CASE("docs: 16 bits, and a change of one's own") {
  const in_folder here;
  write_noise(png::color_type::rgb, 8);
  // [shown]
  png::image deep = png::decode(png::file_source{"in.png"}, {.format = png::format::rgb16});
  std::uint16_t first = deep.pixels_as<png::pixel::rgb16>()[0].red;

  const auto negate = [](const png::row_info&, std::span<std::byte> row) {
    for (std::byte& sample : row) sample = ~sample;
  };
  png::row_reader negative =
      png::decoder{png::file_source{"in.png"}}.start({.user = png::user_transform{.change = negate}});
  // [end]
  const std::span<const std::byte> row = negative.next().value();
  CHECK(first == 257 * std::to_integer<int>(~row[0]));
}

TEST_CASE("docs: a palette as it is") {
  const in_folder here;
  write_noise(png::color_type::palette, 8);
  // [shown]
  png::image indexed = png::decode(png::file_source{"in.png"});  // png::format::native
  const std::vector<png::rgb>& palette = indexed.colors().palette;
  // [end]
  CHECK(indexed.header().color == png::color_type::palette);
  CHECK_FALSE(palette.empty());
}

TEST_CASE("docs: colours to a palette of one's own") {
  const in_folder here;
  write_noise(png::color_type::rgb, 8);
  // [shown]
  png::row_reader indices = png::decoder{png::file_source{"in.png"}}.start({
      .quantize = png::quantization{.palette = png::grayscale_palette(4), .maximum_colors = 16},
  });
  const std::vector<png::rgb> meaning = indices.colors().palette;
  // [end]
  CHECK(indices.header().channels == 1);
  CHECK(meaning.size() == 16);
  while (const auto row = indices.next())
    for (const std::byte index : *row) CHECK(std::to_integer<int>(index) < 16);
}

}  // namespace
