#include "gauntlet/png/decoder.hpp"

#include <ranges>

#include "formats.hpp"
#include "reader.hpp"

namespace gauntlet::png {

static_assert(std::ranges::input_range<row_reader>);

namespace {

detail::reader& require(const detail::reader_ptr& reader, const char* operation, std::source_location where) {
  if (!reader)
    throw misuse(operation, "this object was moved from or used up; use the one it went to", where);
  return *reader;
}

}  // namespace

void detail::reader_deleter::operator()(reader* owned) const noexcept { delete owned; }

// ---- what all three tell ----

namespace detail {

const header& reading::header(std::source_location where) const {
  return require(reader_, "png header()", where).header();
}
const color_table& reading::colors(std::source_location where) const {
  return require(reader_, "png colors()", where).colors(where);
}
const metadata& reading::metadata(std::source_location where) const {
  return require(reader_, "png metadata()", where).metadata(where);
}
std::span<const warning> reading::warnings(std::source_location where) const {
  return require(reader_, "png warnings()", where).warnings();
}
std::uint64_t reading::bytes_read(std::source_location where) const {
  return require(reader_, "png bytes_read()", where).bytes_read();
}
std::uint64_t reading::memory_in_use(std::source_location where) const {
  return require(reader_, "png memory_in_use()", where).memory_in_use();
}
native_handles reading::native(std::source_location where) const {
  return require(reader_, "png native()", where).native();
}
void reading::protect_raw(raw_call call, void* user, std::source_location where) {
  require(reader_, "png protect()", where).protect(call, user, where);
}

}  // namespace detail

// ---- decoder ----

decoder::decoder(std::unique_ptr<detail::any_source> source, const decoder_options& options,
                 std::source_location where)
    : reading(detail::reader_ptr(new detail::reader(std::move(source), options, where))) {}

row_reader decoder::start(const transforms& transforms, std::source_location where) && {
  detail::reader_ptr used_up = std::move(reader_);
  require(used_up, "png::decoder::start", where).start(transforms, where);
  return row_reader(std::move(used_up));
}

row_reader decoder::start(transform flags, std::source_location where) && {
  return std::move(*this).start(transforms{.flags = flags}, where);
}

pass_reader decoder::start_passes(display display, const transforms& transforms,
                                  std::source_location where) && {
  detail::reader_ptr used_up = std::move(reader_);
  detail::reader& reader = require(used_up, "png::decoder::start_passes", where);
  reader.start(transforms, where);
  reader.start_passes(display, where);
  return pass_reader(std::move(used_up));
}

image decoder::read_image(format format, std::source_location where) && {
  detail::reader_ptr used_up = std::move(reader_);
  detail::reader& reader = require(used_up, "png::decoder::read_image", where);
  reader.start(transforms_for(format, where), where);
  return reader.read_image(format, where);
}

// ---- row_reader ----

std::optional<std::span<const std::byte>> row_reader::next(std::source_location where) {
  return require(reader_, "png::row_reader::next", where).next_row(where);
}
bool row_reader::read_into(std::span<std::byte> row, std::source_location where) {
  return require(reader_, "png::row_reader::read_into", where).next_row_into(row, where);
}
void row_reader::read_all_into(std::span<std::byte> pixels, std::ptrdiff_t stride,
                               std::source_location where) {
  require(reader_, "png::row_reader::read_all_into", where).all_rows_into(pixels, stride, where);
}
bool row_reader::found_color(std::source_location where) const {
  return require(reader_, "png::row_reader::found_color", where).found_color(where);
}
std::optional<std::uint8_t> row_reader::highest_index(std::source_location where) const {
  return require(reader_, "png::row_reader::highest_index", where).highest_index(where);
}

row_reader::iterator row_reader::begin(std::source_location where) {
  return iterator(require(reader_, "png::row_reader::begin", where), where);
}

row_reader::iterator& row_reader::iterator::operator++() {
  row_ = reader_->next_row(where_);
  return *this;
}

std::span<const std::byte> row_reader::iterator::operator*() const {
  if (!row_)
    throw misuse("png::row_reader::iterator", "there is no row behind the last; compare with end() first",
                 where_);
  return *row_;
}

// ---- pass_reader ----

int pass_reader::passes(std::source_location where) const {
  return require(reader_, "png::pass_reader::passes", where).passes();
}
std::optional<int> pass_reader::next(std::source_location where) {
  return require(reader_, "png::pass_reader::next", where).next_pass(where);
}
const image& pass_reader::picture(std::source_location where) const {
  return require(reader_, "png::pass_reader::picture", where).picture();
}

// ---- free functions ----

image decode(std::span<const std::byte> bytes, const decode_options& options, std::source_location where) {
  return decode(memory_source(bytes), options, where);
}

}  // namespace gauntlet::png
