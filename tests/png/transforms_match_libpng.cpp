#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

constexpr std::uint32_t all_sets = 1U << 8;

bool allowed(transform set) {
  return !contains(set, transform::scale_16) || !contains(set, transform::strip_16);
}

bytes rest_of(row_reader& rows) {
  bytes found;
  for (const std::span<const std::byte> row : rows) found.insert(found.end(), row.begin(), row.end());
  return found;
}

// Error or value, the raw library decides.
bool same_as_raw(const bytes& file, transform set) {
  const reference_ptr raw = reference(file, set);
  const auto ours = attempt<error>([&] {
    row_reader rows = decoder{memory_source(file)}.start(set);
    return rest_of(rows);
  });
  if (raw->failed != 0) return !ours;
  return ours && same_bytes(*ours, pixels_of(*raw));
}

void check_every_set(bool interlaced) {
  for (const pixel_format format : all_formats) {
    const bytes file = encode(make_picture(format, 5, 3), {.level = 1, .interlaced = interlaced});
    for (std::uint32_t set = 0; set < all_sets; ++set) {
      if (!allowed(static_cast<transform>(set))) continue;
      INFO(name_of(format) << ", transforms " << set);
      if (!same_as_raw(file, static_cast<transform>(set))) FAIL_CHECK("other rows than plain libpng's");
    }
  }
}

TEST_CASE("every set of transforms gives what plain libpng gives, for every format") {
  check_every_set(false);
}

TEST_CASE("every set of transforms gives what plain libpng gives when interlaced") { check_every_set(true); }

TEST_CASE("the header of the rows is that after the transforms, the decoder's that of the file") {
  const bytes file = encode(make_picture({color_type::palette, 2}, 5, 3));
  decoder decoder{memory_source(file)};
  CHECK(decoder.header().color == color_type::palette);
  CHECK(decoder.header().bit_depth == 2);
  CHECK(decoder.header().row_bytes == 2);
  const row_reader rows = std::move(decoder).start(transform::expand | transform::add_alpha);
  CHECK(rows.header().color == color_type::rgba);
  CHECK(rows.header().bit_depth == 8);
  CHECK(rows.header().channels == 4);
  CHECK(rows.header().row_bytes == 20);
}

TEST_CASE("expanded rows have the palette in themselves, so the reader has none") {
  const bytes file = encode(make_picture({color_type::palette, 2}, 5, 3));
  CHECK(decoder{memory_source(file)}.start(transform::expand).colors() == color_table{});
  CHECK(decoder{memory_source(file)}.start().colors().palette.size() == 4);
}

TEST_CASE("16 bits become 8 by rounding with scale_16 and by cutting with strip_16") {
  image picture = make_picture({color_type::gray, 16}, 1, 1);
  picture.row(0)[0] = std::byte{0x12};
  picture.row(0)[1] = std::byte{0xFF};
  const bytes file = encode(picture);
  row_reader scaled = decoder{memory_source(file)}.start(transform::scale_16);
  row_reader stripped = decoder{memory_source(file)}.start(transform::strip_16);
  CHECK(scaled.next().value()[0] == std::byte{0x13});
  CHECK(stripped.next().value()[0] == std::byte{0x12});
}

}  // namespace
}  // namespace gauntlet::png::test
