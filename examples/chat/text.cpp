#include "text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace chat {
namespace {

/// Takes one character off the front; false if what is there is none, or a control character.
bool take_character(std::string_view& bytes) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const std::uint8_t first = at(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size > bytes.size() || (first >= 0x80 && first < 0xC2) || first > 0xF4) return false;
  std::uint32_t code = size == 1 ? first : first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return false;
    code = code << 6U | (at(i) & 0x3FU);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  if (overlong || surrogate || control || code > 0x10FFFF) return false;
  bytes.remove_prefix(size);
  return true;
}

}  // namespace

bool is_plain_text(std::string_view bytes) noexcept {
  while (!bytes.empty())
    if (!take_character(bytes)) return false;
  return true;
}

bool is_name(std::string_view bytes) noexcept {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !bytes.empty() && bytes.size() <= 20 && std::ranges::all_of(bytes, fits);
}

}  // namespace chat
