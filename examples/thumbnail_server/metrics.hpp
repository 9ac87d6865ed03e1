#pragma once
/// What Prometheus asks for.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

/// Of all loops together; each counts from its own thread.
class metrics {
 public:
  using count = std::atomic<std::uint64_t>;

  void answered(int status, std::chrono::nanoseconds took) noexcept;
  /// In Prometheus' text format.
  std::string text() const;

  count bytes_in{0};
  count bytes_out{0};
  count connections{0};  ///< open now
  count accepted{0};     ///< so far
  count refused{0};      ///< for want of room
  count closed_to_make_room{0};
  count in_flight{0};  ///< requests, from the end of the head to the end of the answer

 private:
  static constexpr std::size_t most_statuses = 32;
  static constexpr std::array<double, 12> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                 0.1,   0.25,   0.5,   1,    2.5,   10};  // seconds

  std::array<count, most_statuses> by_status_{};    // as statuses()
  std::array<count, bounds.size() + 1> latency_{};  // the last one: all that took longer
  count latency_microseconds_{0};
};
