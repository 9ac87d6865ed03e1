#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

constexpr std::uint32_t height = 6;

bytes file_of(bool interlaced) {
  return encode(make_picture({color_type::rgb, 8}, 5, height), {.interlaced = interlaced});
}

// A source that knows how many of it are alive.
struct counted_source : dripping_source {
  std::shared_ptr<int> life;
};

counted_source counted(const bytes& file, const std::shared_ptr<int>& life) {
  return {{file, file.size()}, life};
}

TEST_CASE("decoders and row readers move without throwing, and cannot be copied") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<decoder>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<decoder>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<row_reader>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<row_reader>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<image>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<image>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<file_sink>);
  STATIC_REQUIRE(!std::is_copy_constructible_v<decoder>);
  STATIC_REQUIRE(!std::is_copy_constructible_v<row_reader>);
  STATIC_REQUIRE(!std::is_copy_constructible_v<image>);
}

TEST_CASE("a row reader is a range of rows") {
  STATIC_REQUIRE(std::ranges::input_range<row_reader>);
  row_reader rows = decoder{owning_source(file_of(false))}.start();
  CHECK(std::ranges::distance(rows | std::views::take(4)) == 4);
}

TEST_CASE("a decoder that moved before start reads all rows") {
  for (const bool interlaced : {false, true}) {
    const bytes file = file_of(interlaced);
    decoder first{memory_source(file)};
    decoder second = std::move(first);
    decoder third{owning_source(tiny_file())};
    third = std::move(second);
    CHECK(same_pixels(std::move(third).read_image(), decode(file)));
  }
}

TEST_CASE("a row reader that moves between rows goes on where it was") {
  for (const bool interlaced : {false, true}) {
    const bytes file = file_of(interlaced);
    const image expected = decode(file);
    row_reader rows = decoder{memory_source(file)}.start();
    for (std::uint32_t y = 0; y < height; ++y) {
      row_reader elsewhere = std::move(rows);
      const auto row = elsewhere.next();
      REQUIRE(row.has_value());
      CHECK(std::ranges::equal(*row, expected.row(y)));
      rows = std::move(elsewhere);
      CHECK(std::ranges::equal(*row, expected.row(y)));  // moving the reader does not move the row
    }
    CHECK_FALSE(rows.next().has_value());
  }
}

TEST_CASE("an iterator goes on when its reader moves") {
  for (const bool interlaced : {false, true}) {
    const bytes file = file_of(interlaced);
    const image expected = decode(file);
    row_reader first = decoder{memory_source(file)}.start();
    auto at = first.begin();
    row_reader second = std::move(first);
    for (std::uint32_t y = 0; y < height; ++y, ++at) CHECK(std::ranges::equal(*at, expected.row(y)));
    CHECK(at == second.end());
  }
}

TEST_CASE("a loop that is left can be taken up again") {
  row_reader rows = decoder{owning_source(file_of(false))}.start();
  std::uint32_t seen = 0;
  for (const auto row : rows) {
    CHECK(row.size() == 15);
    if (++seen == 2) break;
  }
  for (const auto row : rows) {
    CHECK(row.size() == 15);
    ++seen;
  }
  CHECK(seen == height);
}

TEST_CASE("a reader may die after any number of rows, and its source dies with it") {
  for (const bool interlaced : {false, true}) {
    const bytes file = file_of(interlaced);
    for (std::uint32_t given = 0; given <= height + 1; ++given) {
      const auto life = std::make_shared<int>(0);
      {
        row_reader rows = decoder{counted(file, life)}.start();
        for (std::uint32_t i = 0; i < given; ++i) static_cast<void>(rows.next());
        CHECK(life.use_count() == 2);
      }
      CHECK(life.use_count() == 1);
    }
  }
}

TEST_CASE("a decoder may die before it has started") {
  const auto life = std::make_shared<int>(0);
  const bytes file = file_of(false);
  { const decoder unused{counted(file, life)}; }
  CHECK(life.use_count() == 1);
}

TEST_CASE("a source dies also when the decoder cannot be made") {
  const auto life = std::make_shared<int>(0);
  const bytes nothing;
  CHECK_THROWS_AS(decoder{counted(nothing, life)}, error);
  CHECK_THROWS_AS((decoder{counted(nothing, life), {.limits = {.max_memory = 0}}}), misuse);
  CHECK(life.use_count() == 1);
}

TEST_CASE("a reader may die while another exception passes") {
  for (const bool interlaced : {false, true}) {
    const bytes file = file_of(interlaced);
    const auto life = std::make_shared<int>(0);
    const auto work = [&] {
      row_reader rows = decoder{counted(file, life)}.start();
      for (const auto row : rows)
        if (!row.empty()) throw planned_failure();
    };
    CHECK_THROWS_AS(work(), planned_failure);
    CHECK(life.use_count() == 1);
  }
}

// A decoder inside another's source, which itself dies by an exception: no guard may jump into a wrong frame.
struct nested_source : dripping_source {
  bytes other;
  bool break_it = false;

  std::size_t read(std::span<std::byte> out) {
    bytes inner = other;
    if (break_it) inner.resize(inner.size() / 2);
    const auto result = attempt<error>([&] { return decode(inner); });
    if (result.has_value() == break_it) throw std::logic_error("the inner decoder went wrong");
    return dripping_source::read(out);
  }
};

TEST_CASE("a source may itself decode, and fail at it, while it feeds a decoder") {
  const bytes file = file_of(false);
  for (const bool break_it : {false, true}) {
    const image ours = decode(nested_source{{file, 100}, tiny_file(), break_it});
    CHECK(same_pixels(ours, decode(file)));
  }
}

TEST_CASE("decoders can be used in turns, and die in any order") {
  const bytes file = file_of(false);
  const image expected = decode(file);
  std::vector<row_reader> readers;
  for (int i = 0; i < 4; ++i) readers.push_back(decoder{memory_source(file)}.start());
  for (std::uint32_t y = 0; y < height; ++y) {
    for (row_reader& rows : readers) CHECK(std::ranges::equal(rows.next().value(), expected.row(y)));
    if (y % 2 == 0) readers.erase(readers.begin());
  }
}

TEST_CASE("an image outlives its reader, its file and its decoder") {
  std::optional<bytes> file = file_of(false);
  const image picture = decode(*file);
  const bytes copy = *file;
  file.reset();
  CHECK(same_pixels(picture, decode(copy)));
}

TEST_CASE("a file is closed when its decoder dies, and when it cannot be made") {
  // The main function of the tests fails a test that leaves a descriptor open.
  const temporary_folder folder;
  write_file(folder / "good.png", file_of(false));
  write_file(folder / "bad.png", {});
  { const decoder unused{file_source(folder / "good.png")}; }
  CHECK_THROWS_AS(decoder{file_source(folder / "bad.png")}, error);
  CHECK_THROWS_AS(file_source(folder.path()), error);
  CHECK(decode(file_source(folder / "good.png")).height() == height);
}

}  // namespace
}  // namespace gauntlet::png::test
