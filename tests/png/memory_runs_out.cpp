#include <catch2/catch_test_macros.hpp>
#include <string>

#include "refused_allocations.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

// Chunks for which libpng and zlib allocate, before and behind the image.
metadata rich_metadata() {
  return {.texts = {{.key = "Title", .value = "plain"},
                    {.key = "Comment", .value = std::string(2000, 'x'), .compressed = true},
                    {.key = "Description",
                     .value = std::string(2000, 'y'),
                     .compressed = true,
                     .international = true,
                     .language = "en",
                     .translated_key = "B"}},
          .gamma = 45455,
          .srgb = {},
          .physical = {},
          .modified = time{.year = 2000}};
}

bytes file_of_chunks(bool interlaced) {
  return encode(make_picture({color_type::palette, 8}, 40, 9),
                {.interlaced = interlaced, .metadata = rich_metadata()});
}

TEST_CASE("when libpng gets no memory at its k-th allocation, reading is refused, for every k") {
  for (const bool interlaced : {false, true}) {
    const bytes file = file_of_chunks(interlaced);
    const image expected = decode(file);
    const int refused = refused_allocations([&](const limits& limits) {
      row_reader rows = decoder(memory_source(file), {.limits = limits}).start();
      while (rows.next()) {
      }
      return rows.warnings().empty() && rows.metadata() == rich_metadata() &&
             same_pixels(decode(file, {.limits = limits}), expected);
    });
    CHECK(refused >= 8);
  }
}

TEST_CASE("with transforms too, every refused allocation of reading is an error") {
  const bytes file = encode(make_picture({color_type::rgb, 16}, 40, 9));
  const int refused = refused_allocations([&](const limits& limits) {
    return decode(file, {.format = format::rgba8, .limits = limits}).width() == 40;
  });
  CHECK(refused >= 6);
}

TEST_CASE("when libpng gets no memory at its k-th allocation, writing is refused, for every k") {
  const image picture = make_picture({color_type::rgb, 8}, 40, 9);
  metadata given;
  given.texts.push_back({.key = "Comment", .value = std::string(2000, 'x'), .compressed = true});
  given.texts.push_back({.key = "Title", .value = "plain"});
  for (const bool interlaced : {false, true}) {
    const bytes expected = encode(picture, {.interlaced = interlaced, .metadata = given});
    const int refused = refused_allocations([&](const limits& limits) {
      return encode(picture, {.interlaced = interlaced, .metadata = given, .limits = limits}) == expected;
    });
    CHECK(refused >= 8);
  }
}

// Each chunk is larger than the one before, so libpng gives its buffer back and takes another; sPLT with an
// odd length is refused, so nothing is kept.
TEST_CASE("memory that libpng gives back no longer counts") {
  bytes many;
  for (std::size_t i = 1; i <= 50; ++i) {
    const bytes one =
        chunk("sPLT", joined({to_bytes("Name"), bytes(1), {std::byte{8}}, bytes(6'000 * i + 1)}));
    many.insert(many.end(), one.begin(), one.end());
  }
  REQUIRE(many.size() > 7'000'000);
  const decoder decoder(owning_source(tiny_file(many)), {.limits = {.max_memory = 500'000}});
  CHECK(decoder.warnings().size() == 50);
}

// libpng could go on without the text; but what it then reads depends on its version, so we do not let it.
TEST_CASE("a text that finds no memory is an error with the number, not a file with a text missing") {
  const bytes text = chunk("tEXt", joined({to_bytes("Key"), bytes(1), bytes(100'000, std::byte{'x'})}));
  const error failure =
      thrown_by<error>([&] { return decode(tiny_file(text), {.limits = {.max_memory = 90'000}}); });
  CHECK(failure.code() == errc::limit_exceeded);
  CHECK(failure.chunk() == "tEXt");
  CHECK(std::string(failure.what()).contains("max_memory is 90000, found 1"));
}

}  // namespace
}  // namespace gauntlet::png::test
