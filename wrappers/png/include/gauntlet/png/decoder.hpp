#pragma once
/// Reading, in three steps that cannot be taken out of order:
///
///   png::decoder decoder{png::file_source{"in.png"}};  // reads the header and all before the image
///   decoder.header();  decoder.metadata();
///   png::row_reader rows = std::move(decoder).start(png::transform::expand);  // transforms are fixed
///   for (std::span<const std::byte> row : rows) use(row);
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
#include <utility>

#include "gauntlet/png/error.hpp"
#include "gauntlet/png/header.hpp"
#include "gauntlet/png/image.hpp"
#include "gauntlet/png/limits.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/png/native.hpp"
#include "gauntlet/png/options.hpp"
#include "gauntlet/png/source.hpp"
#include "gauntlet/png/transform.hpp"
#include "gauntlet/png/warning.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

namespace detail {
class reader;
struct reader_deleter {
  void operator()(reader* owned) const noexcept;
};
using reader_ptr = std::unique_ptr<reader, reader_deleter>;

/// What decoder, row_reader and pass_reader all tell of the file. Throws misuse where the object was moved
/// from.
class reading {
 public:
  /// Before start() of the file, then of the rows, after transforms.
  const png::header& header(std::source_location where = std::source_location::current()) const;
  /// What numbers in the rows mean; empty once a transform has put it into the rows.
  const color_table& colors(std::source_location where = std::source_location::current()) const;
  /// What was read so far: complete once all rows are read, since texts and time may stand behind the image.
  const png::metadata& metadata(std::source_location where = std::source_location::current()) const;
  /// The first thousand.
  std::span<const warning> warnings(std::source_location where = std::source_location::current()) const;
  /// Bytes of the file read so far, and bytes that libpng and zlib hold now.
  std::uint64_t bytes_read(std::source_location where = std::source_location::current()) const;
  std::uint64_t memory_in_use(std::source_location where = std::source_location::current()) const;

  /// libpng's structs, for what is not here.
  native_handles native(std::source_location where = std::source_location::current()) const;
  /// work(png, info) may call libpng; its error is thrown as png::error, and the object is of no more use. A
  /// libpng error jumps out of work: it must have no local object with a destructor then. The size of rows
  /// that were started cannot change.
  template <raw_work Work>
  void protect(Work&& work, std::source_location where = std::source_location::current()) {
    detail::protect(work, [&](raw_call call, void* user) { protect_raw(call, user, where); });
  }

 protected:
  explicit reading(reader_ptr reader) noexcept : reader_(std::move(reader)) {}

  reader_ptr reader_;

 private:
  void protect_raw(raw_call call, void* user, std::source_location where);
};

}  // namespace detail

struct decode_options {
  png::format format = png::format::native;
  png::limits limits{};
};

/// The rows of an image, top to bottom, one at a time. An interlaced image is read whole before its first row
/// is given out. (png_read_row, png_read_end)
class row_reader : public detail::reading {
 public:
  class iterator;

  /// The next row, valid until the next call; none after the last. Reading past the last row also reads the
  /// end of the file.
  std::optional<std::span<const std::byte>> next(
      std::source_location where = std::source_location::current());
  /// The next row, straight into memory of the caller's; false after the last. Throws misuse if row is
  /// shorter than header().row_bytes.
  bool read_into(std::span<std::byte> row, std::source_location where = std::source_location::current());
  /// All rows not yet read, straight into memory of the caller's, then the end of the file. stride: bytes
  /// from one row to the next, 0 for rows that follow each other, negative where the first row is the last in
  /// memory. Bytes between rows, and unused bits of a row's last byte, stay as they are. Throws misuse where
  /// the rows do not fit.
  void read_all_into(std::span<std::byte> pixels, std::ptrdiff_t stride = 0,
                     std::source_location where = std::source_location::current());

  /// Whether a pixel was not gray so far, where transforms::rgb_to_gray looked. (png_get_rgb_to_gray_status)
  bool found_color(std::source_location where = std::source_location::current()) const;
  /// The highest palette index so far; none if it was not looked for, which libpng does only in rows that it
  /// transforms. (png_get_palette_max)
  std::optional<std::uint8_t> highest_index(
      std::source_location where = std::source_location::current()) const;

  /// Iterates over the rows not yet read. What next() would throw comes out of ++.
  iterator begin(std::source_location where = std::source_location::current());
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class decoder;
  using reading::reading;
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

/// What the rows show of pixels that no pass has brought yet.
enum class display : std::uint8_t {
  sparkle,  ///< zeros
  blocks,   ///< the pixels that were brought, as large as what is missing around them
};

/// An image that becomes better with each pass of Adam7; of one that is not interlaced, in one.
class pass_reader : public detail::reading {
 public:
  int passes(std::source_location where = std::source_location::current()) const;  ///< 1 or 7
  /// Reads a pass more and answers its number, from 0; none after the last. Reading past the last also reads
  /// the end of the file.
  std::optional<int> next(std::source_location where = std::source_location::current());
  /// The image so far.
  const image& picture(std::source_location where = std::source_location::current()) const;

 private:
  friend class decoder;
  using reading::reading;
};

class decoder : public detail::reading {
 public:
  /// Reads the signature and everything before the image. (png_read_info)
  template <byte_source Source>
  explicit decoder(Source source, const decoder_options& options = {},
                   std::source_location where = std::source_location::current())
      : decoder(detail::erase(std::move(source)), options, where) {}

  /// Each of these uses the object up, even if it throws. (png_read_update_info)
  row_reader start(const transforms& transforms,
                   std::source_location where = std::source_location::current()) &&;
  row_reader start(transform flags = transform::none,
                   std::source_location where = std::source_location::current()) &&;
  pass_reader start_passes(display display, const transforms& transforms = {},
                           std::source_location where = std::source_location::current()) &&;
  /// Reads the whole image and the end of the file, straight into the image's memory.
  image read_image(format format = format::native,
                   std::source_location where = std::source_location::current()) &&;

 private:
  decoder(std::unique_ptr<detail::any_source> source, const decoder_options& options,
          std::source_location where);
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

#pragma GCC visibility pop
