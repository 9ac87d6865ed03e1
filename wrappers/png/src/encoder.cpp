#include "gauntlet/png/encoder.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "failure.hpp"
#include "gauntlet/callback_boundary.hpp"
#include "gauntlet/shim/png.h"
#include "gauntlet/unique_handle.hpp"

namespace gauntlet::png {
namespace {

constexpr const char* call = "png::encode";

[[noreturn]] void refuse(std::string_view advice, std::source_location where) {
  throw misuse(call, advice, where);
}

// ---- what the caller gives ----
// libpng reads rows, palettes and strings as far as the header says, so all is checked first.

std::size_t require_pixels(const image_view& view, const header& header, std::source_location where) {
  const std::size_t stride = view.stride == 0 ? header.row_bytes : view.stride;
  if (stride < header.row_bytes)
    refuse("the stride is " + std::to_string(stride) + ", but a row has " + std::to_string(header.row_bytes) +
               " bytes",
           where);
  const std::size_t rows_before = view.height - 1;
  if (view.pixels.size() < header.row_bytes || (view.pixels.size() - header.row_bytes) / stride < rows_before)
    refuse(std::to_string(view.pixels.size()) + " bytes of pixels do not hold " +
               std::to_string(view.height) + " rows of " + std::to_string(header.row_bytes) + " bytes, " +
               std::to_string(stride) + " apart",
           where);
  return stride;
}

void require_colors(const image_view& view, std::source_location where) {
  const color_table none;
  const color_table& colors = view.colors != nullptr ? *view.colors : none;
  const bool needs_palette = view.color == color_type::palette;
  if (needs_palette && colors.palette.empty()) refuse("a palette image needs colors with a palette", where);
  if (needs_palette && colors.palette.size() > (std::size_t{1} << view.bit_depth))
    refuse("a palette of " + std::to_string(colors.palette.size()) + " colours is too large for " +
               std::to_string(view.bit_depth) + " bits per sample",
           where);
  if (colors.alpha.size() > colors.palette.size())
    refuse("there are more alphas than palette colours", where);
  if (colors.transparent && view.color != color_type::gray && view.color != color_type::rgb)
    refuse("only gray and rgb images can have a transparent colour", where);
}

void require_text(const text& text, std::source_location where) {
  if (text.key.empty() || text.key.size() > 79)
    refuse("a text's key has 1 to 79 bytes: '" + text.key + "'", where);
  for (const std::string* string : {&text.key, &text.value, &text.language, &text.translated_key})
    if (string->contains('\0'))
      refuse("the text '" + std::string(text.key.c_str()) + "' has a 0 byte, which PNG cannot hold", where);
  if (!text.international && !(text.language.empty() && text.translated_key.empty()))
    refuse("the text '" + text.key + "' has a language, so it must be international", where);
}

void require_metadata(const metadata& metadata, std::source_location where) {
  for (const text& text : metadata.texts) require_text(text, where);
  if (metadata.gamma && (*metadata.gamma == 0 || *metadata.gamma > std::numeric_limits<std::int32_t>::max()))
    refuse("a gamma is more than 0 and fits into 31 bits", where);
}

// ---- the writer ----

/// The pinned block that libpng's writer calls back.
class writer {
 public:
  writer(detail::any_sink& sink, const limits& limits, std::source_location where)
      : sink_(sink), subject_(sink.name()), where_(where), handle_(create(limits)) {}
  writer(const writer&) = delete;  // libpng holds its address
  writer& operator=(const writer&) = delete;

  void write(const image_view& view, const header& header, std::size_t stride,
             const encode_options& options) {
    const gauntlet_png_header raw{.width = header.width,
                                  .height = header.height,
                                  .bit_depth = header.bit_depth,
                                  .color_type = static_cast<std::uint8_t>(header.color),
                                  .interlaced = options.interlaced,
                                  .channels = header.channels,
                                  .row_bytes = header.row_bytes};
    check(gauntlet_png_set_IHDR(get(), &raw), "write header");
    check(gauntlet_png_set_compression_level(get(), options.level), "set compression level");
    if (view.colors != nullptr) set_colors(view.color, *view.colors);
    set_metadata(options.metadata);
    int passes = 1;
    check(gauntlet_png_write_info(get(), &passes), "write header");
    for (int pass = 0; pass < passes; ++pass)
      for (std::size_t y = 0; y < view.height; ++y)
        write_row(view.pixels.subspan(y * stride, header.row_bytes));
    check(gauntlet_png_write_end(get()), "write end");
  }

 private:
  using handle = unique_handle<gauntlet_png_create_writer, gauntlet_png_destroy>;

  gauntlet_png* get() const noexcept { return handle_.get(); }

  static int on_write(void* self, const unsigned char* data, std::size_t size) noexcept {
    // SAFETY: the shim hands back the pointer that create() gave it; the writer outlives the handle.
    auto& me = *static_cast<writer*>(self);
    return me.boundary_.run([&] { me.sink_.write(std::as_bytes(std::span(data, size))); }) ? 0 : -1;
  }

  /// libpng warns when it leaves out or changes what it was given. A file that is not what was asked for is a
  /// failure.
  static int on_warning(void* self, const gauntlet_png_warning* found) noexcept {
    // SAFETY: as in on_write; found and its strings are valid during the call.
    auto& me = *static_cast<writer*>(self);
    me.boundary_.run(
        [&] { throw error(errc::invalid_image, "write", me.subject_, found->message, me.where_); });
    return -1;
  }

  handle create(const limits& limits) {
    const gauntlet_png_limits raw = detail::to_raw(limits, call, where_);
    const gauntlet_png_callbacks callbacks{
        .user = this, .read = nullptr, .write = on_write, .warning = on_warning};
    handle made = handle::init(&callbacks, &raw);
    if (!made)
      throw error(std::make_error_code(std::errc::not_enough_memory), "create writer", subject_, "", where_);
    return made;
  }

  void check(int status, const char* operation) {
    if (status != GAUNTLET_PNG_ERROR) return;
    boundary_.rethrow();
    detail::throw_failure(*gauntlet_png_get_failure(get()), errc::invalid_image, operation, subject_, where_);
  }

  void set_colors(color_type color, const color_table& colors) {
    if (color == color_type::palette) set_palette(colors);
    gauntlet_png_transparency transparency{};
    if (color == color_type::palette) {
      transparency.alpha_size = static_cast<std::uint16_t>(colors.alpha.size());
      std::ranges::copy(colors.alpha, transparency.alpha);
    } else if (colors.transparent) {
      transparency.gray = colors.transparent->red;
      transparency.red = colors.transparent->red;
      transparency.green = colors.transparent->green;
      transparency.blue = colors.transparent->blue;
    }
    if (transparency.alpha_size > 0 || colors.transparent)
      check(gauntlet_png_set_tRNS(get(), &transparency), "set transparency");
  }

  void set_palette(const color_table& colors) {
    gauntlet_png_palette palette{};
    palette.size = static_cast<std::uint16_t>(colors.palette.size());
    for (std::size_t i = 0; i < colors.palette.size(); ++i) {
      palette.rgb[i][0] = colors.palette[i].red;
      palette.rgb[i][1] = colors.palette[i].green;
      palette.rgb[i][2] = colors.palette[i].blue;
    }
    check(gauntlet_png_set_PLTE(get(), &palette), "set palette");
  }

  void set_metadata(const metadata& metadata) {
    for (const text& text : metadata.texts) {
      const gauntlet_png_text raw{.compressed = text.compressed,
                                  .international = text.international,
                                  .key = text.key.c_str(),
                                  .text = text.value.c_str(),
                                  .language = text.language.c_str(),
                                  .translated_key = text.translated_key.c_str()};
      check(gauntlet_png_set_text(get(), &raw), "set text");
    }
    if (metadata.gamma)
      check(gauntlet_png_set_gAMA(get(), static_cast<std::int32_t>(*metadata.gamma)), "set gamma");
    if (metadata.srgb)
      check(gauntlet_png_set_sRGB(get(), static_cast<int>(*metadata.srgb)), "set rendering intent");
    if (metadata.physical) {
      const gauntlet_png_physical raw{.x = metadata.physical->x,
                                      .y = metadata.physical->y,
                                      .unit_is_metre = metadata.physical->per_metre};
      check(gauntlet_png_set_pHYs(get(), &raw), "set pixel size");
    }
    if (metadata.modified) {
      const time& t = *metadata.modified;
      const gauntlet_png_time raw{.year = t.year,
                                  .month = t.month,
                                  .day = t.day,
                                  .hour = t.hour,
                                  .minute = t.minute,
                                  .second = t.second};
      check(gauntlet_png_set_tIME(get(), &raw), "set time");
    }
  }

  void write_row(std::span<const std::byte> row) {
    // SAFETY: unsigned char may alias std::byte; the shim checks the size against the row's.
    check(gauntlet_png_write_row(get(), reinterpret_cast<const unsigned char*>(row.data()), row.size()),
          "write rows");
  }

  detail::any_sink& sink_;
  std::string subject_;
  std::source_location where_;
  callback_boundary boundary_;
  handle handle_;
};

}  // namespace

void detail::encode(any_sink& sink, const image_view& view, const encode_options& options,
                    std::source_location where) {
  // Before all else: an image that was moved from has no color either.
  if (view.width == 0 || view.height == 0) refuse("an image has at least one pixel", where);
  const header header = header_of(view.width, view.height, view.color, view.bit_depth, where);
  const std::size_t stride = require_pixels(view, header, where);
  require_colors(view, where);
  require_metadata(options.metadata, where);
  writer(sink, options.limits, where).write(view, header, stride, options);
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

}  // namespace gauntlet::png
