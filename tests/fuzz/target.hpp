#pragma once
// What the fuzz targets share. A target is one function, which libFuzzer calls with inputs of its own making
// and tests/regressions with those that were kept. It throws what it finds: in libFuzzer's programs nothing
// catches that, so the process ends there and the input is saved; in a test, Catch2 reports it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

// How many bytes in front of a PNG file say what is done with it. The command line puts as many before the
// files that it starts from.
inline constexpr std::size_t gauntlet_fuzz_choice_bytes = 16;

// The name that libFuzzer looks for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace gauntlet::fuzz {

// Something came out wrong, although nothing was thrown.
struct finding : std::logic_error {
  using std::logic_error::logic_error;
};

inline void require(bool holds, const char* otherwise) {
  if (!holds) throw finding(otherwise);
}

// Takes an input apart. One that has ended answers 0 to everything, so that every input is valid. (Clang
// brings a class like it, which the GCC lanes would not find.)
class choices {
 public:
  explicit choices(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}

  std::uint8_t byte() noexcept {
    if (rest_.empty()) return 0;
    const auto first = std::to_integer<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return first;
  }
  bool flag() noexcept { return byte() % 2 != 0; }
  std::uint32_t up_to(std::uint8_t most) noexcept { return byte() % (most + 1U); }
  std::uint16_t two_bytes() noexcept {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  std::uint32_t four_bytes() noexcept {
    const std::uint32_t high = two_bytes();
    return high << 16 | two_bytes();
  }
  std::string text(std::uint8_t most) {
    std::string made(up_to(most), '\0');
    for (char& c : made) c = static_cast<char>(byte());
    return made;
  }
  std::span<const std::byte> rest() const noexcept { return rest_; }

 private:
  std::span<const std::byte> rest_;
};

// Reads every byte and lets a decision depend on it: a tool then knows whether there is one that may not be
// read, or that nobody has written.
inline void look_at(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  for (const std::byte b : bytes) sum += std::to_integer<std::uint64_t>(b);
  require(sum <= std::uint64_t{255} * bytes.size(), "a sum of bytes that no bytes have");
}

}  // namespace gauntlet::fuzz
