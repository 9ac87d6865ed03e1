// libpng stops at the first chunk whose CRC is wrong, and a mutation that also finds the right CRC does not
// happen by chance. So after most of its mutations this puts the right ones into the chunks of the PNG file.
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "target.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t capacity);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t capacity,
                                               unsigned seed);

namespace {

constexpr std::size_t signature_bytes = 8;
constexpr std::size_t around_chunk_data = 12;  // length, type and CRC

std::uint32_t big_endian(std::span<const std::uint8_t> bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         bytes[3];
}

void put_big_endian(std::span<std::uint8_t> bytes, std::uint32_t number) {
  for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i) & 255);
}

void mend(std::span<std::uint8_t> file) {
  std::size_t at = signature_bytes;
  while (file.size() >= around_chunk_data && at <= file.size() - around_chunk_data) {
    const std::size_t length = big_endian(file.subspan(at));
    if (length > file.size() - around_chunk_data - at) return;
    const auto checked = file.subspan(at + 4, 4 + length);
    const uLong crc = crc32(0, checked.data(), static_cast<uInt>(checked.size()));
    put_big_endian(file.subspan(at + 8 + length), static_cast<std::uint32_t>(crc));
    at += around_chunk_data + length;
  }
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t capacity,
                                    unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, capacity);
  // Wrong ones have to be met as well.
  if (seed % 8 != 0) mend(std::span(data, mutated).subspan(std::min(gauntlet_fuzz_choice_bytes, mutated)));
  return mutated;
}
