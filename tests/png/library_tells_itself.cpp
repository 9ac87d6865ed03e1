#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

TEST_CASE("the version of the libpng that runs is told as a number and as text") {
  const std::uint32_t number = library_version_number();
  const std::string text = std::to_string(number / 10000) + '.' + std::to_string(number / 100 % 100) + '.' +
                           std::to_string(number % 100);
  CHECK(library_version() == text);
  CHECK(library_copyright().contains("libpng"));
}

TEST_CASE("transforms for a format bring rows of any file into it") {
  for (const pixel_format kind : all_formats) {
    INFO(name_of(kind));
    const bytes file = encode(make_picture(kind, 9, 4));
    const image whole = decode(file, {.format = format::bgra8});
    row_reader rows = decoder{memory_source(file)}.start(transforms_for(format::bgra8));
    std::uint32_t y = 0;
    for (const std::span<const std::byte> row : rows) CHECK(same_bytes(row, whole.row(y++)));
    CHECK(y == 4);
  }
}

TEST_CASE("the sink of an encoder that was moved from is refused") {
  encoder first{memory_sink{}, header_of(1, 1, color_type::gray, 8)};
  const encoder second = std::move(first);
  CHECK_THROWS_AS(first.sink(), misuse);  // NOLINT(bugprone-use-after-move)
}

TEST_CASE("the highest palette index is not told where libpng did not look for it") {
  const bytes file = encode(make_picture({color_type::palette, 8}, 9, 4));
  row_reader rows = decoder{memory_source(file)}.start();
  while (rows.next()) {
  }
  CHECK_FALSE(rows.highest_index().has_value());
}

}  // namespace
}  // namespace gauntlet::png::test
