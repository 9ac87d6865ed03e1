#pragma once
/// Pixels in memory: owned, or somebody else's.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>

#include "gauntlet/png/header.hpp"
#include "gauntlet/png/metadata.hpp"

namespace gauntlet::png {

/// How decoded pixels are wanted.
enum class format : std::uint8_t {
  native,  ///< as in the file: its bit depth, palette indices, 16-bit samples with the high byte first
  rgba8,   ///< four bytes a pixel: red, green, blue, alpha (not premultiplied); 16-bit samples are rounded
};

/// Pixels to be encoded, in memory of the caller's. The pixels must outlive it.
struct image_view {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  color_type color = color_type::rgba;
  std::uint8_t bit_depth = 8;
  std::span<const std::byte> pixels{};  ///< rows from the top
  std::size_t stride = 0;               ///< bytes from one row to the next; 0: rows follow each other
  const color_table* colors = nullptr;  ///< a palette image needs one; may be null otherwise
};

/// Owning pixels, rows tightly packed from the top. Not filled on construction: decode() hands it out only
/// when every row is there. Movable, not copyable.
class image {
 public:
  /// header is that of the rows; throws misuse if row_bytes times height does not fit into memory's size
  /// type.
  explicit image(const png::header& header, color_table colors = {},
                 std::source_location where = std::source_location::current());
  image(image&& other) noexcept;
  image& operator=(image&& other) noexcept;
  ~image() = default;

  const png::header& header() const noexcept { return header_; }
  std::uint32_t width() const noexcept { return header_.width; }
  std::uint32_t height() const noexcept { return header_.height; }
  std::size_t stride() const noexcept { return header_.row_bytes; }
  const color_table& colors() const noexcept { return colors_; }

  std::span<std::byte> pixels() noexcept { return {pixels_.get(), size()}; }
  std::span<const std::byte> pixels() const noexcept { return {pixels_.get(), size()}; }
  /// Throws misuse if there is no such row.
  std::span<std::byte> row(std::uint32_t y, std::source_location where = std::source_location::current());
  std::span<const std::byte> row(std::uint32_t y,
                                 std::source_location where = std::source_location::current()) const;

  operator image_view() const& noexcept;  // NOLINT(google-explicit-constructor): as string to string_view

 private:
  std::size_t size() const noexcept { return header_.row_bytes * header_.height; }

  png::header header_;
  color_table colors_;
  std::unique_ptr<std::byte[]> pixels_;
};

/// The header of rows without transforms: channels and row_bytes follow from the rest. Throws misuse for a
/// bit depth that PNG does not have with that color.
header header_of(std::uint32_t width, std::uint32_t height, color_type color = color_type::rgba,
                 std::uint8_t bit_depth = 8, std::source_location where = std::source_location::current());

}  // namespace gauntlet::png
