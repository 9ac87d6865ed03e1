#pragma once
/// Writing: a whole image to memory, to a file that appears whole or not at all, or to any sink; or row by
/// row:
///
///   png::encoder encoder{png::file_sink{"out.png"}, png::header_of(640, 480, png::format::rgb8)};
///   for (...) encoder.write_row(row);
///   std::move(encoder).finish().commit();

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <memory_resource>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gauntlet/png/error.hpp"
#include "gauntlet/png/image.hpp"
#include "gauntlet/png/limits.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/png/native.hpp"
#include "gauntlet/png/sink.hpp"
#include "gauntlet/png/transform.hpp"
#include "gauntlet/png/warning.hpp"
#include "gauntlet/stop_token.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// Which filters each row may be tried with; joined with |. (png_set_filter)
enum class filters : std::uint8_t {
  automatic = 0,  ///< libpng's choice, by color type and bit depth
  none = 0x08,
  sub = 0x10,
  up = 0x20,
  average = 0x40,
  paeth = 0x80,
  all = 0xF8,
};
constexpr filters operator|(filters a, filters b) noexcept {
  return static_cast<filters>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}

/// zlib's strategies.
enum class strategy : std::int8_t { automatic = -1, standard, filtered, huffman_only, rle, fixed };

/// zlib's other parameters; level stands apart. (png_set_compression_mem_level and so on)
struct compression {
  int mem_level = 8;  ///< 1 to 9: memory for speed
  png::strategy strategy = png::strategy::automatic;
  int window_bits = 15;  ///< 8 to 15
};

struct encode_options {
  int level = -1;           ///< zlib's: 0 (store) to 9 (smallest), -1 for its default
  bool interlaced = false;  ///< Adam7
  png::metadata metadata{};
  png::limits limits{};  ///< width, height, pixels and memory apply
  png::filters filters = png::filters::automatic;
  png::compression compression{};
  int text_level = -1;  ///< of compressed texts and profiles
  png::compression text_compression{};
  std::size_t buffer_size = 0;       ///< of IDAT chunks; 0: libpng's 8192
  std::uint32_t flush_rows = 0;      ///< every so many rows all is passed on to the sink; 0: never
  std::uint8_t signature_bytes = 0;  ///< how many bytes of the signature are not to be written: 0 to 8
  write_transforms transforms{};     ///< how rows are given
  /// libpng warns where it leaves out or changes what it was given. Such a file is not what was asked for, so
  /// that is errc::invalid_image; false: it is a warning.
  bool warnings_are_errors = true;
  /// Errors that libpng can go on after are warnings. (png_set_benign_errors)
  bool benign_errors_are_warnings = false;
  bool allow_mng_features = false;  ///< empty palettes, for PNG embedded in MNG
  stop_token stop{};                ///< looked at between rows; then std::errc::operation_canceled
  std::pmr::memory_resource* memory = nullptr;  ///< for libpng and zlib; must outlive the work. Null: malloc
};

namespace detail {

/// A sink whose type has been forgotten; it refers to the caller's.
class any_sink {
 public:
  virtual ~any_sink() = default;
  virtual void write(std::span<const std::byte> bytes) = 0;
  virtual void flush() = 0;
  virtual std::string name() const = 0;
};

template <byte_sink Sink>
class sink_model final : public any_sink {
 public:
  explicit sink_model(Sink& sink) noexcept : sink_(sink) {}

  void write(std::span<const std::byte> bytes) override { sink_.write(bytes); }
  void flush() override {
    if constexpr (requires { sink_.flush(); }) sink_.flush();
  }
  std::string name() const override {
    if constexpr (requires { std::string(sink_.name()); }) return std::string(sink_.name());
    return "sink";
  }

 private:
  Sink& sink_;
};

void encode(any_sink& sink, const image_view& view, const encode_options& options,
            std::source_location where);

class writer;

/// What an encoder does, whatever its sink is.
class writing {
 public:
  writing(any_sink& sink, const png::header& header, const encode_options& options, const color_table* colors,
          std::source_location where);
  writing(writing&& other) noexcept;
  writing& operator=(writing&& other) noexcept;
  ~writing();

  int passes(std::source_location where) const;
  std::size_t row_bytes(std::source_location where) const;
  void write_row(std::span<const std::byte> row, std::source_location where);
  void write_chunk(std::string_view name, std::span<const std::byte> data, std::source_location where);
  void flush(std::source_location where);
  void finish(const png::metadata& behind, std::source_location where);
  std::span<const warning> warnings(std::source_location where) const;
  native_handles native(std::source_location where) const;
  void protect(raw_call call, void* user, std::source_location where);

 private:
  writer& require(const char* operation, std::source_location where) const;

  std::unique_ptr<writer> writer_;
};

}  // namespace detail

/// Writes rows as they come. Destroyed before finish(), it leaves in the sink a file without an end (which a
/// file_sink removes). What the sink throws comes out as itself; after that, and after png::error, only
/// sink() is of use.
template <byte_sink Sink>
class encoder {
 public:
  /// Writes all before the image. header: see header_of; of it width, height, color and bit_depth count.
  /// colors: a palette image needs them. Throws misuse for what PNG cannot hold. (png_write_info)
  encoder(Sink sink, const png::header& header, const encode_options& options = {},
          const color_table& colors = {}, std::source_location where = std::source_location::current())
      : held_(std::make_unique<held>(std::move(sink))),
        writing_(held_->model, header, options, &colors, where) {}

  /// How often all rows must be given: 7 times where options.interlaced, else once.
  int passes(std::source_location where = std::source_location::current()) const {
    return writing_.passes(where);
  }
  /// How long each row is, transforms considered.
  std::size_t row_bytes(std::source_location where = std::source_location::current()) const {
    return writing_.row_bytes(where);
  }
  /// From the top. Throws misuse for a row that is shorter than row_bytes(), or one too many. (png_write_row)
  void write_row(std::span<const std::byte> row,
                 std::source_location where = std::source_location::current()) {
    writing_.write_row(row, where);
  }
  /// Any chunk but those that are the image, before the first row or after the last. (png_write_chunk)
  void write_chunk(std::string_view name, std::span<const std::byte> data,
                   std::source_location where = std::source_location::current()) {
    writing_.write_chunk(name, data, where);
  }
  /// Passes on to the sink what was written so far, and calls the sink's flush(), if it has one.
  /// (png_write_flush)
  void flush(std::source_location where = std::source_location::current()) { writing_.flush(where); }
  /// Writes the end and hands the sink back. behind: texts, time, eXif and unknown chunks that are to stand
  /// behind the image. Throws misuse if rows are missing. (png_write_end)
  Sink finish(const metadata& behind = {}, std::source_location where = std::source_location::current()) && {
    writing_.finish(behind, where);
    return std::move(held_->sink);
  }

  /// What it was given so far stays in it, whatever fails. Throws misuse where the encoder was moved from.
  Sink& sink(std::source_location where = std::source_location::current()) {
    if (!held_)
      throw misuse("png::encoder::sink", "this encoder was moved from; use the one it went to", where);
    return held_->sink;
  }
  std::span<const warning> warnings(std::source_location where = std::source_location::current()) const {
    return writing_.warnings(where);
  }

  /// As of decoder.
  native_handles native(std::source_location where = std::source_location::current()) const {
    return writing_.native(where);
  }
  template <detail::raw_work Work>
  void protect(Work&& work, std::source_location where = std::source_location::current()) {
    detail::protect(work, [&](detail::raw_call call, void* user) { writing_.protect(call, user, where); });
  }

 private:
  struct held {  // on the heap: libpng's callbacks come here, wherever the encoder is moved to
    explicit held(Sink given) : sink(std::move(given)), model(sink) {}
    Sink sink;
    detail::sink_model<Sink> model;
  };

  std::unique_ptr<held> held_;
  detail::writing writing_;  // ends before what it writes to
};

/// The sink has then been given every byte of the file, or this has thrown and it has been given a part.
/// Throws png::error for what libpng refuses to write, misuse for a view that cannot be (pixels shorter than
/// the rows need, no palette), and what the sink throws.
template <byte_sink Sink>
void encode_to(Sink& sink, const image_view& view, const encode_options& options = {},
               std::source_location where = std::source_location::current()) {
  detail::sink_model<Sink> model(sink);
  detail::encode(model, view, options, where);
}

/// The file's bytes.
std::vector<std::byte> encode(const image_view& view, const encode_options& options = {},
                              std::source_location where = std::source_location::current());

/// The file appears under its name when it is complete, or not at all.
void encode_file(const std::filesystem::path& path, const image_view& view,
                 const encode_options& options = {},
                 std::source_location where = std::source_location::current());

/// The same pixels in another format, through libpng.
image convert(const image_view& view, format format,
              std::source_location where = std::source_location::current());

}  // namespace gauntlet::png

#pragma GCC visibility pop
