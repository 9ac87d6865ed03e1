#include <gauntlet/uv/wtf8.hpp>
#include <string>

#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::string_view_literals;

bool too_old() {
  return lacks(0x013100, "1.49", [] { return utf16_to_wtf8(u"a"); }) &&
         lacks(0x013100, "1.49", [] { return wtf8_to_utf16("a"); });
}

TEST_CASE("UTF-16 becomes WTF-8, broken or not") {
  if (too_old()) return;
  CHECK(utf16_to_wtf8(u"").empty());
  CHECK(utf16_to_wtf8(u"a\u00E4\u20AC\U0001F600"sv) == "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(utf16_to_wtf8(u"\U0010FFFF") == "\xF4\x8F\xBF\xBF");
  CHECK(utf16_to_wtf8(u"a\0b"sv) == "a\0b"sv);
  CHECK(utf16_to_wtf8(std::u16string(1, char16_t{0xD83D})) == "\xED\xA0\xBD");
  CHECK(utf16_to_wtf8(std::u16string{char16_t{0xDE00}, u'x'}) == "\xED\xB8\x80x");
  CHECK(utf16_to_wtf8(std::u16string(100'000, u'\u20AC')).size() == 300'000);
}

TEST_CASE("WTF-8 becomes UTF-16 again") {
  if (too_old()) return;
  CHECK(wtf8_to_utf16("").empty());
  CHECK(wtf8_to_utf16("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80") == u"a\u00E4\u20AC\U0001F600");
  CHECK(wtf8_to_utf16("\xED\xA0\xBD") == std::u16string(1, char16_t{0xD83D}));
}

TEST_CASE("the last code point of Unicode is one like the others") {
  // libuv asserts that there is none above U+10FFFE.
  if (too_old()) return;
  const std::u16string last = u"\U0010FFFF";
  CHECK(wtf8_to_utf16("\xF4\x8F\xBF\xBF") == last);
  CHECK(wtf8_to_utf16("a\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBFz") == u"a" + last + last + u"z");
  CHECK(wtf8_to_utf16("\xF4\x8F\xBF\xBE") == u"\U0010FFFE");
}

TEST_CASE("text that is not WTF-8 is an error") {
  if (too_old()) return;
  for (const auto text :
       {"\x80"sv, "a\xC3"sv, "\xC3z"sv, "\xE2\x82"sv, "\xF0\x9F\x98"sv, "\xF4\x90\x80\x80"sv, "\xFF"sv,
        "\xC0\x80"sv, "\xE2\xF4\x8F\xBF\xBF"sv, "\xF4\x8F\xBF\xBF\xBF"sv}) {
    CHECK(is_refused([&] { return wtf8_to_utf16(text); }, std::errc::invalid_argument, "not WTF-8"));
  }
  CHECK(is_misuse([] { return wtf8_to_utf16("a\0b"sv); }, "the text has a NUL at byte 1"));
}

}  // namespace
}  // namespace gauntlet::uv::test
