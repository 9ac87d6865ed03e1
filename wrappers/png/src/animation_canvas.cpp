#include "animation_canvas.hpp"

#include <algorithm>

namespace gauntlet::png::detail {
namespace {

constexpr std::size_t pixel_size = 4;

/// The alpha of both are parts of 255, so the sums are parts of 255 * 255: nothing is rounded but the result.
/// The specification's variant for backgrounds that are transparent themselves, with its pixels that need no
/// arithmetic.
void lay_over(std::span<const std::byte, pixel_size> source, std::span<std::byte, pixel_size> target) {
  const auto source_alpha = std::to_integer<std::uint32_t>(source[3]);
  const auto target_alpha = std::to_integer<std::uint32_t>(target[3]);
  if (source_alpha == 0) return;
  if (source_alpha == 255 || target_alpha == 0) {
    std::ranges::copy(source, target.begin());
    return;
  }
  const std::uint32_t source_part = source_alpha * 255;
  const std::uint32_t target_part = (255 - source_alpha) * target_alpha;
  const std::uint32_t whole = source_part + target_part;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto sum = std::to_integer<std::uint32_t>(source[i]) * source_part +
                     std::to_integer<std::uint32_t>(target[i]) * target_part;
    target[i] = static_cast<std::byte>((sum + whole / 2) / whole);
  }
  target[3] = static_cast<std::byte>((whole + 127) / 255);
}

void lay_row_over(std::span<const std::byte> source, std::span<std::byte> target) {
  for (std::size_t at = 0; at < source.size(); at += pixel_size)
    lay_over(source.subspan(at).first<pixel_size>(), target.subspan(at).first<pixel_size>());
}

}  // namespace

animation_canvas::animation_canvas(std::uint32_t width, std::uint32_t height, std::source_location where)
    : pixels_(header_of(width, height, format::rgba8, where), {}, format::rgba8, where) {
  std::ranges::fill(pixels_.pixels(), std::byte{0});
}

std::span<std::byte> animation_canvas::row_of(const frame_control& place, std::uint32_t y) {
  return pixels_.row(place.y + y).subspan(place.x * pixel_size, place.width * pixel_size);
}

void animation_canvas::show(const image& pixels, const frame_control& control) {
  dispose_of_last();
  last_ = control;
  // Under the first frame there is nothing, and nothing comes back: the rule that it counts as background.
  if (control.dispose == dispose_op::previous) save(control);
  for (std::uint32_t y = 0; y < control.height; ++y) {
    if (control.blend == blend_op::over) {
      lay_row_over(pixels.row(y), row_of(control, y));
    } else {
      std::ranges::copy(pixels.row(y), row_of(control, y).begin());
    }
  }
}

void animation_canvas::save(const frame_control& place) {
  under_last_.clear();
  for (std::uint32_t y = 0; y < place.height; ++y) {
    const auto row = row_of(place, y);
    under_last_.insert(under_last_.end(), row.begin(), row.end());
  }
}

void animation_canvas::dispose_of_last() {
  std::span<const std::byte> saved = under_last_;
  for (std::uint32_t y = 0; y < last_.height; ++y) {
    const auto row = row_of(last_, y);
    if (last_.dispose == dispose_op::background) std::ranges::fill(row, std::byte{0});
    if (last_.dispose != dispose_op::previous) continue;
    std::ranges::copy(saved.first(row.size()), row.begin());
    saved = saved.subspan(row.size());
  }
}

}  // namespace gauntlet::png::detail
