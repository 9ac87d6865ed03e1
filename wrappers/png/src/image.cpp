#include "gauntlet/png/image.hpp"

#include <limits>
#include <string>
#include <utility>

#include "formats.hpp"
#include "gauntlet/error.hpp"

namespace gauntlet::png {
namespace {

void require_row(const header& header, std::uint32_t y, std::source_location where) {
  if (y < header.height) return;
  throw misuse("png::image::row",
               "row " + std::to_string(y) + " of an image with " + std::to_string(header.height) + " rows",
               where);
}

/// Pixels smaller than a byte leave bits of a row's last byte that libpng does not write: they must not be
/// shown as garbage.
bool has_unused_bits(const header& header) { return header.bit_depth * header.channels < 8; }

std::unique_ptr<std::byte[]> allocate(const header& header, std::source_location where) {
  if (header.height != 0 && header.row_bytes > std::numeric_limits<std::size_t>::max() / 2 / header.height)
    throw misuse("png::image", "the rows together are larger than memory can be", where);
  const std::size_t size = header.row_bytes * header.height;
  if (has_unused_bits(header)) return std::make_unique<std::byte[]>(size);
  return std::make_unique_for_overwrite<std::byte[]>(size);
}

std::uint8_t channels_of(color_type color) {
  switch (color) {
    case color_type::gray:
    case color_type::palette:
      return 1;
    case color_type::gray_alpha:
      return 2;
    case color_type::rgb:
      return 3;
    case color_type::rgba:
      return 4;
  }
  return 0;
}

bool exists(color_type color, std::uint8_t bit_depth) {
  switch (color) {
    case color_type::gray:
      return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 || bit_depth == 8 || bit_depth == 16;
    case color_type::palette:
      return bit_depth == 1 || bit_depth == 2 || bit_depth == 4 || bit_depth == 8;
    case color_type::gray_alpha:
    case color_type::rgb:
    case color_type::rgba:
      return bit_depth == 8 || bit_depth == 16;
  }
  return false;
}

}  // namespace

image::image(const png::header& header, color_table colors, png::format format, std::source_location where)
    : header_(header), colors_(std::move(colors)), format_(format), pixels_(allocate(header, where)) {
  if (format == format::native) return;
  const detail::format_facts facts = detail::facts_of(format, where);
  if (facts.color != header.color || facts.bit_depth != header.bit_depth)
    throw misuse("png::image", "rows of this header are not of this format", where);
}

// A moved-from image has no pixels, and must say so: its spans would else point nowhere.
image::image(image&& other) noexcept
    : header_(std::exchange(other.header_, {})),
      colors_(std::move(other.colors_)),
      format_(other.format_),
      pixels_(std::move(other.pixels_)) {}

image& image::operator=(image&& other) noexcept {
  if (this == &other) return *this;  // a vector that is moved to itself may be empty afterwards
  header_ = std::exchange(other.header_, {});
  colors_ = std::move(other.colors_);
  format_ = other.format_;
  pixels_ = std::move(other.pixels_);
  return *this;
}

std::span<std::byte> image::row(std::uint32_t y, std::source_location where) {
  require_row(header_, y, where);
  return pixels().subspan(y * header_.row_bytes, header_.row_bytes);
}

std::span<const std::byte> image::row(std::uint32_t y, std::source_location where) const {
  require_row(header_, y, where);
  return pixels().subspan(y * header_.row_bytes, header_.row_bytes);
}

image::operator image_view() const& noexcept {
  return {.width = width(),
          .height = height(),
          .color = header_.color,
          .bit_depth = header_.bit_depth,
          .pixels = pixels(),
          .stride = stride(),
          .colors = &colors_,
          .format = format_};
}

void image::require_format(png::format wanted, std::source_location where) const {
  if (format_ != wanted)
    throw misuse("png::image", "the pixels are of another format; decode() or convert() to the one wanted",
                 where);
}

header header_of(std::uint32_t width, std::uint32_t height, color_type color, std::uint8_t bit_depth,
                 std::source_location where) {
  if (!exists(color, bit_depth))
    throw misuse("png::header_of",
                 "PNG has no images of color type " + std::to_string(static_cast<unsigned>(color)) +
                     " with " + std::to_string(bit_depth) + " bits per sample",
                 where);
  header found{.width = width, .height = height, .bit_depth = bit_depth, .color = color};
  found.channels = channels_of(color);
  const std::uint64_t bits = std::uint64_t{width} * bit_depth * found.channels;
  found.row_bytes = static_cast<std::size_t>((bits + 7) / 8);
  return found;
}

header header_of(std::uint32_t width, std::uint32_t height, format format, std::source_location where) {
  const detail::format_facts facts = detail::facts_of(format, where);
  return header_of(width, height, facts.color, facts.bit_depth, where);
}

}  // namespace gauntlet::png
