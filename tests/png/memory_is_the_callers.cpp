#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <memory_resource>
#include <string>
#include <utility>

#include "counting_memory.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

metadata rich() {
  metadata given;
  given.texts.push_back({.key = "Comment", .value = std::string(500, 'x'), .compressed = true});
  given.texts.push_back({.key = "Title", .value = "plain"});
  given.gamma = 45'455;
  return given;
}

bytes rich_file(bool interlaced) {
  return encode(make_picture({color_type::palette, 8}, 30, 9),
                {.interlaced = interlaced, .metadata = rich()});
}

bool reads(const bytes& file, std::pmr::memory_resource& memory) {
  const transforms all{.flags = transform::expand | transform::gray_to_rgb,
                       .gamma = gamma_correction{.screen = gamma_linear}};
  row_reader rows = decoder(memory_source(file), {.memory = &memory}).start(all);
  while (rows.next()) {
  }
  return rows.metadata() == rich() && rows.warnings().empty();
}

TEST_CASE("all of libpng's memory for reading comes from the resource that is given, and goes back") {
  for (const bool interlaced : {false, true}) {
    const bytes file = rich_file(interlaced);
    counting_memory memory;
    {
      decoder read(memory_source(file), {.memory = &memory});
      CHECK(memory.held() > read.memory_in_use());  // and the size of each block
      CHECK(memory.held() < read.memory_in_use() + 2000);
      row_reader rows = std::move(read).start();
      while (rows.next()) {
      }
      CHECK(memory.held() > rows.memory_in_use());
      CHECK(memory.held() < rows.memory_in_use() + 2000);
    }
    CHECK(memory.calls() > 8);
    CHECK(memory.all_came_back());
  }
}

TEST_CASE("all of libpng's memory for writing comes from the resource that is given, and goes back") {
  const image picture = make_picture({color_type::rgb, 8}, 30, 9);
  for (const bool interlaced : {false, true}) {
    counting_memory memory;
    const bytes file = encode(picture, {.interlaced = interlaced, .metadata = rich(), .memory = &memory});
    CHECK(file == encode(picture, {.interlaced = interlaced, .metadata = rich()}));
    CHECK(memory.calls() > 8);
    CHECK(memory.all_came_back());
  }
}

TEST_CASE("it goes back also from readers and encoders that die in the middle of their work") {
  const bytes file = rich_file(true);
  const image picture = decode(file);
  counting_memory memory;
  {
    const decoder unused(memory_source(file), {.memory = &memory});
  }
  {
    const row_reader started = decoder(memory_source(file), {.memory = &memory}).start();
  }
  {
    pass_reader passes = decoder(memory_source(file), {.memory = &memory}).start_passes(display::blocks);
    passes.next();
  }
  {
    encoder to{memory_sink{}, picture.header(), {.memory = &memory}, picture.colors()};
    to.write_row(picture.row(0));
  }
  CHECK_THROWS_AS(decoder(memory_source(std::span(file).first(200)), {.memory = &memory}).read_image(),
                  error);
  CHECK(memory.all_came_back());
}

TEST_CASE("what a resource throws at its k-th call comes out of reading, for every k") {
  for (const bool interlaced : {false, true}) {
    const bytes file = rich_file(interlaced);
    CHECK(failed_allocations([&](counting_memory& memory) { return reads(file, memory); }) > 8);
  }
}

TEST_CASE("what a resource throws at its k-th call comes out of writing, for every k") {
  const image picture = make_picture({color_type::rgb, 8}, 30, 9);
  for (const bool interlaced : {false, true})
    CHECK(
        failed_allocations([&](counting_memory& memory) {
          return !encode(picture, {.interlaced = interlaced, .metadata = rich(), .memory = &memory}).empty();
        }) > 8);
}

TEST_CASE("what a resource throws at its k-th call comes out of quantizing, for every k") {
  const bytes file = encode(make_picture({color_type::rgb, 8}, 9, 3));
  const transforms wanted{.quantize = quantization{.palette = {{1, 2, 3}, {200, 100, 0}, {9, 9, 9}},
                                                   .maximum_colors = 2,
                                                   .histogram = {1, 2, 3}}};
  CHECK(failed_allocations([&](counting_memory& memory) {
          row_reader rows = decoder(memory_source(file), {.memory = &memory}).start(wanted);
          return rows.next().has_value();
        }) > 6);
}

}  // namespace
}  // namespace gauntlet::png::test
