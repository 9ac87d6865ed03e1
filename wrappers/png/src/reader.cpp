#include "reader.hpp"

#include <array>
#include <limits>
#include <string>
#include <utility>

#include "failure.hpp"

namespace gauntlet::png::detail {
namespace {

/// A file can be made to warn of every chunk it has; what it says after so many is not worth the memory.
constexpr std::size_t max_warnings = 1000;

color_type color_of(std::uint8_t number, std::string_view subject, std::source_location where) {
  switch (number) {
    case GAUNTLET_PNG_COLOR_GRAY:
    case GAUNTLET_PNG_COLOR_RGB:
    case GAUNTLET_PNG_COLOR_PALETTE:
    case GAUNTLET_PNG_COLOR_GRAY_ALPHA:
    case GAUNTLET_PNG_COLOR_RGBA:
      return static_cast<color_type>(number);
    default:
      throw error(errc::corrupted, "read header", subject, "unknown color type " + std::to_string(number),
                  where);
  }
}

header to_header(const gauntlet_png_header& raw, std::string_view subject, std::source_location where) {
  if (raw.row_bytes > std::numeric_limits<std::size_t>::max())
    throw error(errc::limit_exceeded, "read header", subject, "a row is larger than memory can be", where);
  return {.width = raw.width,
          .height = raw.height,
          .bit_depth = raw.bit_depth,
          .color = color_of(raw.color_type, subject, where),
          .interlaced = raw.interlaced != 0,
          .channels = raw.channels,
          .row_bytes = static_cast<std::size_t>(raw.row_bytes)};
}

text to_text(const gauntlet_png_text& raw) {
  return {.key = raw.key,
          .value = raw.text,
          .compressed = raw.compressed != 0,
          .international = raw.international != 0,
          .language = raw.language,
          .translated_key = raw.translated_key};
}

using apply_transform = int (*)(gauntlet_png*);

int add_opaque_alpha(gauntlet_png* self) { return gauntlet_png_set_add_alpha(self, 0xFFFF); }

constexpr std::array<std::pair<transform, apply_transform>, 8> transforms_of_libpng{{
    {transform::expand, gauntlet_png_set_expand},
    {transform::scale_16, gauntlet_png_set_scale_16},
    {transform::strip_16, gauntlet_png_set_strip_16},
    {transform::gray_to_rgb, gauntlet_png_set_gray_to_rgb},
    {transform::add_alpha, add_opaque_alpha},
    {transform::packing, gauntlet_png_set_packing},
    {transform::swap, gauntlet_png_set_swap},
    {transform::bgr, gauntlet_png_set_bgr},
}};

}  // namespace

reader::reader(std::unique_ptr<any_source> source, const limits& limits, std::source_location where)
    : source_(std::move(source)), subject_(source_->name()), handle_(create(limits, where)) {
  check(gauntlet_png_read_info(handle_.get()), "read header", where);
  read_header(where);
  read_colors(where);
  read_metadata(where);
}

// ---- between C and C++ ----

std::ptrdiff_t reader::on_read(void* self, unsigned char* out, std::size_t size) noexcept {
  // SAFETY: the shim hands back the pointer that create() gave it; the reader is pinned and outlives the
  // handle.
  auto& me = *static_cast<reader*>(self);
  std::size_t found = 0;
  const bool ok = me.boundary_.run([&] {
    found = me.source_->read(std::as_writable_bytes(std::span(out, size)));
    if (found > size)
      throw misuse("png source read()",
                   "it claims " + std::to_string(found) + " bytes but was given room for " +
                       std::to_string(size) + "; answer how many bytes were put into the span",
                   std::source_location::current());
  });
  return ok ? static_cast<std::ptrdiff_t>(found) : -1;
}

int reader::on_warning(void* self, const gauntlet_png_warning* found) noexcept {
  // SAFETY: as in on_read; found and its strings are valid during the call.
  auto& me = *static_cast<reader*>(self);
  const bool ok = me.boundary_.run([&] {
    if (me.warnings_.size() > max_warnings) return;
    if (me.warnings_.size() == max_warnings) {
      me.warnings_.push_back(
          {.message = "further warnings are not kept", .chunk = "", .offset = found->offset, .row = {}});
      return;
    }
    warning next{.message = found->message, .chunk = found->chunk, .offset = found->offset, .row = {}};
    if (found->row >= 0) next.row = static_cast<std::uint32_t>(found->row);
    me.warnings_.push_back(std::move(next));
  });
  return ok ? 0 : -1;
}

reader::handle reader::create(const limits& limits, std::source_location where) {
  const gauntlet_png_limits raw = to_raw(limits, "png::decoder", where);
  const gauntlet_png_callbacks callbacks{
      .user = this, .read = on_read, .write = nullptr, .warning = on_warning};
  handle made = handle::init(&callbacks, &raw);
  if (!made)
    throw error(std::make_error_code(std::errc::not_enough_memory), "create reader", subject_, "", where);
  return made;
}

void reader::check(int status, const char* operation, std::source_location where) {
  if (status != GAUNTLET_PNG_ERROR) return;
  failed_ = true;
  boundary_.rethrow();
  throw_failure(*gauntlet_png_get_failure(handle_.get()), errc::corrupted, operation, subject_, where);
}

void reader::require_intact(const char* operation, std::source_location where) const {
  if (failed_) throw misuse(operation, "this decoder has failed before; make a new one to read again", where);
}

// ---- header and metadata ----

void reader::read_header(std::source_location where) {
  gauntlet_png_header raw{};
  check(gauntlet_png_get_IHDR(handle_.get(), &raw), "read header", where);
  header_ = to_header(raw, subject_, where);
}

void reader::read_colors(std::source_location where) {
  gauntlet_png_palette palette{};
  const int palette_status = gauntlet_png_get_PLTE(handle_.get(), &palette);
  check(palette_status, "read palette", where);
  if (palette_status == GAUNTLET_PNG_OK)
    for (std::size_t i = 0; i < palette.size; ++i)
      colors_.palette.push_back({palette.rgb[i][0], palette.rgb[i][1], palette.rgb[i][2]});

  gauntlet_png_transparency transparency{};
  const int transparency_status = gauntlet_png_get_tRNS(handle_.get(), &transparency);
  check(transparency_status, "read transparency", where);
  if (transparency_status != GAUNTLET_PNG_OK) return;
  if (header_.color == color_type::palette)
    colors_.alpha.assign(transparency.alpha, transparency.alpha + transparency.alpha_size);
  else if (header_.color == color_type::gray)
    colors_.transparent = {transparency.gray, transparency.gray, transparency.gray};
  else
    colors_.transparent = {transparency.red, transparency.green, transparency.blue};
}

void reader::read_metadata(std::source_location where) {
  gauntlet_png* const png = handle_.get();
  const auto has = [&](int status) {
    check(status, "read metadata", where);
    return status == GAUNTLET_PNG_OK;
  };
  png::metadata found;

  std::size_t texts = 0;
  has(gauntlet_png_get_text_count(png, &texts));
  gauntlet_png_text text{};
  for (std::size_t i = 0; i < texts; ++i)
    if (has(gauntlet_png_get_text(png, i, &text))) found.texts.push_back(to_text(text));

  std::int32_t gamma = 0;
  if (has(gauntlet_png_get_gAMA(png, &gamma)) && gamma > 0) found.gamma = static_cast<std::uint32_t>(gamma);
  int intent = 0;
  if (has(gauntlet_png_get_sRGB(png, &intent)) && intent >= 0 && intent <= 3)
    found.srgb = static_cast<rendering_intent>(intent);
  gauntlet_png_physical physical{};
  if (has(gauntlet_png_get_pHYs(png, &physical)))
    found.physical =
        png::physical{.x = physical.x, .y = physical.y, .per_metre = physical.unit_is_metre != 0};
  gauntlet_png_time time{};
  if (has(gauntlet_png_get_tIME(png, &time)))
    found.modified = png::time{.year = time.year,
                               .month = time.month,
                               .day = time.day,
                               .hour = time.hour,
                               .minute = time.minute,
                               .second = time.second};
  metadata_ = std::move(found);
}

// ---- rows ----

void reader::start(transform transforms, std::source_location where) {
  require_intact("png::decoder::start", where);
  if (contains(transforms, transform::scale_16) && contains(transforms, transform::strip_16))
    throw misuse("png::decoder::start", "scale_16 and strip_16 are two ways to do one thing; choose one",
                 where);
  for (const auto& [transform, apply] : transforms_of_libpng)
    if (contains(transforms, transform)) check(apply(handle_.get()), "set transforms", where);
  check(gauntlet_png_start_read_image(handle_.get(), &passes_), "start reading rows", where);
  read_header(where);
  if (contains(transforms, transform::expand)) colors_ = {};  // the rows have it in themselves now
}

void reader::read_row(std::span<std::byte> row, std::source_location where) {
  // SAFETY: unsigned char may alias std::byte; the shim checks the size against the row's.
  check(gauntlet_png_read_row(handle_.get(), reinterpret_cast<unsigned char*>(row.data()), row.size()),
        "read rows", where);
}

void reader::read_end(std::source_location where) {
  ended_ = true;
  check(gauntlet_png_read_end(handle_.get()), "read end", where);
  read_metadata(where);
}

image reader::read_image(std::source_location where) {
  image whole(header_, colors_, where);
  for (int pass = 0; pass < passes_; ++pass)
    for (std::uint32_t y = 0; y < header_.height; ++y) read_row(whole.row(y), where);
  read_end(where);
  return whole;
}

std::span<const std::byte> reader::next_of_whole(std::source_location where) {
  if (!whole_) whole_ = read_image(where);
  return std::as_const(*whole_).row(rows_given_);
}

std::optional<std::span<const std::byte>> reader::next_row(std::source_location where) {
  require_intact("png::row_reader::next", where);
  if (rows_given_ == header_.height) {
    if (!ended_) read_end(where);
    return std::nullopt;
  }
  std::span<const std::byte> row;
  if (passes_ > 1) {
    row = next_of_whole(where);
  } else {
    if (row_.empty()) row_.resize(header_.row_bytes);
    read_row(row_, where);
    row = row_;
  }
  ++rows_given_;
  return row;
}

}  // namespace gauntlet::png::detail
