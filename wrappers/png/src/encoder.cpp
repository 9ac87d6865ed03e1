#include "gauntlet/png/encoder.hpp"

#include <string>
#include <utility>

#include "formats.hpp"
#include "gauntlet/png/decoder.hpp"
#include "set_transforms.hpp"
#include "strided.hpp"
#include "write_metadata.hpp"
#include "writer.hpp"

namespace gauntlet::png {
namespace {

[[noreturn]] void refuse(std::string_view advice, std::source_location where) {
  throw misuse("png::encode", advice, where);
}

// ---- what the caller gives ----
// libpng reads rows, palettes and strings as far as the header says, so all is checked first.

void require_palette(const header& header, const color_table& colors, const encode_options& options,
                     std::source_location where) {
  if (header.color != color_type::palette) return;
  if (colors.palette.empty() && !options.allow_mng_features)
    refuse("a palette image needs colors with a palette", where);
  if (colors.palette.size() > (std::size_t{1} << header.bit_depth))
    refuse("a palette of " + std::to_string(colors.palette.size()) + " colours is too large for " +
               std::to_string(header.bit_depth) + " bits per sample",
           where);
}

void require_colors(const header& header, const color_table& colors, const encode_options& options,
                    std::source_location where) {
  require_palette(header, colors, options, where);
  if (colors.palette.size() > 256) refuse("a palette has at most 256 colours", where);
  if (colors.alpha.size() > colors.palette.size())
    refuse("there are more alphas than palette colours", where);
  if (colors.transparent && header.color != color_type::gray && header.color != color_type::rgb)
    refuse("only gray and rgb images can have a transparent colour", where);
  const bool is_gray = header.color == color_type::gray || header.color == color_type::gray_alpha;
  if (is_gray && !colors.palette.empty()) refuse("a gray image has no palette", where);
  if (!options.metadata.histogram.empty() && options.metadata.histogram.size() != colors.palette.size())
    refuse("a histogram has one count for each colour of the palette", where);
}

/// The header as PNG has it: what follows from the rest is not taken from the caller.
header require_header(const header& given, const color_table& colors, const encode_options& options,
                      std::source_location where) {
  if (given.width == 0 || given.height == 0) refuse("an image has at least one pixel", where);
  const header header = header_of(given.width, given.height, given.color, given.bit_depth, where);
  require_colors(header, colors, options, where);
  detail::require_metadata(options.metadata, header, colors, where);
  detail::require_transforms(options.transforms, where);
  return header;
}

header header_of_view(const image_view& view, std::source_location where) {
  // Before all else: an image that was moved from has no color either.
  if (view.width == 0 || view.height == 0) refuse("an image has at least one pixel", where);
  if (view.format == format::native)
    return header_of(view.width, view.height, view.color, view.bit_depth, where);
  return header_of(view.width, view.height, view.format, where);
}

const color_table no_colors;

}  // namespace

// ---- whole images ----

void detail::encode(any_sink& sink, const image_view& view, const encode_options& options,
                    std::source_location where) {
  const color_table& colors = view.colors != nullptr ? *view.colors : no_colors;
  const header header = require_header(header_of_view(view, where), colors, options, where);
  // Refused before a byte is written, where the rows are as long as the header says: a filler makes them
  // longer.
  if (!options.transforms.filler)
    strided_rows("png::encode", view.pixels.size(), header.row_bytes, view.height, view.stride, where);
  writer writer(sink, header, options, &colors, transforms_from(view.format, where), where);
  const strided_rows place("png::encode", view.pixels.size(), writer.row_bytes(), view.height, view.stride,
                           where);
  for (int pass = 0; pass < writer.passes(); ++pass)
    for (std::size_t y = 0; y < view.height; ++y)
      writer.write_row(view.pixels.subspan(place.begin_of(y), writer.row_bytes()), where);
  writer.finish({}, where);
}

std::vector<std::byte> encode(const image_view& view, const encode_options& options,
                              std::source_location where) {
  memory_sink sink;
  encode_to(sink, view, options, where);
  return sink.take();
}

void encode_file(const std::filesystem::path& path, const image_view& view, const encode_options& options,
                 std::source_location where) {
  file_sink sink(path, where);
  encode_to(sink, view, options, where);
  sink.commit(where);
}

image convert(const image_view& view, format format, std::source_location where) {
  return decode(encode(view, {.level = 0, .filters = filters::none}, where), {.format = format}, where);
}

// ---- row by row ----

namespace detail {

writing::writing(any_sink& sink, const png::header& header, const encode_options& options,
                 const color_table* colors, std::source_location where)
    : writer_(std::make_unique<writer>(sink, require_header(header, *colors, options, where), options, colors,
                                       transform::none, where)) {}
writing::writing(writing&& other) noexcept = default;
writing& writing::operator=(writing&& other) noexcept = default;
writing::~writing() = default;

writer& writing::require(const char* operation, std::source_location where) const {
  if (!writer_)
    throw misuse(operation, "this encoder was moved from or used up; use the one it went to", where);
  return *writer_;
}

int writing::passes(std::source_location where) const {
  return require("png::encoder::passes", where).passes();
}
std::size_t writing::row_bytes(std::source_location where) const {
  return require("png::encoder::row_bytes", where).row_bytes();
}
void writing::write_row(std::span<const std::byte> row, std::source_location where) {
  require("png::encoder::write_row", where).write_row(row, where);
}
void writing::write_chunk(std::string_view name, std::span<const std::byte> data,
                          std::source_location where) {
  require("png::encoder::write_chunk", where).write_chunk(name, data, where);
}
void writing::flush(std::source_location where) { require("png::encoder::flush", where).flush(where); }
void writing::finish(const metadata& behind, std::source_location where) {
  writer& writer = require("png::encoder::finish", where);
  require_metadata_behind(behind, where);
  writer.finish(behind, where);
}
std::span<const warning> writing::warnings(std::source_location where) const {
  return require("png::encoder::warnings", where).warnings();
}
native_handles writing::native(std::source_location where) const {
  return require("png::encoder::native", where).native();
}
void writing::protect(raw_call call, void* user, std::source_location where) {
  require("png::encoder::protect", where).protect(call, user, where);
}

}  // namespace detail
}  // namespace gauntlet::png
