#include "animation_chunks.hpp"

#include <algorithm>
#include <utility>

#include "gauntlet/shim/png.h"

namespace gauntlet::png::detail {

std::uint16_t load_16(std::span<const std::byte> from, std::size_t at) {
  const auto bytes = from.subspan(at, 2);
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[0]) << 8 |
                                    std::to_integer<unsigned>(bytes[1]));
}

std::uint32_t load_32(std::span<const std::byte> from, std::size_t at) {
  return std::uint32_t{load_16(from, at)} << 16 | load_16(from, at + 2);
}

void append_16(byte_vector& to, std::uint16_t number) {
  to.push_back(static_cast<std::byte>(number >> 8));
  to.push_back(static_cast<std::byte>(number & 0xFF));
}

void append_32(byte_vector& to, std::uint32_t number) {
  append_16(to, static_cast<std::uint16_t>(number >> 16));
  append_16(to, static_cast<std::uint16_t>(number & 0xFFFF));
}

void append(byte_vector& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void append(byte_vector& to, std::string_view text) { append(to, std::as_bytes(std::span(text))); }

void append_chunk(byte_vector& to, std::string_view type, std::span<const std::byte> data) {
  running_crc crc(type);
  crc.add(data);
  append_32(to, static_cast<std::uint32_t>(data.size()));
  append(to, type);
  append(to, data);
  append_32(to, crc.value());
}

raw_control load_control(std::span<const std::byte> fctl) {
  return {.control = {.width = load_32(fctl, 4),
                      .height = load_32(fctl, 8),
                      .x = load_32(fctl, 12),
                      .y = load_32(fctl, 16),
                      .delay = {.numerator = load_16(fctl, 20), .denominator = load_16(fctl, 22)}},
          .dispose = std::to_integer<std::uint8_t>(fctl[24]),
          .blend = std::to_integer<std::uint8_t>(fctl[25])};
}

void append_control(byte_vector& to, const frame_control& control) {
  for (const std::uint32_t number : {control.width, control.height, control.x, control.y})
    append_32(to, number);
  append_16(to, control.delay.numerator);
  append_16(to, control.delay.denominator);
  to.push_back(static_cast<std::byte>(control.dispose));
  to.push_back(static_cast<std::byte>(control.blend));
}

// ---- reading

namespace {

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

chunk_reader::chunk_reader(std::unique_ptr<any_source> source, std::uint64_t max_input_bytes,
                           std::source_location caller)
    : where(caller),
      source_(std::move(source)),
      subject_(source_->name()),
      max_input_bytes_(max_input_bytes) {}

std::size_t chunk_reader::read_some(std::span<std::byte> out) {
  if (out.empty()) return 0;
  const std::size_t found = source_->read(out);
  if (found > out.size())
    throw misuse("png source read()",
                 "it claims " + std::to_string(found) + " bytes but was given room for " +
                     std::to_string(out.size()) + "; answer how many bytes were put into the span",
                 where);
  if (found > max_input_bytes_ - offset_)
    fail(errc::limit_exceeded, "max_input_bytes is " + std::to_string(max_input_bytes_) + ", found " +
                                   std::to_string(offset_ + found));
  offset_ += found;
  return found;
}

void chunk_reader::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const std::size_t found = read_some(out);
    if (found == 0) fail(errc::truncated, "there should be more");
    out = out.subspan(found);
  }
}

void chunk_reader::open() {
  std::array<std::byte, chunk_header_size> header;
  open_ = false;  // an error here is about no chunk
  fill(header);
  length_ = left_ = load_32(header, 0);
  for (std::size_t i = 0; i < type_.size(); ++i) type_[i] = static_cast<char>(header[4 + i]);
  if (!std::ranges::all_of(type_, is_letter)) fail(errc::corrupted, "a chunk's type is four letters");
  crc_ = running_crc(type());
  open_ = true;
  if (length_ > largest_number) fail(errc::corrupted, "a chunk cannot be that long");
}

std::size_t chunk_reader::read_data(std::span<std::byte> out) {
  const auto some = out.first(std::min<std::size_t>(out.size(), left_));
  const std::size_t found = read_some(some);
  if (found == 0 && !some.empty()) fail(errc::truncated, "there should be more");
  crc_.add(some.first(found));
  left_ -= static_cast<std::uint32_t>(found);
  return found;
}

byte_vector chunk_reader::read_data(std::uint32_t size) {
  byte_vector data(size);
  for (std::span<std::byte> rest = data; !rest.empty();) rest = rest.subspan(read_data(rest));
  return data;
}

bool chunk_reader::close() {
  std::array<std::byte, crc_size> stored;
  fill(stored);
  open_ = false;
  stored_crc_ = load_32(stored, 0);
  return stored_crc_ == crc_.value();
}

void chunk_reader::close_checked() {
  if (!close()) fail(errc::corrupted, type(), offset_, "the CRC is not that of the chunk");
}

void chunk_reader::skip() {
  std::array<std::byte, 4096> passed;
  while (left_ > 0) read_data(passed);
  if (is_critical()) {
    close_checked();
  } else {
    close();
  }
}

void chunk_reader::fail(errc code, std::string_view sentence) const {
  fail(code, open_ ? type() : "", offset_, sentence);
}

void chunk_reader::fail(std::error_code code, std::string_view chunk, std::uint64_t offset,
                        std::string_view sentence, std::optional<std::uint32_t> row) const {
  // The shim's struct is how facts get into png::error; all of it but these is 0.
  gauntlet_png_failure facts{};
  sentence.substr(0, sizeof facts.message - 1).copy(facts.message, sizeof facts.message - 1);
  chunk.substr(0, sizeof facts.chunk - 1).copy(facts.chunk, sizeof facts.chunk - 1);
  facts.offset = offset;
  facts.row = row ? std::int64_t{*row} : -1;
  throw error(code, "read animation", subject_, facts, where);
}

}  // namespace gauntlet::png::detail
