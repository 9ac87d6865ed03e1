// Faults of arithmetic, conversion and alignment in our own C++ code.
#include <cstdint>
#include <limits>

#include "canary.hpp"

void canary_signed_overflow(bool faulty) {
  const int limit = std::numeric_limits<int>::max();
  const int value = opaque(faulty ? limit : limit - 1);
  (void)opaque(value + 1);
}

void canary_bad_shift(bool faulty) {
  const unsigned distance = opaque(faulty ? 32U : 31U);
  (void)opaque(1U << distance);
}

void canary_misaligned_access(bool faulty) {
  alignas(std::uint32_t) unsigned char bytes[2 * sizeof(std::uint32_t)] = {};
  void* address = opaque(bytes + (faulty ? 1 : 0));
  (void)opaque(*static_cast<std::uint32_t*>(address));
}

void canary_implicit_conversion(bool faulty) {
  // An increment computes an int and converts it back without a word.
  std::uint8_t value = opaque<std::uint8_t>(faulty ? 255 : 254);
  ++value;
  (void)opaque(value);
}
