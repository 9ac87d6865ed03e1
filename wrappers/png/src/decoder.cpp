#include "gauntlet/png/decoder.hpp"

#include <ranges>

#include "reader.hpp"

namespace gauntlet::png {

static_assert(std::ranges::input_range<row_reader>);

namespace {

detail::reader& require(const detail::reader_ptr& reader, const char* operation, std::source_location where) {
  if (!reader)
    throw misuse(operation, "this object was moved from or used up; use the one it went to", where);
  return *reader;
}

/// What each wanted format asks of libpng.
transform transforms_for(format format, std::source_location where) {
  switch (format) {
    case format::native:
      return transform::none;
    case format::rgba8:
      return transform::expand | transform::scale_16 | transform::gray_to_rgb | transform::add_alpha;
  }
  throw misuse("png::decode", "there is no such format", where);
}

}  // namespace

void detail::reader_deleter::operator()(reader* owned) const noexcept { delete owned; }

decoder::decoder(std::unique_ptr<detail::any_source> source, const decoder_options& options,
                 std::source_location where)
    : reader_(new detail::reader(std::move(source), options.limits, where)) {}

const header& decoder::header(std::source_location where) const {
  return require(reader_, "png::decoder::header", where).header();
}
const color_table& decoder::colors(std::source_location where) const {
  return require(reader_, "png::decoder::colors", where).colors();
}
const metadata& decoder::metadata(std::source_location where) const {
  return require(reader_, "png::decoder::metadata", where).metadata();
}
std::span<const warning> decoder::warnings(std::source_location where) const {
  return require(reader_, "png::decoder::warnings", where).warnings();
}

row_reader decoder::start(transform transforms, std::source_location where) && {
  detail::reader_ptr used_up = std::move(reader_);
  require(used_up, "png::decoder::start", where).start(transforms, where);
  return row_reader(std::move(used_up));
}

image decoder::read_image(format format, std::source_location where) && {
  detail::reader_ptr used_up = std::move(reader_);
  detail::reader& reader = require(used_up, "png::decoder::read_image", where);
  reader.start(transforms_for(format, where), where);
  return reader.read_image(where);
}

const header& row_reader::header(std::source_location where) const {
  return require(reader_, "png::row_reader::header", where).header();
}
const color_table& row_reader::colors(std::source_location where) const {
  return require(reader_, "png::row_reader::colors", where).colors();
}
const metadata& row_reader::metadata(std::source_location where) const {
  return require(reader_, "png::row_reader::metadata", where).metadata();
}
std::span<const warning> row_reader::warnings(std::source_location where) const {
  return require(reader_, "png::row_reader::warnings", where).warnings();
}

std::optional<std::span<const std::byte>> row_reader::next(std::source_location where) {
  return require(reader_, "png::row_reader::next", where).next_row(where);
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

image decode(std::span<const std::byte> bytes, const decode_options& options, std::source_location where) {
  return decode(memory_source(bytes), options, where);
}

}  // namespace gauntlet::png
