// Allocation k fails, for every k, while a file with all kinds of metadata is written or read: what the
// memory resource throws comes out as itself, and nothing leaks.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "counting_memory.hpp"
#include "refused_allocations.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

icc_profile rgb_profile() {
  bytes data = joined({big_endian(400),
                       bytes(4),
                       {std::byte{4}},
                       bytes(3),
                       to_bytes("mntrRGB XYZ "),
                       bytes(12),
                       to_bytes("acsp"),
                       bytes(28),
                       big_endian(0xF6D6),
                       big_endian(0x10000),
                       big_endian(0xD32D)});
  for (unsigned i = 0; data.size() < 128; ++i) data.push_back(static_cast<std::byte>(i * 37 & 255));
  data.resize(132);
  for (unsigned i = 0; data.size() < 400; ++i) data.push_back(static_cast<std::byte>(i * 91 & 255));
  return {"profile", data};
}

metadata all_kinds() {
  metadata all{
      .texts = {{.key = "Title", .value = "plain"},
                {.key = "Comment", .value = std::string(2000, 'x'), .compressed = true},
                {.key = "Description",
                 .value = std::string(2000, 'y'),
                 .compressed = true,
                 .international = true,
                 .language = "en",
                 .translated_key = "B"}},
      .gamma = 45455,
      .chromaticities = chromaticities{{31270, 32900}, {64000, 33000}, {21000, 71000}, {15000, 6000}},
      .profile = rgb_profile(),
      .significant_bits = significant_bits{.red = 5, .green = 6, .blue = 5},
      .background = background_color{.index = 1},
      .suggested_palettes = {{"few", 8, {{1, 2, 3, 4, 5}}}, {"more", 16, {{1, 2, 3, 4, 5}, {}}}},
      .physical = physical{1, 2, true},
      .offset = offset{-1, 2, false},
      .calibration = calibration{.purpose = "p", .unit = "m", .parameters = {"0", "1"}},
      .scale = scale{scale::unit::metre, "1", "2"},
      .modified = time{2000},
      .exif = to_bytes(std::string("II*\0", 4))};
  all.unknown_chunks = {{"fiRs", bytes(10), unknown_chunk::location::before_palette},
                        {"laSt", bytes(20), unknown_chunk::location::after_image}};
  return all;
}

// The histogram is written by every libpng, and read by those that can (see metadata_chunk_by_chunk.cpp).
bytes written(const encode_options& options) {
  encode_options all = options;
  all.metadata = all_kinds();
  all.metadata.histogram = {1, 2, 3, 4};
  return encode(make_picture({color_type::palette, 2}, 4, 4), all);
}

metadata metadata_within(const bytes& file, const decoder_options& options) {
  decoder_options all = options;
  all.unknown_chunks = keep_chunks::all;
  row_reader rows = decoder(memory_source(file), all).start();
  while (rows.next()) {
  }
  metadata found = rows.metadata();
  found.histogram.clear();
  return found;
}

TEST_CASE("metadata_memory: what memory throws at its k-th allocation comes out of writing, for every k") {
  const bytes expected = written({});
  CHECK(failed_allocations(
            [&](counting_memory& memory) { return written({.memory = &memory}) == expected; }) >= 20);
}

TEST_CASE("metadata_memory: what memory throws at its k-th allocation comes out of reading, for every k") {
  const bytes file = written({});
  CHECK(failed_allocations([&](counting_memory& memory) {
          return metadata_within(file, {.memory = &memory}) == all_kinds();
        }) >= 20);
}

// ---- max_memory

TEST_CASE("metadata_memory: every step of max_memory is an error of writing, or the whole file") {
  const bytes expected = written({});
  CHECK(refused_allocations([&](const limits& limits) { return written({.limits = limits}) == expected; }) >=
        8);
}

TEST_CASE("metadata_memory: every step of max_memory is an error of reading, or all metadata") {
  const bytes file = written({});
  CHECK(refused_allocations([&](const limits& limits) {
          return metadata_within(file, {.limits = limits}) == all_kinds();
        }) >= 8);
}

}  // namespace
}  // namespace gauntlet::png::test
