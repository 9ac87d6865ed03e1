#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <type_traits>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

// A sink that knows how often it was flushed, and what it had by then.
struct flushed_sink {
  bytes got{};
  std::vector<std::size_t> flushed{};

  void write(std::span<const std::byte> data) { got.insert(got.end(), data.begin(), data.end()); }
  void flush() { flushed.push_back(got.size()); }
};

template <class Sink>
void write_rows(encoder<Sink>& to, const image& picture) {
  for (int pass = 0; pass < to.passes(); ++pass)
    for (std::uint32_t y = 0; y < picture.height(); ++y) to.write_row(picture.row(y));
}

bytes row_by_row(const image& picture, const encode_options& options = {}) {
  encoder to{memory_sink{}, picture.header(), options, picture.colors()};
  CHECK(to.row_bytes() == picture.header().row_bytes);
  CHECK(to.passes() == (options.interlaced ? 7 : 1));
  write_rows(to, picture);
  return std::move(to).finish().take();
}

TEST_CASE("row by row the file is the same, byte for byte, in every format and size") {
  for (const pixel_format format : all_formats)
    for (const bool interlaced : {false, true})
      for (const std::uint32_t width : {1U, 2U, 7U, 9U}) {
        INFO(name_of(format) << " " << width << (interlaced ? " interlaced" : ""));
        const image picture = make_picture(format, width, 5);
        CHECK(row_by_row(picture, {.interlaced = interlaced}) == encode(picture, {.interlaced = interlaced}));
      }
}

TEST_CASE("metadata before and behind the image arrives") {
  const image picture = make_picture({color_type::rgb, 8}, 4, 3);
  metadata front;
  front.texts.push_back({.key = "Title", .value = "before"});
  metadata behind;
  behind.texts.push_back({.key = "Comment", .value = "behind"});
  behind.modified = time{.year = 2001, .month = 2, .day = 3};
  encoder to{memory_sink{}, picture.header(), {.metadata = front}};
  write_rows(to, picture);
  const bytes file = std::move(to).finish(behind).take();
  decoder read{memory_source(file)};
  CHECK(read.metadata() == front);
  row_reader rows = std::move(read).start();
  while (rows.next()) {
  }
  CHECK(rows.metadata().texts.size() == 2);
  CHECK(rows.metadata().modified == behind.modified);
}

TEST_CASE("a chunk of the caller's own stands before the first row or behind the last, not between") {
  const image picture = make_picture({color_type::gray, 8}, 4, 3);
  const bytes data = to_bytes("data");
  encoder to{memory_sink{}, picture.header()};
  to.write_chunk("prVt", data);
  write_rows(to, picture);
  to.write_chunk("prWt", data);
  const bytes file = std::move(to).finish().take();
  std::string order;
  for (const chunk_place& place : chunks_of(file)) order += place.type + ' ';
  CHECK(order == "IHDR prVt IDAT prWt IEND ");
  CHECK(same_pixels(decode(file), picture));

  encoder between{memory_sink{}, picture.header()};
  between.write_row(picture.row(0));
  CHECK(refusal_of([&] {
          between.write_chunk("prVt", data);
        }).contains("a chunk cannot stand between the rows"));
}

TEST_CASE("names that no chunk of the caller's can have are refused") {
  const auto refusal = [](std::string_view name) {
    encoder to{memory_sink{}, header_of(1, 1)};
    return refusal_of([&] { to.write_chunk(name, {}); });
  };
  CHECK(refusal("abc").contains("a chunk's name has four letters: 'abc'"));
  CHECK(refusal("toolong").contains("a chunk's name has four letters"));
  CHECK(refusal("ab1d").contains("a chunk's name is four letters, the third a capital"));
  CHECK(refusal("prvt").contains("a chunk's name is four letters, the third a capital"));
  for (const char* name : {"IHDR", "PLTE", "IDAT", "IEND"})
    CHECK(refusal(name).contains("IHDR, PLTE, IDAT and IEND are written by libpng"));
}

TEST_CASE("missing rows, a row too many and a short one are refused") {
  const image picture = make_picture({color_type::rgb, 8}, 4, 3);
  for (const bool interlaced : {false, true}) {
    encoder missing{memory_sink{}, picture.header(), {.interlaced = interlaced}};
    missing.write_row(picture.row(0));
    CHECK(
        refusal_of([&] { std::move(missing).finish(); }).contains("write_end is called before the last row"));

    encoder full{memory_sink{}, picture.header(), {.interlaced = interlaced}};
    write_rows(full, picture);
    CHECK(refusal_of([&] {
            full.write_row(picture.row(0));
          }).contains("write_row is called after the last row"));

    encoder narrow{memory_sink{}, picture.header(), {.interlaced = interlaced}};
    CHECK(refusal_of([&] {
            narrow.write_row(picture.row(0).first(11));
          }).contains("a row is shorter than the header makes it"));
    CHECK(
        refusal_of([&] { narrow.write_row(picture.row(0)); }).contains("has failed before; make a new one"));
  }
}

TEST_CASE("a row that is longer than the header makes it is written as far as it counts") {
  const image picture = make_picture({color_type::rgb, 8}, 4, 3);
  encoder to{memory_sink{}, header_of(3, 3, color_type::rgb)};
  for (std::uint32_t y = 0; y < 3; ++y) to.write_row(picture.row(y));
  const image back = decode(std::move(to).finish().take());
  for (std::uint32_t y = 0; y < 3; ++y) CHECK(same_bytes(back.row(y), picture.row(y).first(9)));
}

TEST_CASE("an encoder that has finished or was moved from says so, whatever is asked of it") {
  const image picture = make_picture({color_type::rgb, 8}, 4, 3);
  encoder done{memory_sink{}, picture.header()};
  write_rows(done, picture);
  CHECK(same_pixels(decode(std::move(done).finish().take()), picture));
  // NOLINTBEGIN(bugprone-use-after-move): it is what is tested
  const std::string advice = "this encoder has written the end; make a new one";
  CHECK(refusal_of([&] { done.write_row(picture.row(0)); }).contains(advice));
  CHECK(refusal_of([&] { done.write_chunk("prVt", {}); }).contains(advice));
  CHECK(refusal_of([&] { done.flush(); }).contains(advice));
  CHECK(refusal_of([&] { std::move(done).finish(); }).contains(advice));
  CHECK(refusal_of([&] { done.protect([](auto*, auto*) {}); }).contains(advice));

  const encoder elsewhere = std::move(done);
  const std::string moved = "this encoder was moved from or used up; use the one it went to";
  CHECK(refusal_of([&] { done.write_row(picture.row(0)); }).contains(moved));
  CHECK(refusal_of([&] { done.write_chunk("prVt", {}); }).contains(moved));
  CHECK(refusal_of([&] { done.flush(); }).contains(moved));
  CHECK(refusal_of([&] { std::move(done).finish(); }).contains(moved));
  CHECK(refusal_of([&] { done.passes(); }).contains(moved));
  CHECK(refusal_of([&] { done.row_bytes(); }).contains(moved));
  CHECK(refusal_of([&] { done.warnings(); }).contains(moved));
  CHECK(refusal_of([&] { done.native(); }).contains(moved));
  CHECK(refusal_of([&] { done.protect([](auto*, auto*) {}); }).contains(moved));
  // NOLINTEND(bugprone-use-after-move)
}

TEST_CASE("flush passes on all chunks that are full, and tells the sink") {
  const image picture = make_picture({color_type::rgb, 8}, 50, 4);
  encoder to{flushed_sink{}, picture.header(), {.level = 0, .buffer_size = 16}};
  const std::size_t begun = to.sink().got.size();
  for (std::uint32_t y = 0; y < 4; ++y) {
    INFO("row " << y);
    to.write_row(picture.row(y));
    to.flush();
    CHECK(to.sink().flushed.size() == y + 1);
    CHECK(to.sink().got.size() - begun > (y + 1) * std::size_t{150} - 16);
  }
  CHECK(to.sink().flushed.back() == to.sink().got.size());
  CHECK(same_pixels(decode(std::move(to).finish().got), picture));
}

TEST_CASE("flush reaches the sink before the first row and behind the last, and needs none of it") {
  const image picture = make_picture({color_type::rgb, 8}, 5, 2);
  encoder to{flushed_sink{}, picture.header()};
  to.flush();
  write_rows(to, picture);
  to.flush();
  CHECK(to.sink().flushed.size() == 2);
  CHECK(same_pixels(decode(std::move(to).finish().got), picture));
  encoder silent{memory_sink{}, picture.header()};
  CHECK_NOTHROW(silent.flush());
}

TEST_CASE("a sink is flushed every so many rows, if that is asked for") {
  const image picture = make_picture({color_type::rgb, 8}, 5, 9);
  for (const auto& [every, times] : {std::pair{0U, 0U}, {1U, 8U}, {4U, 2U}, {100U, 0U}, {~0U, 0U}}) {
    INFO("every " << every);
    flushed_sink sink;
    encode_to(sink, picture, {.flush_rows = every});
    CHECK(sink.flushed.size() >= times);
    CHECK(sink.flushed.size() <= times + 1);
    CHECK(same_pixels(decode(sink.got), picture));
  }
}

TEST_CASE("an exception from a sink's flush comes out as itself") {
  struct stubborn : flushed_sink {
    void flush() { throw planned_failure(); }  // NOLINT: not virtual, the encoder knows the type
  };
  encoder to{stubborn{}, header_of(1, 1)};
  CHECK_THROWS_AS(to.flush(), planned_failure);
  CHECK(refusal_of([&] { to.flush(); }).contains("has failed before"));
}

TEST_CASE("encoders move without throwing, between any two rows, and cannot be copied") {
  using memory_encoder = encoder<memory_sink>;
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<memory_encoder>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<memory_encoder>);
  STATIC_REQUIRE(!std::is_copy_constructible_v<memory_encoder>);
  const image picture = make_picture({color_type::rgb, 8}, 5, 6);
  memory_encoder to{memory_sink{}, picture.header()};
  for (std::uint32_t y = 0; y < 6; ++y) {
    memory_encoder elsewhere = std::move(to);
    elsewhere.write_row(picture.row(y));
    to = memory_encoder{memory_sink{}, picture.header()};  // one that dies half-way
    to.write_row(picture.row(0));
    to = std::move(elsewhere);
  }
  CHECK(std::move(to).finish().take() == encode(picture));
}

TEST_CASE("an encoder may die after any number of rows, and its sink dies with it") {
  struct counted_sink : memory_sink {
    std::shared_ptr<int> life;
  };
  const image picture = make_picture({color_type::rgb, 8}, 5, 4);
  for (const bool interlaced : {false, true})
    for (std::uint32_t given = 0; given <= 4; ++given) {
      const auto life = std::make_shared<int>(0);
      {
        counted_sink sink;
        sink.life = life;
        encoder to{std::move(sink), picture.header(), {.interlaced = interlaced}};
        for (std::uint32_t y = 0; y < given; ++y) to.write_row(picture.row(y));
        CHECK(life.use_count() == 2);
      }
      CHECK(life.use_count() == 1);
    }
}

TEST_CASE("a sink dies also when the encoder cannot be made") {
  struct counted_sink : memory_sink {
    std::shared_ptr<int> life;
  };
  const auto life = std::make_shared<int>(0);
  counted_sink sink;
  sink.life = life;
  CHECK_THROWS_AS((encoder{std::move(sink), header_of(0, 1)}), misuse);
  CHECK(life.use_count() == 1);
}

TEST_CASE("an encoder to a file leaves nothing if it dies before the end") {
  const temporary_folder folder;
  {
    encoder to{file_sink(folder / "out.png"), header_of(2, 2, format::gray8)};
    to.write_row(bytes(2));
  }
  CHECK(names_in(folder.path()).empty());
  encoder to{file_sink(folder / "out.png"), header_of(1, 1, format::gray8)};
  to.write_row(bytes(1));
  std::move(to).finish().commit();
  CHECK(decode(file_source(folder / "out.png")).width() == 1);
}

}  // namespace
}  // namespace gauntlet::png::test
