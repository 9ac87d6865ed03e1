#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

// tIME must have 7 bytes; libpng warns and goes on.
bytes short_time() { return chunk("tIME", bytes(3)); }

TEST_CASE("a file without fault has no warnings") {
  CHECK(decoder{owning_source(tiny_file())}.warnings().empty());
}

TEST_CASE("a warning says what, in which chunk and at which byte") {
  const bytes file = tiny_file(short_time());
  const chunk_place place = chunks_of(file)[1];
  const decoder decoder{memory_source(file)};
  REQUIRE(decoder.warnings().size() == 1);
  const warning& told = decoder.warnings()[0];
  CHECK(told.chunk == "tIME");
  CHECK_FALSE(told.message.empty());
  CHECK_FALSE(told.message.starts_with("tIME"));  // the chunk stands beside the message
  CHECK(told.offset >= place.begin + 8);
  CHECK(told.offset <= place.end);
  CHECK_FALSE(told.row.has_value());
}

TEST_CASE("warnings of what stands behind the image are known at its end") {
  row_reader rows = decoder{owning_source(tiny_file({}, short_time()))}.start();
  CHECK(rows.warnings().empty());
  while (rows.next()) {
  }
  CHECK(rows.warnings().size() == 1);
}

TEST_CASE("a warning in the pixels names the row") {
  // Pixel 3 of the second row is beyond the palette of two; libpng says so at the end of the image.
  const bytes rows{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0xFF}};
  const bytes more_than_needed(40, std::byte{0});
  const bytes file =
      joined({signature(), ihdr(2, 2, 8, 0), idat(joined({bytes(6), more_than_needed})), iend()});
  row_reader reader = decoder{memory_source(file)}.start();
  while (reader.next()) {
  }
  REQUIRE_FALSE(reader.warnings().empty());
  CHECK(reader.warnings()[0].chunk == "IDAT");
  CHECK(reader.warnings()[0].row.has_value());
}

TEST_CASE("a file can warn many times") {
  const auto path = std::filesystem::path(GAUNTLET_CORPUS) / "testpngs/crashers/empty_ancillary_chunks.png";
  const bytes file = read_file(path);
  row_reader rows = decoder{memory_source(file)}.start();
  while (rows.next()) {
  }
  CHECK(rows.warnings().size() > 20);
  CHECK(rows.warnings().size() == static_cast<std::size_t>(reference(file)->warnings));
}

TEST_CASE("after a thousand warnings one more says that the rest is not kept") {
  for (const std::size_t count : {std::size_t{1000}, std::size_t{1001}, std::size_t{3000}}) {
    INFO(count);
    bytes many;
    for (std::size_t i = 0; i < count; ++i) {
      const bytes one = short_time();
      many.insert(many.end(), one.begin(), one.end());
    }
    const decoder decoder{owning_source(tiny_file(many))};
    const auto warnings = decoder.warnings();
    CHECK(warnings.size() == (count == 1000 ? 1000 : 1001));
    const bool says_so = warnings.back().message == "further warnings are not kept";
    CHECK(says_so == (count > 1000));
  }
}

TEST_CASE("nothing is ever printed") {
  captured_stderr captured;
  static_cast<void>(try_to_decode(tiny_file(short_time())));
  static_cast<void>(try_to_decode({}));
  static_cast<void>(try_to_decode(to_bytes("GIF89a.....")));
  for (const auto& path : corpus("testpngs/crashers")) static_cast<void>(try_to_decode(read_file(path)));
  const image picture = make_picture({color_type::gray, 8}, 3, 3);
  static_cast<void>(attempt([&] { return encode(picture, {.limits = {.max_memory = 5'000}}); }));
  CHECK(captured.take().empty());
}

}  // namespace
}  // namespace gauntlet::png::test
