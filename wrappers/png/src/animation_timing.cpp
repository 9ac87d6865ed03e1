#include <array>
#include <string>

#include "gauntlet/error.hpp"
#include "gauntlet/png/animation.hpp"

namespace gauntlet::png {

frame_delay delay_of(std::chrono::milliseconds time, std::source_location where) {
  constexpr std::array<std::uint16_t, 4> denominators{1000, 100, 10, 1};
  constexpr std::int64_t most = 65'535;
  if (time.count() >= 0 && time.count() <= most * 1000)
    for (const std::uint16_t parts : denominators) {
      const std::int64_t rounded = (time.count() * parts + 500) / 1000;
      if (rounded <= most) return {.numerator = static_cast<std::uint16_t>(rounded), .denominator = parts};
    }
  throw misuse("png::delay_of",
               "a frame stays from 0 to 65535000 ms, not " + std::to_string(time.count()) + " ms", where);
}

}  // namespace gauntlet::png
