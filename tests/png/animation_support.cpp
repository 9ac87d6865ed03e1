#include "animation_support.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

namespace gauntlet::png::test {

// ---- files

namespace {

void add_16(bytes& to, std::uint16_t number) {
  to.push_back(static_cast<std::byte>(number >> 8));
  to.push_back(static_cast<std::byte>(number & 255));
}

chunk_place place_of(const bytes& file, std::string_view type, int n) {
  for (const chunk_place& place : chunks_of(file))
    if (place.type == type && n-- == 0) return place;
  throw std::runtime_error("no such chunk: " + std::string(type));
}

bytes part(const bytes& file, std::size_t begin, std::size_t end) {
  return {file.begin() + static_cast<std::ptrdiff_t>(begin), file.begin() + static_cast<std::ptrdiff_t>(end)};
}

bytes replaced(const bytes& file, const chunk_place& place, const bytes& by) {
  return joined({part(file, 0, place.begin), by, part(file, place.end, file.size())});
}

}  // namespace

bytes actl(std::uint32_t frames, std::uint32_t plays) {
  return chunk("acTL", joined({big_endian(frames), big_endian(plays)}));
}

bytes fctl_data(const fctl_fields& fields) {
  bytes data = joined({big_endian(fields.sequence), big_endian(fields.width), big_endian(fields.height),
                       big_endian(fields.x), big_endian(fields.y)});
  add_16(data, fields.delay_numerator);
  add_16(data, fields.delay_denominator);
  data.push_back(std::byte{fields.dispose});
  data.push_back(std::byte{fields.blend});
  return data;
}

bytes fctl(const fctl_fields& fields) { return chunk("fcTL", fctl_data(fields)); }

bytes fdat(std::uint32_t sequence, const bytes& rows, std::uint32_t chunks) {
  const bytes packed = deflated(rows);
  bytes all;
  for (std::uint32_t i = 0; i < chunks; ++i) {
    const bytes piece = part(packed, packed.size() * i / chunks, packed.size() * (i + 1) / chunks);
    all = joined({all, chunk("fdAT", joined({big_endian(sequence + i), piece}))});
  }
  return all;
}

bytes gray_rows(std::uint8_t sample) {
  const std::byte b{sample};
  return {std::byte{0}, b, b, std::byte{0}, b, b};
}

bytes gray_file(std::initializer_list<bytes> chunks) {
  return joined({signature(), ihdr(2, 2, 8, 0), joined(chunks), iend()});
}

bytes two_frames() {
  return gray_file({actl(2, 3), fctl({.sequence = 0}), idat(gray_rows(10)), fctl({.sequence = 1}),
                    fdat(2, gray_rows(20))});
}

bytes two_frames_behind_default() {
  return gray_file({actl(2), idat(gray_rows(99)), fctl({.sequence = 0}), fdat(1, gray_rows(10)),
                    fctl({.sequence = 2}), fdat(3, gray_rows(20))});
}

bytes with_data(const bytes& file, std::string_view type, int n, const bytes& data) {
  return replaced(file, place_of(file, type, n), chunk(type, data));
}

bytes without(const bytes& file, std::string_view type, int n) {
  return replaced(file, place_of(file, type, n), {});
}

bytes with_before(const bytes& file, std::string_view type, int n, const bytes& chunks) {
  const chunk_place place = place_of(file, type, n);
  return joined({part(file, 0, place.begin), chunks, part(file, place.begin, file.size())});
}

bytes data_of(const bytes& file, std::string_view type, int n) {
  const chunk_place place = place_of(file, type, n);
  return part(file, place.begin + 8, place.end - 4);
}

std::vector<image> canvases_of(animation_decoder decoder) {
  std::vector<image> all;
  while (const auto frame = decoder.next()) {
    image copy(header_of(frame->canvas.width, frame->canvas.height));
    std::ranges::copy(frame->canvas.pixels, copy.pixels().begin());
    all.push_back(std::move(copy));
  }
  return all;
}

// ---- the reference

namespace {

using pixel = std::array<double, 4>;  // as in the file: 0 to 255

struct reference_canvas {
  std::uint32_t width;
  std::vector<pixel> pixels;

  pixel& at(std::uint32_t x, std::uint32_t y) { return pixels[std::size_t{y} * width + x]; }
};

pixel pixel_of(const image& from, std::uint32_t x, std::uint32_t y) {
  pixel found{};
  for (std::size_t i = 0; i < 4; ++i)
    found[i] = std::to_integer<int>(from.pixels()[(std::size_t{y} * from.width() + x) * 4 + i]);
  return found;
}

// The sums are whole numbers below 2^53, so the one division decides what is rounded to what.
pixel over(const pixel& front, const pixel& back) {
  const double weight = front[3] * 255;
  const double rest = back[3] * (255 - front[3]);
  if (front[3] == 0) return back;
  pixel found{};
  for (std::size_t i = 0; i < 3; ++i)
    found[i] = std::floor((front[i] * weight + back[i] * rest) / (weight + rest) + 0.5);
  found[3] = std::floor((weight + rest) / 255 + 0.5);
  return found;
}

void draw(reference_canvas& canvas, const reference_frame& frame) {
  for (std::uint32_t y = 0; y < frame.control.height; ++y)
    for (std::uint32_t x = 0; x < frame.control.width; ++x) {
      pixel& target = canvas.at(frame.control.x + x, frame.control.y + y);
      const pixel source = pixel_of(frame.pixels, x, y);
      target = frame.control.blend == blend_op::over ? over(source, target) : source;
    }
}

bytes bytes_of(const reference_canvas& canvas) {
  bytes all;
  for (const pixel& p : canvas.pixels)
    for (const double sample : p) all.push_back(static_cast<std::byte>(sample));
  return all;
}

}  // namespace

std::vector<bytes> reference_canvases(std::uint32_t width, std::uint32_t height,
                                      const std::vector<reference_frame>& frames) {
  reference_canvas canvas{width, std::vector<pixel>(std::size_t{width} * height)};
  std::vector<bytes> shown;
  for (const reference_frame& frame : frames) {
    const reference_canvas before = canvas;
    draw(canvas, frame);
    shown.push_back(bytes_of(canvas));
    dispose_op dispose = frame.control.dispose;
    if (shown.size() == 1 && dispose == dispose_op::previous) dispose = dispose_op::background;
    if (dispose == dispose_op::previous) canvas = before;
    if (dispose == dispose_op::background)
      for (std::uint32_t y = 0; y < frame.control.height; ++y)
        for (std::uint32_t x = 0; x < frame.control.width; ++x)
          canvas.at(frame.control.x + x, frame.control.y + y) = pixel{};
  }
  return shown;
}

}  // namespace gauntlet::png::test
