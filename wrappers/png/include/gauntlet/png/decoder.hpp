#pragma once
/// Reading, in three steps that cannot be taken out of order:
///
///   png::decoder decoder{png::file_source{"in.png"}};             // the header and what stands before the
///   image is read decoder.header();  decoder.metadata(); png::row_reader rows =
///   std::move(decoder).start(png::transform::expand);   // transforms are fixed for (std::span<const
///   std::byte> row : rows) use(row);
///
/// or, in one, `png::image picture = png::decode(bytes, {.format = png::format::rgba8})`.
///
/// Use each object from one thread at a time. Bad data throws png::error, what a source throws comes out as
/// itself, and after either the object answers with misuse. Warnings are values, never printed.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <vector>

#include "gauntlet/png/error.hpp"
#include "gauntlet/png/header.hpp"
#include "gauntlet/png/image.hpp"
#include "gauntlet/png/limits.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/png/source.hpp"

namespace gauntlet::png {

namespace detail {
class reader;
struct reader_deleter {
  void operator()(reader* owned) const noexcept;
};
using reader_ptr = std::unique_ptr<reader, reader_deleter>;
}  // namespace detail

/// What libpng does to rows on the way out; a set, joined with |. libpng applies them in its own order.
enum class transform : std::uint32_t {
  none = 0,
  expand = 1U << 0,       ///< png_set_expand: palette to rgb, gray below 8 bits to 8, tRNS to alpha
  scale_16 = 1U << 1,     ///< png_set_scale_16: 16 bits to 8, rounded
  strip_16 = 1U << 2,     ///< png_set_strip_16: 16 bits to 8, cut; not together with scale_16
  gray_to_rgb = 1U << 3,  ///< png_set_gray_to_rgb
  add_alpha = 1U << 4,    ///< png_set_add_alpha: opaque, after the colours, where there is none
  packing = 1U << 5,      ///< png_set_packing: a byte for each pixel below 8 bits
  swap = 1U << 6,         ///< png_set_swap: 16-bit samples with the low byte first
  bgr = 1U << 7,          ///< png_set_bgr
};
constexpr transform operator|(transform a, transform b) noexcept {
  return static_cast<transform>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool contains(transform set, transform one) noexcept {
  return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(one)) != 0;
}

struct decoder_options {
  png::limits limits{};
};

struct decode_options {
  png::format format = png::format::native;
  png::limits limits{};
};

/// The rows of an image, top to bottom, one at a time. An interlaced image is read whole before its first row
/// is given out. (png_read_row, png_read_end)
class row_reader {
 public:
  class iterator;

  /// Of the rows, after transforms.
  const png::header& header(std::source_location where = std::source_location::current()) const;
  const color_table& colors(std::source_location where = std::source_location::current()) const;
  /// Complete once all rows are read: texts and time may stand behind the image.
  const png::metadata& metadata(std::source_location where = std::source_location::current()) const;
  std::span<const warning> warnings(std::source_location where = std::source_location::current()) const;

  /// The next row, valid until the next call; none after the last. Reading past the last row also reads the
  /// end of the file.
  std::optional<std::span<const std::byte>> next(
      std::source_location where = std::source_location::current());

  /// Iterates over the rows not yet read. What next() would throw comes out of ++.
  iterator begin(std::source_location where = std::source_location::current());
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class decoder;
  explicit row_reader(detail::reader_ptr reader) noexcept : reader_(std::move(reader)) {}

  detail::reader_ptr reader_;
};

class row_reader::iterator {
 public:
  using value_type = std::span<const std::byte>;
  using difference_type = std::ptrdiff_t;

  /// Throws misuse at the end.
  value_type operator*() const;
  iterator& operator++();
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const noexcept { return !row_; }

 private:
  friend class row_reader;
  iterator(detail::reader& reader, std::source_location where) : reader_(&reader), where_(where) { ++*this; }

  detail::reader* reader_;  // on the heap: moving the row_reader does not move it
  std::source_location where_;
  std::optional<value_type> row_;
};

class decoder {
 public:
  /// Reads the signature and everything before the image. (png_read_info)
  template <byte_source Source>
  explicit decoder(Source source, const decoder_options& options = {},
                   std::source_location where = std::source_location::current())
      : decoder(detail::erase(std::move(source)), options, where) {}

  /// Of the file.
  const png::header& header(std::source_location where = std::source_location::current()) const;
  const color_table& colors(std::source_location where = std::source_location::current()) const;
  /// What stands before the image. The rest is known to the row_reader, at its end.
  const png::metadata& metadata(std::source_location where = std::source_location::current()) const;
  std::span<const warning> warnings(std::source_location where = std::source_location::current()) const;

  /// Fixes the transforms. This object is used up, even if it throws. (png_read_update_info)
  row_reader start(transform transforms = transform::none,
                   std::source_location where = std::source_location::current()) &&;
  /// Reads the whole image and the end of the file, straight into the image's memory.
  image read_image(png::format format = png::format::native,
                   std::source_location where = std::source_location::current()) &&;

 private:
  decoder(std::unique_ptr<detail::any_source> source, const decoder_options& options,
          std::source_location where);

  detail::reader_ptr reader_;
};

/// One file to one image.
template <byte_source Source>
image decode(Source source, const decode_options& options = {},
             std::source_location where = std::source_location::current()) {
  return decoder(std::move(source), {.limits = options.limits}, where).read_image(options.format, where);
}
image decode(std::span<const std::byte> bytes, const decode_options& options = {},
             std::source_location where = std::source_location::current());

}  // namespace gauntlet::png
