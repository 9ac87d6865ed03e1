#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

bytes file_of(std::uint32_t width, std::uint32_t height) {
  return encode(make_picture({color_type::rgb, 8}, width, height));
}

// A header that promises much, and next to no data.
bytes promise_of(std::uint32_t width, std::uint32_t height, std::uint8_t bit_depth = 8,
                 std::uint8_t color_type = 2) {
  return joined({signature(), ihdr(width, height, bit_depth, color_type), idat(bytes(10)), iend()});
}

void check_refused(const bytes& file, const limits& limits, const std::string& numbers) {
  INFO(numbers);
  const error failure = thrown_by<error>([&] { return decode(file, {.limits = limits}); });
  CHECK(failure.code() == errc::limit_exceeded);
  CHECK(failure.code() == std::errc::value_too_large);
  CHECK(std::string(failure.what()).contains(numbers));
}

TEST_CASE("a limit that is just reached lets the image through") {
  const bytes file = file_of(20, 10);
  CHECK(decode(file, {.limits = {.max_width = 20}}).width() == 20);
  CHECK(decode(file, {.limits = {.max_height = 10}}).height() == 10);
  CHECK(decode(file, {.limits = {.max_pixels = 200}}).width() == 20);
  CHECK(decode(file, {.limits = {.max_image_bytes = 600}}).width() == 20);
  CHECK(decode(file, {.limits = {.max_input_bytes = file.size()}}).width() == 20);
}

TEST_CASE("a limit that is passed by one is an error with both numbers") {
  const bytes file = file_of(20, 10);
  check_refused(file, {.max_width = 19}, "max_width is 19, found 20");
  check_refused(file, {.max_height = 9}, "max_height is 9, found 10");
  check_refused(file, {.max_pixels = 199}, "max_pixels is 199, found 200");
  check_refused(file, {.max_image_bytes = 599}, "max_image_bytes is 599, found 600");
  check_refused(
      file, {.max_input_bytes = file.size() - 1},
      "max_input_bytes is " + std::to_string(file.size() - 1) + ", found " + std::to_string(file.size()));
}

TEST_CASE("limits hold for interlaced images, for rows, and for files as well") {
  const temporary_folder folder;
  const bytes file = encode(make_picture({color_type::rgb, 8}, 20, 10), {.interlaced = true});
  write_file(folder / "in.png", file);
  check_refused(file, {.max_image_bytes = 599}, "max_image_bytes is 599, found 600");
  const decoder_options options{.limits = {.max_image_bytes = 599}};
  CHECK(thrown_by<error>([&] { return decoder(file_source(folder / "in.png"), options).start(); }).code() ==
        errc::limit_exceeded);
}

TEST_CASE("the limit of image bytes counts rows as they are given out") {
  const bytes file = encode(make_picture({color_type::gray, 1}, 16, 10));  // 20 bytes; 640 in rgba8
  const limits limits{.max_image_bytes = 639};
  CHECK(decode(file, {.limits = limits}).pixels().size() == 20);
  const error failure =
      thrown_by<error>([&] { return decode(file, {.format = format::rgba8, .limits = limits}); });
  CHECK(std::string(failure.what()).contains("max_image_bytes is 639, found 640"));
}

TEST_CASE("an image wider or higher than a million is refused by default") {
  check_refused(promise_of(1'000'001, 1), {}, "max_width is 1000000, found 1000001");
  check_refused(promise_of(1, 1'000'001), {}, "max_height is 1000000, found 1000001");
}

TEST_CASE("an image of more than 268435456 pixels is refused by default") {
  check_refused(promise_of(16385, 16384), {}, "max_pixels is 268435456, found 268451840");
  check_refused(promise_of(1'000'000, 1'000'000, 1, 0), {}, "found 1000000000000");
}

TEST_CASE("an image of more than a gigabyte of rows is refused by default") {
  check_refused(promise_of(16384, 16384, 16, 2), {}, "max_image_bytes is 1073741824, found 1610612736");
}

TEST_CASE("a header that promises the largest image of all takes no memory for it") {
  const std::uint32_t most = 0x7FFFFFFF;
  const limits tight{.max_memory = 100'000};
  check_refused(promise_of(most, most, 16, 6), tight, "max_width is 1000000, found 2147483647");
  limits open = tight;
  open.max_width = open.max_height = most;
  check_refused(promise_of(most, most, 16, 6), open, "max_pixels is 268435456, found 4611686014132420609");
  open.max_pixels = ~std::uint64_t{0};
  check_refused(promise_of(most, most, 16, 6), open, "max_");
}

TEST_CASE("the largest product of rows does not wrap around") {
  const std::uint32_t most = 0x7FFFFFFF;
  limits open;
  open.max_width = open.max_height = most;
  open.max_pixels = ~std::uint64_t{0};
  open.max_image_bytes = ~std::uint64_t{0} - 1;
  open.max_memory = 100'000;
  check_refused(promise_of(most, most, 16, 6), open, "max_");
}

TEST_CASE("what libpng and zlib hold is limited, and the number that broke it is told") {
  const bytes file = file_of(2000, 2);
  const error failure = thrown_by<error>([&] { return decode(file, {.limits = {.max_memory = 20'000}}); });
  CHECK(failure.code() == errc::limit_exceeded);
  CHECK(std::string(failure.what()).contains("max_memory is 20000, found "));
  CHECK(decode(file, {.limits = {.max_memory = 100'000}}).width() == 2000);
}

// ---- chunks

bytes text_chunk(std::string_view key, std::size_t size) {
  return chunk("tEXt", joined({to_bytes(key), bytes(1), bytes(size, std::byte{'x'})}));
}

struct read_through {
  metadata found;
  std::vector<warning> warnings;
};

read_through read_all(const bytes& file, const limits& limits) {
  row_reader rows = decoder(memory_source(file), {.limits = limits}).start();
  while (rows.next()) {
  }
  return {rows.metadata(), {rows.warnings().begin(), rows.warnings().end()}};
}

TEST_CASE("a chunk beyond the limit is skipped with a warning, and the image is read") {
  const bytes file = tiny_file(joined({text_chunk("Small", 100), text_chunk("Large", 10'000)}));
  const read_through result = read_all(file, {.max_chunk_bytes = 5'000});
  REQUIRE(result.found.texts.size() == 1);
  CHECK(result.found.texts[0].key == "Small");
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings[0].chunk == "tEXt");
  CHECK(result.warnings[0].message == "skipped: it has 10006 bytes, max_chunk_bytes is 5000");
}

TEST_CASE("a chunk as large as the limit is kept, and one more byte is too much") {
  const bytes file = tiny_file(text_chunk("Key", 96));  // 100 bytes of data
  CHECK(read_all(file, {.max_chunk_bytes = 100}).found.texts.size() == 1);
  CHECK(read_all(file, {.max_chunk_bytes = 99}).found.texts.empty());
}

TEST_CASE("large chunks in a row, and behind the image, are skipped each") {
  const bytes large = text_chunk("Large", 3'000);
  const bytes file = tiny_file(joined({large, large, text_chunk("Small", 10)}), large);
  const read_through result = read_all(file, {.max_chunk_bytes = 1'000});
  CHECK(result.found.texts.size() == 1);
  CHECK(result.warnings.size() == 3);
}

TEST_CASE("a file cut off in a chunk that is skipped is cut off") {
  bytes file = tiny_file(text_chunk("Large", 3'000));
  file.resize(1'000);
  const error failure =
      thrown_by<error>([&] { return decode(file, {.limits = {.max_chunk_bytes = 1'000}}); });
  CHECK(failure.code() == errc::truncated);
  CHECK(failure.chunk() == "tEXt");
  CHECK(failure.offset() == 1'000);
}

TEST_CASE("what is skipped counts as read") {
  const bytes file = tiny_file(text_chunk("Large", 3'000));
  check_refused(file, {.max_input_bytes = 2'000, .max_chunk_bytes = 1'000},
                "max_input_bytes is 2000, found ");
}

TEST_CASE("a chunk that unpacks beyond the limit is skipped with a warning") {
  const bytes packed = deflated(bytes(1'000'000, std::byte{'x'}));
  CHECK(packed.size() < 5'000);
  const bytes file = tiny_file(chunk("zTXt", joined({to_bytes("Bomb"), bytes(2), packed})));
  const read_through result = read_all(file, {.max_chunk_bytes = 50'000});
  CHECK(result.found.texts.empty());
  REQUIRE_FALSE(result.warnings.empty());
  CHECK(result.warnings[0].chunk == "zTXt");
}

TEST_CASE("the image's own data may be larger than the limit of chunks") {
  const image picture = make_picture({color_type::rgb, 8}, 60, 60);
  const bytes file = encode(picture, {.level = 0});
  CHECK(same_pixels(decode(file, {.limits = {.max_chunk_bytes = 1'000}}), picture));
}

TEST_CASE("as many texts are kept as the limit says, and more are skipped with a warning") {
  const bytes file = tiny_file(
      joined({text_chunk("One", 1), text_chunk("Two", 1), text_chunk("Three", 1), text_chunk("Four", 1)}));
  for (const std::uint32_t most : {1U, 2U, 3U}) {
    INFO(most);
    const read_through result = read_all(file, {.max_cached_chunks = most});
    CHECK(result.found.texts.size() == most);
    CHECK_FALSE(result.warnings.empty());
  }
  CHECK(read_all(file, {.max_cached_chunks = 4}).warnings.empty());
  CHECK(read_all(file, {.max_cached_chunks = 4}).found.texts.size() == 4);
  CHECK(read_all(file, {.max_cached_chunks = ~std::uint32_t{0}}).found.texts.size() == 4);
}

// ---- writing

TEST_CASE("limits hold for what is written too") {
  const image picture = make_picture({color_type::rgb, 8}, 20, 10);
  const auto told = [&](const limits& limits) {
    const error failure = thrown_by<error>([&] { return encode(picture, {.limits = limits}); });
    CHECK(failure.code() == errc::limit_exceeded);
    return std::string(failure.what());
  };
  CHECK(told({.max_width = 19}).contains("max_width is 19, found 20"));
  CHECK(told({.max_height = 9}).contains("max_height is 9, found 10"));
  CHECK(told({.max_pixels = 199}).contains("max_pixels is 199, found 200"));
  CHECK(told({.max_memory = 10'000}).contains("max_memory is 10000, found "));
}

// ---- the limits themselves

TEST_CASE("a limit of 0 is misuse, for reading and for writing") {
  const bytes file = tiny_file();
  const image picture = decode(file);
  for (int field = 0; field < 8; ++field) {
    INFO("field " << field);
    limits zero;
    switch (field) {
      case 0:
        zero.max_width = 0;
        break;
      case 1:
        zero.max_height = 0;
        break;
      case 2:
        zero.max_pixels = 0;
        break;
      case 3:
        zero.max_image_bytes = 0;
        break;
      case 4:
        zero.max_input_bytes = 0;
        break;
      case 5:
        zero.max_chunk_bytes = 0;
        break;
      case 6:
        zero.max_cached_chunks = 0;
        break;
      default:
        zero.max_memory = 0;
    }
    const misuse reading = thrown_by<misuse>([&] { return decode(file, {.limits = zero}); });
    const misuse writing = thrown_by<misuse>([&] { return encode(picture, {.limits = zero}); });
    CHECK(std::string(reading.what()).contains("no limit may be 0; leave a field out to have its default"));
    CHECK(std::string(writing.what()).contains("no limit may be 0"));
  }
}

}  // namespace
}  // namespace gauntlet::png::test
