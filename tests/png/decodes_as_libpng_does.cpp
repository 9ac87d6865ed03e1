#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "comparison.hpp"

namespace gauntlet::png::test {
namespace {

const std::span<const std::byte> no_pixels;

bool same_palette(const color_table& ours, const reference_image& raw) {
  if (ours.palette.size() != static_cast<std::size_t>(raw.palette_size)) return false;
  for (std::size_t i = 0; i < ours.palette.size(); ++i)
    if (ours.palette[i] != rgb{raw.palette[i][0], raw.palette[i][1], raw.palette[i][2]}) return false;
  return true;
}

bool same_transparency(const color_table& ours, const reference_image& raw) {
  if (!std::ranges::equal(ours.alpha, std::span(raw.alpha, static_cast<std::size_t>(raw.alpha_size))))
    return false;
  if (ours.transparent.has_value() != (raw.has_transparent != 0)) return false;
  if (!ours.transparent) return true;
  if (raw.file.color_type == 0) return *ours.transparent == transparent_color{raw.gray, raw.gray, raw.gray};
  return *ours.transparent == transparent_color{raw.red, raw.green, raw.blue};
}

void check_header_and_colors(const bytes& file) {
  const reference_ptr raw = reference(file);
  const decoder ours{memory_source(file)};
  CHECK(same_header(ours.header(), raw->file));
  CHECK(same_palette(ours.colors(), *raw));
  CHECK(same_transparency(ours.colors(), *raw));
}

void check_image(const bytes& file, format format, transform transforms) {
  const reference_ptr raw = reference(file, transforms);
  REQUIRE(raw->failed == 0);
  const image ours = decode(file, {.format = format});
  CHECK(same_header(ours.header(), raw->rows));
  CHECK(same_bytes(ours.pixels(), pixels_of(*raw)));
}

void check_rows(const bytes& file, transform transforms) {
  const reference_ptr raw = reference(file, transforms);
  REQUIRE(raw->failed == 0);
  row_reader rows = decoder{memory_source(file)}.start(transforms);
  CHECK(same_header(rows.header(), raw->rows));
  bytes ours;
  for (const std::span<const std::byte> row : rows) ours.insert(ours.end(), row.begin(), row.end());
  CHECK(same_bytes(ours, pixels_of(*raw)));
}

void check_everything(const std::filesystem::path& path) {
  INFO(path.filename().string());
  const bytes file = read_file(path);
  check_header_and_colors(file);
  check_image(file, format::native, transform::none);
  check_image(file, format::rgba8, rgba8_transforms);
  check_rows(file, transform::none);
  check_rows(file, rgba8_transforms);
}

// The counts are those of the pinned libpng: a corpus that was not found, or not whole, must not pass.
TEST_CASE("every file of pngsuite decodes as plain libpng decodes it") {
  const auto files = corpus("pngsuite");
  CHECK(files.size() == 51);
  for (const auto& path : files) check_everything(path);
}

TEST_CASE("every file in pngsuite's folder of interlaced ones decodes as plain libpng decodes it") {
  const auto files = corpus("pngsuite/interlaced");
  CHECK(files.size() == 9);
  for (const auto& path : files) check_everything(path);
}

TEST_CASE("every valid file of testpngs decodes as plain libpng decodes it") {
  const auto files = corpus("testpngs");
  CHECK(files.size() == 104);
  for (const auto& path : files) check_everything(path);
}

// Their indices go beyond their palettes, or their palettes beyond what the bit depth can name: libpng warns.
TEST_CASE("every file of testpngs with a bad palette decodes as plain libpng decodes it") {
  const auto files = corpus("testpngs/badpal");
  CHECK(files.size() == 9);
  for (const auto& path : files) check_everything(path);
}

TEST_CASE("a file with chunks of PNG's third edition decodes as plain libpng decodes it") {
  const auto files = corpus("testpngs/png-3");
  CHECK(files.size() == 1);
  for (const auto& path : files) check_everything(path);
}

TEST_CASE("a file on disk decodes as its bytes in memory do") {
  for (const auto& path : corpus("pngsuite")) {
    INFO(path.filename().string());
    const image from_disk = decode(file_source(path), {.format = format::rgba8});
    CHECK(same_pixels(from_disk, decode(read_file(path), {.format = format::rgba8})));
  }
}

// What plain libpng makes of a file that was made to crash decoders is right for us too, error or value.
TEST_CASE("every crasher ends as it ends in plain libpng: in the same pixels, or in an error") {
  const auto files = corpus("testpngs/crashers");
  CHECK(files.size() == 23);
  int values = 0;
  for (const auto& path : files) {
    INFO(path.filename().string());
    const bytes file = read_file(path);
    const reference_ptr raw = reference(file);
    const auto ours = attempt<error>([&] { return decode(file); });
    REQUIRE(ours.has_value() == (raw->failed == 0));
    CHECK(same_bytes(ours ? ours->pixels() : no_pixels, ours ? pixels_of(*raw) : no_pixels));
    values += ours ? 1 : 0;
  }
  CHECK(values > 0);
  CHECK(values < 23);
}

TEST_CASE("every crasher ends in rows, or in an error, whatever is asked of them") {
  for (const auto& path : corpus("testpngs/crashers")) {
    INFO(path.filename().string());
    const bytes file = read_file(path);
    const reference_ptr raw = reference(file, rgba8_transforms);
    std::size_t rows = 0;
    const auto ours = attempt<error>([&] {
      row_reader reader = decoder{memory_source(file)}.start(rgba8_transforms);
      for (const std::span<const std::byte> row : reader) rows += row.size() == reader.header().row_bytes;
    });
    CHECK(ours.has_value() == (raw->failed == 0));
    if (ours) CHECK(rows == raw->rows.height);
  }
}

}  // namespace
}  // namespace gauntlet::png::test
