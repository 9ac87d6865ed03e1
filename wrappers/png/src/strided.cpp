#include "strided.hpp"

#include <limits>
#include <string>

#include "gauntlet/error.hpp"

namespace gauntlet::png::detail {
namespace {

std::size_t step_of(std::ptrdiff_t stride, std::size_t row_bytes) {
  if (stride == 0) return row_bytes;
  if (stride > 0) return static_cast<std::size_t>(stride);
  if (stride == std::numeric_limits<std::ptrdiff_t>::min())
    return 0;  // has no opposite; refused as too short
  return static_cast<std::size_t>(-stride);
}

}  // namespace

strided_rows::strided_rows(std::string_view operation, std::size_t size, std::size_t row_bytes,
                           std::size_t rows, std::ptrdiff_t stride, std::source_location where)
    : rows_(rows), step_(step_of(stride, row_bytes)), upside_down_(stride < 0) {
  if (step_ < row_bytes)
    throw misuse(
        operation,
        "the stride is " + std::to_string(stride) + ", but a row has " + std::to_string(row_bytes) + " bytes",
        where);
  if (rows == 0) return;
  if (size < row_bytes || (step_ != 0 && (size - row_bytes) / step_ < rows - 1))
    throw misuse(operation,
                 std::to_string(size) + " bytes of pixels do not hold " + std::to_string(rows) + " rows of " +
                     std::to_string(row_bytes) + " bytes, " + std::to_string(step_) + " apart",
                 where);
}

}  // namespace gauntlet::png::detail
