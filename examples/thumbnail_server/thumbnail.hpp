#pragma once
/// A PNG file in, in pieces of any size; a smaller one out. Knows nothing of sockets.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <gauntlet/png.hpp>
#include <optional>
#include <span>
#include <vector>

#include "box_filter.hpp"
#include "limits.hpp"

/// Holds some rows, never the picture, unless it is interlaced. For one thread at a time; the calls take as
/// long as their bytes.
class thumbnail_maker {
 public:
  /// width: of the result, which is never larger than the picture.
  thumbnail_maker(std::uint32_t width, const server_limits& limits);
  thumbnail_maker(const thumbnail_maker&) = delete;
  thumbnail_maker& operator=(const thumbnail_maker&) = delete;

  /// Throws refusal for what is no picture, is broken, or is too large: as soon as its header says so.
  void feed(std::span<const std::byte> bytes);
  /// There are no more. The file of the thumbnail; throws refusal if the picture ends too early.
  std::vector<std::byte> finish();

  std::chrono::nanoseconds decoding() const { return decoding_; }
  std::chrono::nanoseconds encoding() const { return encoding_; }

 private:
  gauntlet::png::transforms on_header(const gauntlet::png::header& header);
  void on_row(const gauntlet::png::row_event& row);
  void on_end();

  const server_limits& limits_;
  std::uint32_t width_;
  std::optional<box_filter> filter_;
  std::optional<gauntlet::png::image> whole_;  // of an interlaced picture
  std::chrono::nanoseconds decoding_{};
  std::chrono::nanoseconds encoding_{};
  gauntlet::png::push_decoder decoder_;
};
