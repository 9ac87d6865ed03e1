#include "reader.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "strided.hpp"

namespace gauntlet::png::detail {

reader::reader(std::unique_ptr<any_source> source, const decoder_options& options, std::source_location where)
    : input(options, source->name()), source_(std::move(source)) {
  gauntlet_png_callbacks callbacks{};
  const std::span<const std::byte> memory = source_->memory();
  file_ = lend("png::decoder", where);
  file_.for_reading(memory);
  callbacks.read = on_read;
  // SAFETY: unsigned char may alias std::byte; who gave a memory_source keeps its bytes.
  callbacks.data = reinterpret_cast<const unsigned char*>(memory.data());
  callbacks.data_size = memory.size();
  create(gauntlet_png_create_reader, callbacks, where);
  check(gauntlet_png_read_info(get()), "read header", where);
  header_was_read(where);
}

// ---- bytes ----

std::ptrdiff_t reader::on_read(void* self, unsigned char* out, std::size_t size) noexcept {
  // SAFETY: the shim hands back the pointer that create() gave it, an input's; the reader is pinned and
  // outlives the handle.
  auto& me = static_cast<reader&>(*static_cast<input*>(self));
  const user_code here(me.lent());
  std::size_t found = 0;
  const bool ok = me.boundary().run([&] { found = me.pull(std::as_writable_bytes(std::span(out, size))); });
  return ok ? static_cast<std::ptrdiff_t>(found) : -1;
}

std::size_t reader::pull(std::span<std::byte> out) {
  const std::size_t found = source_->read(out);
  if (found > out.size())
    throw misuse("png source read()",
                 "it claims " + std::to_string(found) + " bytes but was given room for " +
                     std::to_string(out.size()) + "; answer how many bytes were put into the span",
                 std::source_location::current());
  return found;
}

// ---- rows ----

void reader::start(const transforms& transforms, std::source_location where) {
  passes_ = input::start(transforms, where);
}

void reader::read_row(std::span<std::byte> row, std::source_location where) {
  check_stop(where);
  const row_lend lent(this->lent(), kind_, row.first(header().row_bytes), where);
  // SAFETY: unsigned char may alias std::byte; the shim checks the size against the row's.
  auto* const out = reinterpret_cast<unsigned char*>(row.data());
  check(gauntlet_png_read_row(get(), out, nullptr, row.size()), "read rows", where);
}

void reader::read_row_in_blocks(std::span<std::byte> row, std::source_location where) {
  check_stop(where);
  const row_lend lent(this->lent(), kind_, row.first(header().row_bytes), where);
  // SAFETY: as in read_row.
  auto* const out = reinterpret_cast<unsigned char*>(row.data());
  check(gauntlet_png_read_row(get(), nullptr, out, row.size()), "read rows", where);
}

void reader::read_end(std::source_location where) {
  ended_ = true;
  check(gauntlet_png_read_end(get()), "read end", where);
  file_ = {};
  end_was_read();
}

bool reader::at_end(std::source_location where) {
  require_intact("png::row_reader", where);
  if (rows_given_ < header().height) return false;
  if (!ended_) read_end(where);
  return true;
}

/// All rows in one call of the shim, unless somebody may want to stop between two. They are not lent: nobody
/// else knows yet where they are.
void reader::read_pass(image& whole, std::source_location where) {
  if (can_be_stopped()) {
    for (std::uint32_t y = 0; y < header().height; ++y) read_row(whole.row(y), where);
    return;
  }
  const std::span<std::byte> rows = whole.pixels();
  // SAFETY: as in read_row.
  auto* const out = reinterpret_cast<unsigned char*>(rows.data());
  check(gauntlet_png_read_rows(get(), out, rows.size(), header().height), "read rows", where);
}

image reader::read_image(format format, std::source_location where) {
  const bool needs_colors = format == format::native;
  image whole(header(), needs_colors ? colors(where) : color_table{}, format, where);
  for (int pass = 0; pass < passes_; ++pass) read_pass(whole, where);
  read_end(where);
  return whole;
}

void reader::read_whole(std::source_location where) {
  if (!whole_) whole_ = read_image(format::native, where);
}

std::optional<std::span<const std::byte>> reader::next_row(std::source_location where) {
  if (at_end(where)) return std::nullopt;
  if (passes_ > 1) {
    read_whole(where);
    return std::as_const(*whole_).row(rows_given_++);
  }
  if (row_.empty()) row_.resize(header().row_bytes);
  read_row(row_, where);
  ++rows_given_;
  return row_;
}

bool reader::next_row_into(std::span<std::byte> row, std::source_location where) {
  if (at_end(where)) return false;
  if (row.size() < header().row_bytes)
    throw misuse(
        "png::row_reader::read_into",
        "the span has " + std::to_string(row.size()) + " bytes, a row " + std::to_string(header().row_bytes),
        where);
  if (passes_ > 1) {
    read_whole(where);
    std::ranges::copy(std::as_const(*whole_).row(rows_given_), row.begin());
  } else {
    read_row(row, where);
  }
  ++rows_given_;
  return true;
}

void reader::all_rows_into(std::span<std::byte> pixels, std::ptrdiff_t stride, std::source_location where) {
  require_intact("png::row_reader::read_all_into", where);
  const std::uint32_t rows = header().height - rows_given_;
  const strided_rows place("png::row_reader::read_all_into", pixels.size(), header().row_bytes, rows, stride,
                           where);
  const auto row = [&](std::uint32_t y) { return pixels.subspan(place.begin_of(y), header().row_bytes); };
  if (passes_ > 1 && rows_given_ == 0) {
    for (int pass = 0; pass < passes_; ++pass)
      for (std::uint32_t y = 0; y < rows; ++y) read_row(row(y), where);
    rows_given_ = header().height;
  } else {
    for (std::uint32_t y = 0; y < rows; ++y) next_row_into(row(y), where);
  }
  at_end(where);
}

// ---- passes ----

void reader::start_passes(display display, std::source_location where) {
  kind_ = "png::pass_reader";
  display_ = display;
  whole_.emplace(header(), colors(where), format::native, where);
  std::ranges::fill(whole_->pixels(), std::byte{0});
}

std::optional<int> reader::next_pass(std::source_location where) {
  require_intact("png::pass_reader::next", where);
  if (passes_read_ == passes_) {
    if (!ended_) read_end(where);
    return std::nullopt;
  }
  for (std::uint32_t y = 0; y < header().height; ++y)
    if (display_ == display::blocks)
      read_row_in_blocks(whole_->row(y), where);
    else
      read_row(whole_->row(y), where);
  return passes_read_++;
}

// ---- what the rows have shown ----

bool reader::found_color(std::source_location where) {
  require_intact("png::row_reader::found_color", where);
  int found = 0;
  check(gauntlet_png_get_rgb_to_gray_status(get(), &found), "look for colors", where);
  return found != 0;
}

std::optional<std::uint8_t> reader::highest_index(std::source_location where) {
  require_intact("png::row_reader::highest_index", where);
  int highest = -1;
  check(gauntlet_png_get_palette_max(get(), &highest), "look for indices", where);
  if (!has_transforms() || highest < 0 || highest > 255) return std::nullopt;
  return static_cast<std::uint8_t>(highest);
}

}  // namespace gauntlet::png::detail
