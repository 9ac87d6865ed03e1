#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// How much strangers may ask for. Each loop keeps to max_connections and max_uploads by itself.
struct server_limits {
  std::size_t max_connections = 10'000;
  /// Bodies that are worked on at the same time; others wait, unread.
  std::size_t max_uploads = 64;

  std::uint64_t max_body = std::uint64_t{32} << 20;  ///< bytes
  std::uint64_t max_pixels = 64'000'000;             ///< of the picture that is sent
  /// Of one that is interlaced, which has to be held whole.
  std::uint64_t max_interlaced_pixels = 4'000'000;
  std::uint32_t max_side = 32'768;  ///< of its width and its height
  std::uint32_t max_thumbnail_width = 2'048;
  std::uint64_t max_thumbnail_pixels = 4'000'000;

  std::chrono::milliseconds idle_timeout{15'000};  ///< for the first byte of a request
  std::chrono::milliseconds head_timeout{10'000};  ///< from there to the end of its head
  /// What a body, or an answer, may keep us waiting for the client, and a second more for each min_rate
  /// bytes.
  std::chrono::milliseconds body_timeout{10'000};
  std::uint64_t min_rate = 4'096;
  std::chrono::milliseconds queue_timeout{10'000};  ///< for a place among max_uploads
  /// For the client to hear the last answer, before the connection is closed.
  std::chrono::milliseconds linger_timeout{2'000};
  /// For what is in flight when the server is to end.
  std::chrono::milliseconds grace{10'000};

  /// For so many bytes.
  std::chrono::milliseconds time_for(std::uint64_t bytes) const {
    return body_timeout + std::chrono::milliseconds(bytes * 1000 / min_rate);
  }
};
