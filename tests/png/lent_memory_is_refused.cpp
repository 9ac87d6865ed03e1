#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <functional>
#include <source_location>
#include <span>
#include <string>
#include <utility>

#include "gauntlet/lend.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

constexpr std::uint32_t square_side = 16;
using row_of_square = std::array<std::byte, square_side>;

bytes gray_square() {
  const bytes pixels(std::size_t{square_side} * square_side);
  return encode({.width = square_side,
                 .height = square_side,
                 .color = color_type::gray,
                 .bit_depth = 8,
                 .pixels = pixels,
                 .stride = 0,
                 .colors = nullptr,
                 .format = format::native});
}

encoder<memory_sink> square_encoder() {
  return encoder{memory_sink(), header_of(square_side, square_side, color_type::gray, 8)};
}

}  // namespace

#ifdef GAUNTLET_LENDS

namespace {

constexpr std::source_location here(std::source_location where = std::source_location::current()) {
  return where;
}

// What libpng would touch, while somebody else has it, and then when it was returned.
void refused_until_returned(std::span<std::byte> memory, bool lent_for_writing, const char* what,
                            const std::function<void()>& use) {
  const std::source_location where = here();
  lend elsewhere("file::read_some", where);
  lent_for_writing ? elsewhere.for_writing(memory) : elsewhere.for_reading(memory);
  const std::string said = refusal_of(use);
  CHECK(said.contains(what));
  CAPTURE(said);
  CHECK(said.contains("file::read_some at "));
  CHECK(said.contains("lent_memory_is_refused.cpp:" + std::to_string(where.line()) + " and not returned"));
  CHECK(said.contains("called from "));
  elsewhere.give_back(memory.size());
  use();
}

}  // namespace

TEST_CASE("memory that something else was lent is refused, with both places, and nothing else is spoilt") {
  bytes file = gray_square();
  row_of_square memory{};

  SECTION("a row that would be read into, also if it is only read elsewhere") {
    row_reader reader = decoder{memory_source(file)}.start();
    refused_until_returned(memory, true, "png::row_reader", [&] { reader.read_into(memory); });
    refused_until_returned(memory, false, "png::row_reader", [&] { reader.read_into(memory); });
  }
  SECTION("rows that would be read into all at once") {
    row_reader reader = decoder{memory_source(file)}.start();
    bytes pixels(std::size_t{square_side} * square_side);
    lend elsewhere("file::read_some");
    elsewhere.for_writing(std::span(pixels).last(1));
    CHECK(refusal_of([&] { reader.read_all_into(pixels); }).contains("lent for writing to file::read_some"));
    elsewhere.give_back();
    CHECK(reader.read_into(memory));  // the row that was refused
    CHECK_FALSE(reader.read_into(memory));
  }
  SECTION("a row or a chunk that would be written") {
    encoder<memory_sink> encoder = square_encoder();
    refused_until_returned(memory, true, "png::encoder::write_row", [&] { encoder.write_row(memory); });
    for (std::uint32_t y = 1; y < square_side; ++y) encoder.write_row(memory);
    refused_until_returned(memory, true, "png::encoder::write_chunk",
                           [&] { encoder.write_chunk("teSt", memory); });
    CHECK(decode(std::move(encoder).finish().take()).height() == square_side);
  }
  SECTION("bytes that would be fed") {
    push_decoder push;
    refused_until_returned(file, true, "png::push_decoder::feed", [&] { push.feed(file); });
    push.finish();
  }
  SECTION("a file that would be read where it lies") {
    refused_until_returned(file, true, "png::decoder", [&] { decoder{memory_source(file)}.header(); });
  }
}

#endif

TEST_CASE("a file is its owner's again when its end was read, though the reader lives on") {
  bytes file = gray_square();
  row_reader reader = decoder{memory_source(file)}.start();
  while (reader.next()) {
  }
  lend elsewhere("file::read_some");
  elsewhere.for_writing(file);
  elsewhere.give_back(file.size());
  CHECK(reader.header().height == square_side);
}

TEST_CASE("what something else only reads may be written, fed and decoded") {
  bytes file = gray_square();
  row_of_square memory{};
  lend elsewhere("file::write_some");
  elsewhere.for_reading(file).for_reading(memory);
  square_encoder().write_row(memory);
  push_decoder().feed(file);
  CHECK(decode(file).height() == square_side);
  elsewhere.give_back();
}

}  // namespace gauntlet::png::test
