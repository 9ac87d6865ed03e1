#include <algorithm>
#include <gauntlet/uv/library.hpp>
#include <gauntlet/uv/wtf8.hpp>
#include <string>
#include <vector>

#include "property.hpp"

namespace gauntlet::uv::test {
namespace {

bool too_old() {
  if (header_version_number() >= 0x013100) return false;
  CHECK_THROWS_AS(utf16_to_wtf8(u"a"), error);
  return true;
}

// Units that mean something to UTF-16, and others.
rc::Gen<std::u16string> texts() {
  const auto unit =
      rc::gen::oneOf(rc::gen::inRange<std::uint16_t>(1, 0xFFFF),
                     rc::gen::elementOf(std::vector<std::uint16_t>{0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xFFFF,
                                                                   0x7F, 0x80, 0x7FF, 0x800, 'a'}));
  return rc::gen::map(rc::gen::container<std::vector<std::uint16_t>>(unit),
                      [](const auto& units) { return std::u16string(units.begin(), units.end()); });
}

TEST_CASE("any UTF-16 without a NUL comes back from WTF-8") {
  if (too_old()) return;
  gauntlet::test::check_property([] {
    const std::u16string text = *texts();
    RC_ASSERT(wtf8_to_utf16(utf16_to_wtf8(text)) == text);
  });
}

TEST_CASE("any bytes are WTF-8 or an error, and nothing else") {
  if (too_old()) return;
  gauntlet::test::check_property([] {
    const auto byte = rc::gen::oneOf(rc::gen::arbitrary<char>(),
                                     rc::gen::elementOf(std::vector<char>{'\xF4', '\x8F', '\xBF', '\xED',
                                                                          '\xA0', '\x80', '\xF0', '\xE2'}));
    const auto bytes = *rc::gen::container<std::vector<char>>(byte);
    std::string text(bytes.begin(), bytes.end());
    std::erase(text, '\0');
    const auto read = attempt<error>([&] { return wtf8_to_utf16(text); });
    if (read) RC_ASSERT(read->size() <= text.size());
  });
}

}  // namespace
}  // namespace gauntlet::uv::test
