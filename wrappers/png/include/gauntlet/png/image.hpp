#pragma once
/// Pixels in memory: owned, or somebody else's.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <type_traits>

#include "gauntlet/png/color.hpp"
#include "gauntlet/png/header.hpp"
#include "gauntlet/png/pixel.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// Pixels to be encoded, in memory of the caller's. The pixels must outlive it.
struct image_view {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  color_type color = color_type::rgba;  ///< where format is native; other formats have their own
  std::uint8_t bit_depth = 8;           ///< as color
  std::span<const std::byte> pixels{};
  /// Bytes from one row to the next; 0: rows follow each other; negative: the top row is the last in memory.
  std::ptrdiff_t stride = 0;
  const color_table* colors = nullptr;  ///< a palette image needs one; may be null otherwise
  png::format format = png::format::native;
};

/// A type of namespace pixel.
template <class T>
concept pixel_type = std::is_trivially_copyable_v<T> && requires {
  { T::of } -> std::convertible_to<format>;
};

/// Owning pixels, rows tightly packed from the top. Not filled on construction: decode() hands it out only
/// when every row is there. Movable, not copyable.
class image {
 public:
  /// header is that of the rows; throws misuse if row_bytes times height does not fit into memory's size
  /// type, or if the rows of such a header cannot have this format.
  explicit image(const png::header& header, color_table colors = {}, png::format format = png::format::native,
                 std::source_location where = std::source_location::current());
  image(image&& other) noexcept;
  image& operator=(image&& other) noexcept;
  ~image() = default;

  const png::header& header() const noexcept { return header_; }
  std::uint32_t width() const noexcept { return header_.width; }
  std::uint32_t height() const noexcept { return header_.height; }
  png::format format() const noexcept { return format_; }
  std::ptrdiff_t stride() const noexcept { return static_cast<std::ptrdiff_t>(header_.row_bytes); }
  const color_table& colors() const noexcept { return colors_; }

  std::span<std::byte> pixels() noexcept { return {pixels_.get(), size()}; }
  std::span<const std::byte> pixels() const noexcept { return {pixels_.get(), size()}; }
  /// Throws misuse if there is no such row.
  std::span<std::byte> row(std::uint32_t y, std::source_location where = std::source_location::current());
  std::span<const std::byte> row(std::uint32_t y,
                                 std::source_location where = std::source_location::current()) const;

  /// All pixels, row after row: picture.pixels_as<png::pixel::rgba8>(). Throws misuse if the image has
  /// another format.
  template <pixel_type Pixel>
  std::span<Pixel> pixels_as(std::source_location where = std::source_location::current()) {
    require_format(Pixel::of, where);
    return view_of<Pixel>(pixels());
  }
  template <pixel_type Pixel>
  std::span<const Pixel> pixels_as(std::source_location where = std::source_location::current()) const {
    require_format(Pixel::of, where);
    return view_of<const Pixel>(pixels());
  }
  template <pixel_type Pixel>
  std::span<Pixel> row_as(std::uint32_t y, std::source_location where = std::source_location::current()) {
    require_format(Pixel::of, where);
    return view_of<Pixel>(row(y, where));
  }
  template <pixel_type Pixel>
  std::span<const Pixel> row_as(std::uint32_t y,
                                std::source_location where = std::source_location::current()) const {
    require_format(Pixel::of, where);
    return view_of<const Pixel>(row(y, where));
  }

  operator image_view() const& noexcept;  // NOLINT(google-explicit-constructor): as string to string_view

 private:
  // SAFETY: new std::byte[] begins the lifetime of what is looked for in it, is aligned for any of these
  // types, and a row of such a format is a whole number of pixels.
  template <class Pixel, class Byte>
  static std::span<Pixel> view_of(std::span<Byte> bytes) {
    return {reinterpret_cast<Pixel*>(bytes.data()), bytes.size() / sizeof(Pixel)};
  }

  std::size_t size() const noexcept { return header_.row_bytes * header_.height; }
  void require_format(png::format wanted, std::source_location where) const;

  png::header header_;
  color_table colors_;
  png::format format_;
  std::unique_ptr<std::byte[]> pixels_;
};

/// The header of rows without transforms: channels and row_bytes follow from the rest. Throws misuse for a
/// bit depth that PNG does not have with that color.
header header_of(std::uint32_t width, std::uint32_t height, color_type color = color_type::rgba,
                 std::uint8_t bit_depth = 8, std::source_location where = std::source_location::current());
/// The same for any format but native.
header header_of(std::uint32_t width, std::uint32_t height, format format,
                 std::source_location where = std::source_location::current());

}  // namespace gauntlet::png

#pragma GCC visibility pop
