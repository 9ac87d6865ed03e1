// The programs of docs/png-untrusted.md, and a proof for what it says in numbers.

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "gauntlet/png.hpp"
#include "support.hpp"

namespace png = gauntlet::png;

namespace {

using png::test::bytes;

// A black image, which packs as well as anything can.
bytes bomb(std::uint32_t width, std::uint32_t height) {
  const bytes pixels(std::size_t{width} * height);
  return png::encode(
      {.width = width, .height = height, .color = png::color_type::gray, .bit_depth = 8, .pixels = pixels},
      {.level = 9});
}

// [shown]
png::image avatar(std::span<const std::byte> upload) {
  return png::decode(upload, {.format = png::format::rgba8,
                              .limits = {.max_width = 4096,
                                         .max_height = 4096,
                                         .max_pixels = 4'000'000,
                                         .max_image_bytes = 16'000'000,
                                         .max_input_bytes = 5'000'000,
                                         .max_chunk_bytes = 100'000,
                                         .max_cached_chunks = 20,
                                         .max_memory = 2'000'000,
                                         .max_expansion = 200}});
}
// [end]

std::string answer_to(const bytes& upload) {
  // [shown]
  try {
    avatar(upload);
    return "ok";
  } catch (const png::error& problem) {
    if (const auto& limit = problem.limit()) return std::string(limit->name);  // also .allowed and .found
    if (problem.code() == std::errc::illegal_byte_sequence) return "broken";   // empty to corrupted
    throw;                                                                     // memory, the system
  }
  // [end]
}

TEST_CASE("docs: limits of a service, and what is told to whom") {
  bytes photo = png::encode(png::test::make_picture({png::color_type::rgb, 8}, 200, 100));
  CHECK(answer_to(photo) == "ok");
  CHECK(answer_to(bomb(5000, 1)) == "max_width");
  CHECK(answer_to(bomb(4001, 1000)) == "max_pixels");
  CHECK(answer_to(bomb(1000, 1000)) == "max_expansion");
  CHECK(answer_to(bytes(10)) == "broken");
  photo.resize(photo.size() / 2);
  CHECK(answer_to(photo) == "broken");
}

TEST_CASE("docs: an image of one colour stays below the default expansion") {
  const bytes file = bomb(4000, 4000);
  CHECK(std::size_t{4000} * 4000 / file.size() > 900);
  CHECK(png::decode(file).width() == 4000);
}

TEST_CASE("docs: what a header promises costs nothing until its rows are asked for") {
  const bytes promise = png::test::joined({png::test::signature(), png::test::ihdr(16'000, 16'000, 8, 2),
                                           png::test::idat(bytes(10)), png::test::iend()});
  // [shown]
  png::decoder decoder{png::memory_source{promise}, {.limits = {.max_memory = 1'000'000}}};
  const bool suits = decoder.header().width <= 4096;  // 16,000 x 16,000: no pixel was allocated to know that
  // [end]
  CHECK_FALSE(suits);
  CHECK(decoder.memory_in_use() < 100'000);
}

}  // namespace
