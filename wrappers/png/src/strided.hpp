#pragma once
/// Where rows lie in memory of the caller's, checked once so that every row is inside.

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>

namespace gauntlet::png::detail {

class strided_rows {
 public:
  /// stride: bytes from one row to the next, 0 for row_bytes, negative where the first row is the last in
  /// memory. Throws misuse if rows would overlap, or do not fit into size bytes.
  strided_rows(std::string_view operation, std::size_t size, std::size_t row_bytes, std::size_t rows,
               std::ptrdiff_t stride, std::source_location where);

  std::size_t begin_of(std::size_t row) const noexcept {
    return (upside_down_ ? rows_ - 1 - row : row) * step_;
  }

 private:
  std::size_t rows_;
  std::size_t step_;
  bool upside_down_;
};

}  // namespace gauntlet::png::detail
