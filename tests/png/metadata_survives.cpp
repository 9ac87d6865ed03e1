#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

metadata round_trip(const metadata& given) {
  const image picture = make_picture({color_type::gray, 8}, 2, 2);
  row_reader rows = decoder{owning_source(encode(picture, {.metadata = given}))}.start();
  while (rows.next()) {
  }
  return rows.metadata();
}

TEST_CASE("an image without metadata has none") { CHECK(round_trip({}) == metadata{}); }

TEST_CASE("texts come back in their order, each in its kind") {
  metadata given;
  given.texts.push_back({.key = "Title", .value = "caf\xE9 in Latin-1"});
  given.texts.push_back({.key = "Comment", .value = std::string(5000, 'x'), .compressed = true});
  given.texts.push_back({.key = "Description",
                         .value = "caf\xC3\xA9 in UTF-8",
                         .international = true,
                         .language = "en-GB",
                         .translated_key = "Beschreibung"});
  given.texts.push_back({.key = "Author",
                         .value = std::string(3000, 'y'),
                         .compressed = true,
                         .international = true,
                         .language = "",
                         .translated_key = ""});
  given.texts.push_back({.key = std::string(79, 'k'), .value = ""});
  given.texts.push_back({.key = "Title", .value = "a key may come twice"});
  CHECK(round_trip(given).texts == given.texts);
}

TEST_CASE("a text as long as a chunk may be by default comes back whole") {
  metadata given;
  given.texts.push_back({.key = "Long", .value = std::string(7'900'000, 'z'), .compressed = true});
  CHECK(round_trip(given).texts == given.texts);
}

TEST_CASE("gamma comes back from its smallest to its largest value that libpng takes") {
  for (const std::uint32_t gamma : {16U, 45455U, 100000U, 625000000U}) {
    INFO(gamma);
    CHECK(round_trip({.gamma = gamma}).gamma == gamma);
  }
}

TEST_CASE("every rendering intent comes back") {
  for (const auto intent : {rendering_intent::perceptual, rendering_intent::relative_colorimetric,
                            rendering_intent::saturation, rendering_intent::absolute_colorimetric})
    CHECK(round_trip({.srgb = intent}).srgb == intent);
}

TEST_CASE("the size of a pixel comes back, with and without its unit") {
  for (const bool per_metre : {false, true}) {
    const physical given{.x = 2835, .y = 1417, .per_metre = per_metre};
    CHECK(round_trip({.physical = given}).physical == given);
  }
}

TEST_CASE("a time comes back, leap second and all") {
  const time given{.year = 2016, .month = 12, .day = 31, .hour = 23, .minute = 59, .second = 60};
  CHECK(round_trip({.modified = given}).modified == given);
}

TEST_CASE("all of it together comes back") {
  const metadata given{.texts = {{.key = "Software", .value = "tests"}},
                       .gamma = 45455,
                       .physical = physical{.x = 1, .y = 2, .per_metre = false},
                       .modified = time{.year = 1, .month = 1, .day = 1}};
  CHECK(round_trip(given) == given);
}

TEST_CASE("what stands behind the image is known once its rows are read") {
  const bytes late = chunk("tEXt", to_bytes(std::string("Title\0late", 10)));
  const bytes early = chunk("tEXt", to_bytes(std::string("Title\0early", 11)));
  const bytes file = tiny_file(early, late);
  decoder decoder{memory_source(file)};
  REQUIRE(decoder.metadata().texts.size() == 1);
  CHECK(decoder.metadata().texts[0].value == "early");
  row_reader rows = std::move(decoder).start();
  CHECK(rows.metadata().texts.size() == 1);
  while (rows.next()) {
  }
  REQUIRE(rows.metadata().texts.size() == 2);
  CHECK(rows.metadata().texts[1].value == "late");
}

}  // namespace
}  // namespace gauntlet::png::test
