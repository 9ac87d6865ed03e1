// What libpng is lent: code of the user's runs in the middle of a call, or between two.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <gauntlet/png.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "touch.hpp"

namespace gauntlet::lends {
namespace {

constexpr std::uint32_t width = 253;  // of one byte each: as the others'
constexpr std::uint32_t height = 4;

std::vector<std::byte> file(bool interlaced = false) {
  std::vector<std::byte> pixels(std::size_t{width} * height);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::byte>(i % 251);
  return png::encode({.width = width,
                      .height = height,
                      .color = png::color_type::gray,
                      .bit_depth = 8,
                      .pixels = pixels,
                      .stride = 0,
                      .colors = nullptr,
                      .format = png::format::native},
                     {.level = 0, .interlaced = interlaced});
}

/// Calls once what it was given, when it is read from, or written to.
struct interruption {
  std::function<void()> call{};
  void run() {
    if (const std::function<void()> now = std::exchange(call, nullptr)) now();
  }
};

struct interrupted_source {
  std::span<const std::byte> left;
  interruption* at;
  std::size_t read(std::span<std::byte> into) {
    at->run();
    const std::span<const std::byte> part = left.first(std::min(left.size(), into.size()));
    std::ranges::copy(part, into.begin());
    left = left.subspan(part.size());
    return part.size();
  }
};

struct interrupted_sink {
  interruption* at;
  void write(std::span<const std::byte>) { at->run(); }
  void flush() { at->run(); }
};

void read_row(touch how) {
  const std::vector<std::byte> bytes = file();
  interruption at;
  png::row_reader rows = png::decoder(interrupted_source{bytes, &at}).start();
  lent_block block(how, width);
  at.call = [&] { block.in_flight(); };
  rows.read_into(block.bytes());
  block.returned();
}

/// Of a picture that becomes better, the row that is being read.
void read_pass(touch how) {
  const std::vector<std::byte> bytes = file(true);
  interruption at;
  png::pass_reader passes = png::decoder(interrupted_source{bytes, &at}).start_passes(png::display::sparkle);
  const std::span<const std::byte> shown = passes.picture().row(0);
  // SAFETY: it is memory of a vector's, and no constant.
  const std::span row(const_cast<std::byte*>(shown.data()), shown.size());
  at.call = [&] {
    if (how != touch::neighbour) in_flight(how, row);
  };
  passes.next();
  returned(how, row);
}

void write_row(touch how) {
  interruption at;
  png::encoder<interrupted_sink> encoder(interrupted_sink{&at},
                                         png::header_of(width, height, png::color_type::gray, 8),
                                         {.level = 0, .flush_rows = 1});
  lent_block block(how, width);
  at.call = [&] { block.in_flight(); };
  encoder.write_row(block.bytes());
  block.returned();
}

void write_chunk(touch how) {
  interruption at;
  png::encoder<interrupted_sink> encoder(interrupted_sink{&at},
                                         png::header_of(width, height, png::color_type::gray, 8));
  lent_block block(how, width);
  at.call = [&] { block.in_flight(); };
  encoder.write_chunk("teSt", block.bytes());
  block.returned();
}

void feed(touch how) {
  const std::vector<std::byte> bytes = file();
  lent_block block(how, bytes.size());
  std::ranges::copy(bytes, block.bytes().begin());
  interruption at{[&] { block.in_flight(); }};
  // Before libpng has read what is touched: its own reads, byte by byte, would take the place in
  // ThreadSanitizer's memory.
  png::push_decoder push(png::push_callbacks{.on_header = [&](const png::push_decoder&) {
    at.run();
    return png::transforms{};
  }});
  try {
    push.feed(block.bytes());
  } catch (const png::error&) {  // NOLINT(bugprone-empty-catch): what was changed is no file any more
  }
  block.returned();
}

/// A row that is looked at when the next one is told.
void told_row(touch how) {
  const std::vector<std::byte> bytes = file();
  std::span<std::byte> before;
  png::push_decoder push(png::push_callbacks{.on_row = [&](const png::row_event& row) {
    // SAFETY: it is memory of a vector's, and no constant.
    const std::span now(const_cast<std::byte*>(row.pixels.data()), row.pixels.size());
    if (how == touch::after) returned(how, now);
    if (!before.empty() && how != touch::neighbour) in_flight(how, before);
    before = now;
  }});
  push.feed(bytes);
}

/// The file itself, before its end was read.
void read_in_memory(touch how) {
  const std::vector<std::byte> bytes = file();
  lent_block block(how, bytes.size());
  std::ranges::copy(bytes, block.bytes().begin());
  std::optional<png::row_reader> rows = png::decoder(png::memory_source(block.bytes())).start();
  for (std::uint32_t y = 0; y < height; ++y) rows->next();
  block.in_flight();
  rows.reset();
  block.returned();
}

constexpr std::array<named_kind, 7> kinds{{
    {"png row_reader::read_into", read_row},
    {"png pass_reader::next", read_pass, false, true},
    {"png encoder::write_row", write_row, true},
    {"png encoder::write_chunk", write_chunk, true},
    {"png push_decoder::feed", feed, true},
    {"png push_decoder's row, told", told_row, false, true},
    {"png memory_source", read_in_memory, true},
}};

}  // namespace

std::span<const named_kind> kinds_of_png() noexcept { return kinds; }

}  // namespace gauntlet::lends
