#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

constexpr std::uint32_t picture_height = 6;
constexpr std::byte untouched{0xA5};

struct both_kinds {
  image picture = make_picture({color_type::rgb, 8}, 5, picture_height);
  std::array<bytes, 2> files{encode(picture), encode(picture, {.interlaced = true})};
};

row_reader rows_of(const bytes& file) { return decoder{memory_source(file)}.start(); }

// Rows that lie `step` apart from `begin` on, and all else still as it was.
bool lies_at(std::span<const std::byte> memory, const image& picture, std::size_t begin, std::size_t step,
             bool upside_down) {
  bytes expected(memory.size(), untouched);
  for (std::uint32_t y = 0; y < picture_height; ++y) {
    const std::size_t place = begin + (upside_down ? picture_height - 1 - y : y) * step;
    std::ranges::copy(picture.row(y), expected.begin() + static_cast<std::ptrdiff_t>(place));
  }
  return same_bytes(memory, expected);
}

TEST_CASE("rows are read into memory of the caller's, and not a byte besides") {
  const both_kinds given;
  for (const bytes& file : given.files) {
    row_reader rows = rows_of(file);
    bytes memory(8 + picture_height * 15 + 8, untouched);
    for (std::uint32_t y = 0; y < picture_height; ++y)
      CHECK(rows.read_into(std::span(memory).subspan(8 + y * std::size_t{15}, 15)));
    CHECK_FALSE(rows.read_into({}));
    CHECK(lies_at(memory, given.picture, 8, 15, false));
  }
}

TEST_CASE("a row may be read into more memory than it needs") {
  const both_kinds given;
  for (const bytes& file : given.files) {
    row_reader rows = rows_of(file);
    bytes memory(20, untouched);
    CHECK(rows.read_into(memory));
    CHECK(same_bytes(std::span(memory).first(15), given.picture.row(0)));
    CHECK(std::ranges::count(std::span(memory).last(5), untouched) == 5);
  }
}

TEST_CASE("memory that is too short for a row is refused with both numbers, and the row is still to come") {
  const both_kinds given;
  for (const bytes& file : given.files) {
    row_reader rows = rows_of(file);
    bytes memory(15, untouched);
    for (const std::size_t size : {std::size_t{0}, std::size_t{14}})
      CHECK(refusal_of([&] {
              rows.read_into(std::span(memory).first(size));
            }).contains("the span has " + std::to_string(size) + " bytes, a row 15"));
    CHECK(std::ranges::count(memory, untouched) == 15);
    CHECK(rows.read_into(memory));
    CHECK(same_bytes(memory, given.picture.row(0)));
  }
}

TEST_CASE("rows can be had in turns as the reader's memory and in the caller's") {
  const both_kinds given;
  for (const bytes& file : given.files) {
    row_reader rows = rows_of(file);
    bytes memory(15);
    for (std::uint32_t y = 0; y < picture_height; ++y) {
      if (y % 2 == 0) {
        CHECK(same_bytes(rows.next().value(), given.picture.row(y)));
        continue;
      }
      CHECK(rows.read_into(memory));
      CHECK(same_bytes(memory, given.picture.row(y)));
    }
    CHECK_FALSE(rows.next().has_value());
  }
}

TEST_CASE("all rows lie where the stride says, and the bytes between them stay as they were") {
  const both_kinds given;
  for (const bytes& file : given.files)
    for (const std::ptrdiff_t stride : {0, 15, 16, 40, -15, -16, -40}) {
      INFO("stride " << stride);
      const std::size_t step = stride == 0 ? 15 : static_cast<std::size_t>(stride < 0 ? -stride : stride);
      const std::size_t needed = 15 + (picture_height - 1) * step;
      bytes memory(8 + needed + 8, untouched);
      row_reader rows = rows_of(file);
      rows.read_all_into(std::span(memory).subspan(8, needed), stride);
      CHECK(lies_at(memory, given.picture, 8, step, stride < 0));
      CHECK_FALSE(rows.next().has_value());
      CHECK(rows.bytes_read() == file.size());  // the end of the file, too
    }
}

TEST_CASE("unused bits of a row's last byte stay as they were") {
  const image picture = make_picture({color_type::gray, 1}, 3, picture_height);
  for (const bool interlaced : {false, true}) {
    const bytes file = encode(picture, {.interlaced = interlaced});
    bytes memory(picture_height, std::byte{0x1F});
    rows_of(file).read_all_into(memory);
    for (std::uint32_t y = 0; y < picture_height; ++y)
      CHECK(memory[y] == (picture.row(y)[0] | std::byte{0x1F}));
  }
}

TEST_CASE("the rest of the rows can be read at once, after any number of single ones") {
  const both_kinds given;
  for (const bytes& file : given.files)
    for (std::uint32_t before = 0; before <= picture_height; ++before) {
      INFO(before);
      row_reader rows = rows_of(file);
      for (std::uint32_t y = 0; y < before; ++y) static_cast<void>(rows.next());
      bytes memory((picture_height - before) * std::size_t{15});
      rows.read_all_into(memory);
      CHECK(same_bytes(memory, given.picture.pixels().subspan(before * std::size_t{15})));
      CHECK_FALSE(rows.next().has_value());
      rows.read_all_into({});  // nothing is left, so nothing is needed
    }
}

TEST_CASE("memory that the rows do not fit into is refused with the numbers, and stays as it was") {
  const both_kinds given;
  for (const bytes& file : given.files) {
    row_reader rows = rows_of(file);
    bytes memory(picture_height * 15, untouched);
    const auto refusal = [&](std::size_t size, std::ptrdiff_t stride) {
      return refusal_of([&] { rows.read_all_into(std::span(memory).first(size), stride); });
    };
    constexpr std::ptrdiff_t most = std::numeric_limits<std::ptrdiff_t>::max();
    constexpr std::ptrdiff_t least = std::numeric_limits<std::ptrdiff_t>::min();
    CHECK(refusal(89, 0).contains("89 bytes of pixels do not hold 6 rows of 15 bytes, 15 apart"));
    CHECK(refusal(0, 0).contains("0 bytes of pixels do not hold 6 rows"));
    CHECK(refusal(90, 16).contains("90 bytes of pixels do not hold 6 rows of 15 bytes, 16 apart"));
    CHECK(refusal(90, -16).contains("90 bytes of pixels do not hold 6 rows of 15 bytes, 16 apart"));
    CHECK(refusal(90, 14).contains("the stride is 14, but a row has 15 bytes"));
    CHECK(refusal(90, -14).contains("the stride is -14, but a row has 15 bytes"));
    CHECK(refusal(90, least).contains("the stride is -9223372036854775808, but a row has 15 bytes"));
    CHECK(refusal(90, most).contains("do not hold 6 rows"));
    CHECK(refusal(90, most / 2 + 1).contains("do not hold 6 rows"));  // times 4 it is 0 in 64 bits
    CHECK(std::ranges::count(memory, untouched) == 90);
    rows.read_all_into(memory);  // none of that was in vain
    CHECK(same_bytes(memory, given.picture.pixels()));
  }
}

TEST_CASE("one row needs no stride's worth of memory") {
  const image picture = make_picture({color_type::rgb, 8}, 5, 1);
  bytes memory(15);
  decoder{owning_source(encode(picture))}.start().read_all_into(memory, 1000);
  CHECK(same_bytes(memory, picture.pixels()));
}

TEST_CASE("a reader that has failed gives no rows into memory either") {
  bytes file = tiny_file();
  file.resize(file.size() - 20);
  bytes memory(4);
  row_reader rows = rows_of(file);
  CHECK_THROWS_AS(rows.read_all_into(memory), error);
  CHECK(refusal_of([&] { rows.read_into(memory); }).contains("has failed before"));
  CHECK(refusal_of([&] { rows.read_all_into(memory); }).contains("has failed before"));
  row_reader moved = std::move(rows);
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK(refusal_of([&] { rows.read_into(memory); }).contains("use the one it went to"));
  CHECK(refusal_of([&] { rows.read_all_into(memory); }).contains("use the one it went to"));
  CHECK(refusal_of([&] { rows.found_color(); }).contains("use the one it went to"));
  CHECK(refusal_of([&] { rows.highest_index(); }).contains("use the one it went to"));
  // NOLINTEND(bugprone-use-after-move)
}

}  // namespace
}  // namespace gauntlet::png::test
