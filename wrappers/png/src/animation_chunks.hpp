#pragma once
/// PNG files as the row of chunks they are, which is the level APNG lives on; libpng does not show it.

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gauntlet/png/animation.hpp"
#include "gauntlet/png/error.hpp"
#include "gauntlet/png/source.hpp"

namespace gauntlet::png::detail {

using byte_vector = std::vector<std::byte>;

/// PNG's four-byte numbers end here.
inline constexpr std::uint32_t largest_number = 0x7FFFFFFF;

inline constexpr std::array<std::uint8_t, 8> signature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
inline constexpr std::size_t chunk_header_size = 8;  ///< length and type
inline constexpr std::size_t crc_size = 4;
inline constexpr std::uint32_t ihdr_size = 13;
inline constexpr std::uint32_t actl_size = 8;
inline constexpr std::uint32_t fctl_size = 26;
inline constexpr std::uint32_t sequence_size = 4;  ///< what fdAT has before IDAT's data

std::uint16_t load_16(std::span<const std::byte> from, std::size_t at);
std::uint32_t load_32(std::span<const std::byte> from, std::size_t at);
void append_16(byte_vector& to, std::uint16_t number);
void append_32(byte_vector& to, std::uint32_t number);
void append(byte_vector& to, std::span<const std::byte> bytes);
void append(byte_vector& to, std::string_view text);
void append_chunk(byte_vector& to, std::string_view type, std::span<const std::byte> data);

/// CRC-32 over a type and data that come in pieces.
class running_crc {
 public:
  explicit running_crc(std::string_view type) { add(std::as_bytes(std::span(type))); }
  void add(std::span<const std::byte> bytes) noexcept {
    if (bytes.empty()) return;  // zlib takes a null pointer as the wish to begin anew
    // SAFETY: unsigned char may alias std::byte.
    value_ = crc32_z(value_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  std::uint32_t value() const noexcept { return static_cast<std::uint32_t>(value_); }

 private:
  uLong value_ = 0;
};

/// fcTL without its sequence number; the operations as the file has them.
struct raw_control {
  frame_control control{};
  std::uint8_t dispose = 0;
  std::uint8_t blend = 0;
};
raw_control load_control(std::span<const std::byte> fctl);
void append_control(byte_vector& to, const frame_control& control);

/// Reads a source chunk by chunk, and tells every place in the file.
class chunk_reader {
 public:
  /// Of each public call in turn: errors name its caller.
  std::source_location where;

  chunk_reader(std::unique_ptr<any_source> source, std::uint64_t max_input_bytes,
               std::source_location caller);

  const std::string& subject() const noexcept { return subject_; }
  std::uint64_t offset() const noexcept { return offset_; }

  /// 0 at the end of the source.
  std::size_t read_some(std::span<std::byte> out);

  /// Reads the next chunk's length and type.
  void open();
  bool is_open() const noexcept { return open_; }
  std::string_view type() const noexcept { return {type_.data(), type_.size()}; }
  bool is_critical() const noexcept { return (static_cast<unsigned>(type_[0]) & 0x20U) == 0; }
  std::uint32_t length() const noexcept { return length_; }
  /// Bytes of data not yet read.
  std::uint32_t left() const noexcept { return left_; }
  std::size_t read_data(std::span<std::byte> out);  ///< some of them
  byte_vector read_data(std::uint32_t size);        ///< so many of them
  /// Behind the last byte of data: reads the CRC, answers whether it is that of the chunk.
  bool close();
  std::uint32_t stored_crc() const noexcept { return stored_crc_; }
  /// The same, and refuses a wrong one.
  void close_checked();
  /// Passes over what is left. A wrong CRC matters only in a critical chunk, as for libpng.
  void skip();

  /// Throws png::error about the chunk that is open, or, with a name, about another.
  [[noreturn]] void fail(errc code, std::string_view sentence) const;
  [[noreturn]] void fail(std::error_code code, std::string_view chunk, std::uint64_t offset,
                         std::string_view sentence, std::optional<std::uint32_t> row = {}) const;

 private:
  void fill(std::span<std::byte> out);

  std::unique_ptr<any_source> source_;
  std::string subject_;
  std::uint64_t max_input_bytes_;
  std::uint64_t offset_ = 0;
  std::array<char, 4> type_{};
  std::uint32_t length_ = 0;
  std::uint32_t left_ = 0;
  std::uint32_t stored_crc_ = 0;
  running_crc crc_{""};
  bool open_ = false;
};

}  // namespace gauntlet::png::detail
