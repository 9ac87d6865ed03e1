#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <gauntlet/png.hpp>

/// Scales rgba8 rows down as they come, holding no more than one row of sums and the result. Each target
/// pixel is the mean of the source pixels in its box, weighted by their alpha, so that transparent pixels
/// lend no colour.
class box_filter {
 public:
  /// Target sizes from 1 to the source's.
  box_filter(std::uint32_t source_width, std::uint32_t source_height, std::uint32_t width,
             std::uint32_t height);

  /// The next source row, from the top: source_width times 4 bytes.
  void add_row(std::span<const std::byte> row);
  /// After the last row.
  gauntlet::png::image take() { return std::move(target_); }

 private:
  struct sums {
    std::array<std::uint64_t, 3> color{};  // each times alpha
    std::uint64_t alpha = 0;
    std::uint64_t pixels = 0;
  };

  void finish_target_row();

  std::uint32_t source_width_;
  std::uint32_t source_height_;
  std::uint32_t source_y_ = 0;
  std::uint32_t target_y_ = 0;
  std::vector<sums> sums_;  // one a target column
  gauntlet::png::image target_;
};
