#include "box_filter.hpp"

namespace png = gauntlet::png;

namespace {

/// Where box `index` of `count` begins when `size` pixels are shared out among them.
std::uint32_t boundary(std::uint32_t index, std::uint32_t count, std::uint32_t size) {
  return static_cast<std::uint32_t>(std::uint64_t{index} * size / count);
}

std::byte rounded_mean(std::uint64_t sum, std::uint64_t count) {
  return static_cast<std::byte>(count == 0 ? 0 : (sum + count / 2) / count);
}

}  // namespace

box_filter::box_filter(std::uint32_t source_width, std::uint32_t source_height, std::uint32_t width,
                       std::uint32_t height)
    : source_width_(source_width),
      source_height_(source_height),
      sums_(width),
      target_(png::header_of(width, height)) {}

void box_filter::add_row(std::span<const std::byte> row) {
  std::uint32_t x = 0;
  for (std::uint32_t column = 0; column < target_.width(); ++column) {
    sums& box = sums_[column];
    for (const std::uint32_t end = boundary(column + 1, target_.width(), source_width_); x < end; ++x) {
      const auto pixel = row.subspan(std::size_t{x} * 4, 4);
      const auto alpha = std::to_integer<std::uint64_t>(pixel[3]);
      for (std::size_t i = 0; i < 3; ++i) box.color[i] += std::to_integer<std::uint64_t>(pixel[i]) * alpha;
      box.alpha += alpha;
      ++box.pixels;
    }
  }
  ++source_y_;
  if (source_y_ == boundary(target_y_ + 1, target_.height(), source_height_)) finish_target_row();
}

void box_filter::finish_target_row() {
  const std::span<std::byte> row = target_.row(target_y_++);
  for (std::size_t column = 0; column < sums_.size(); ++column) {
    const sums& box = sums_[column];
    for (std::size_t i = 0; i < 3; ++i) row[column * 4 + i] = rounded_mean(box.color[i], box.alpha);
    row[column * 4 + 3] = rounded_mean(box.alpha, box.pixels);
  }
  sums_.assign(sums_.size(), {});
}
