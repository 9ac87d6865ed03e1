#include "gauntlet/uv/wtf8.hpp"

#include <uv.h>

#include <cstdint>
#include <vector>

#include "text.hpp"
#include "version.hpp"

namespace gauntlet::uv {

// Before 1.49 they were not exported.
#if UV_VERSION_HEX >= 0x013100

namespace {

// libuv asserts that code points are below the very last one, U+10FFFF, which is one: it is kept from it.
constexpr std::string_view last_wtf8 = "\xF4\x8F\xBF\xBF";
constexpr std::u16string_view last_utf16 = u"\U0010FFFF";

void append_utf16(std::u16string& utf16, std::string_view part, std::string_view text,
                  const std::source_location& where) {
  const std::string wtf8(part);
  const ssize_t length = uv_wtf8_length_as_utf16(wtf8.c_str());
  if (length < 0) throw error(UV_EINVAL, "wtf8_to_utf16", text, where, "it is not WTF-8");
  std::vector<std::uint16_t> units(static_cast<std::size_t>(length));
  // SAFETY: the text is WTF-8, and the length, which is that of the same text, counts the NUL behind it.
  uv_wtf8_to_utf16(wtf8.c_str(), units.data(), units.size());
  utf16.append(units.begin(), units.end() - 1);
}

}  // namespace

std::string utf16_to_wtf8(std::u16string_view text, std::source_location where) {
  const std::vector<std::uint16_t> units(text.begin(), text.end());
  const auto length = static_cast<ssize_t>(units.size());  // a vector has no more
  std::string wtf8(uv_utf16_length_as_wtf8(units.data(), length), '\0');
  char* target = wtf8.data();
  std::size_t size = wtf8.size();
  // SAFETY: it writes `size` bytes and a NUL, for which a std::string has a place.
  detail::check(uv_utf16_to_wtf8(units.data(), length, &target, &size), "utf16_to_wtf8", "text", where);
  return wtf8;
}

std::u16string wtf8_to_utf16(std::string_view text, std::source_location where) {
  std::u16string utf16;
  std::string_view rest = text;
  detail::c_text(text, "wtf8_to_utf16", "text", where);
  for (;;) {
    const std::size_t at = rest.find(last_wtf8);
    append_utf16(utf16, rest.substr(0, at), text, where);
    if (at == rest.npos) return utf16;
    utf16.append(last_utf16);
    rest.remove_prefix(at + last_wtf8.size());
  }
}

#else

std::string utf16_to_wtf8(std::u16string_view, std::source_location where) {
  detail::throw_missing("utf16_to_wtf8", "1.49", where);
}

std::u16string wtf8_to_utf16(std::string_view, std::source_location where) {
  detail::throw_missing("wtf8_to_utf16", "1.49", where);
}

#endif

}  // namespace gauntlet::uv
