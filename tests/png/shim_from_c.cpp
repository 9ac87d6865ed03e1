#include <png.h>

#include <catch2/catch_test_macros.hpp>

#include "gauntlet/shim/png.h"
#include "shim_in_c.h"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

void check(const char* problem) {
  INFO((problem != nullptr ? problem : ""));
  CHECK(problem == nullptr);
}

TEST_CASE("C: what is written is read again") { check(c_writes_and_reads()); }

TEST_CASE("C: a reading call out of order is refused by name") { check(c_reads_in_the_wrong_order()); }

TEST_CASE("C: a writing call out of order is refused by name") { check(c_writes_in_the_wrong_order()); }

TEST_CASE("C: after a failure every call is refused, and the first failure stays") {
  check(c_goes_on_after_a_failure());
}

TEST_CASE("C: there is no row after the last") { check(c_reads_past_the_last_row()); }

TEST_CASE("C: there is no end before the last row") { check(c_ends_before_the_last_row()); }

TEST_CASE("C: a short row buffer is refused") { check(c_gives_short_rows()); }

TEST_CASE("C: without the callback that is needed there is no object") { check(c_has_no_callbacks()); }

TEST_CASE("C: with a limit of 0 there is no object") { check(c_sets_impossible_limits()); }

TEST_CASE("C: a source that claims more bytes than were asked for is refused") { check(c_source_lies()); }

TEST_CASE("C: a callback that fails ends the work") { check(c_callbacks_fail()); }

TEST_CASE("C: what is not there is absent, also when it is asked for too early") {
  check(c_asks_for_what_is_not_there());
}

TEST_CASE("C: numbers beyond what PNG has are refused") { check(c_sets_too_many_colours()); }

TEST_CASE("C: pixels that libpng has no room or no place for are refused") {
  check(c_transforms_to_impossible_pixels());
}

TEST_CASE("C: a callback may ask the object that called it") { check(c_asks_inside_a_callback()); }

TEST_CASE("C: what was read of a signature is said before the first byte is pushed") {
  check(c_says_late_what_was_read());
}

TEST_CASE("C: what libpng holds is counted") { check(c_counts_memory()); }

TEST_CASE("C: an object that got no memory says so") { check(c_has_next_to_no_memory()); }

TEST_CASE("C: a warning callback may fail at any warning") {
  const auto path = std::filesystem::path(GAUNTLET_CORPUS) / "testpngs/crashers/empty_ancillary_chunks.png";
  const bytes file = read_file(path);
  int at = 1;
  for (int failed = 1; failed != 0; ++at)
    check(c_warning_fails(reinterpret_cast<const unsigned char*>(file.data()), file.size(), at, &failed));
  CHECK(at > 20);
}

TEST_CASE("C: a warning callback may fail at a warning of any file made to crash decoders") {
  for (const auto& path : corpus("testpngs/crashers")) {
    INFO(path.filename().string());
    const bytes file = read_file(path);
    int failed = 1;
    for (int at = 1; failed != 0; ++at)
      check(c_warning_fails(reinterpret_cast<const unsigned char*>(file.data()), file.size(), at, &failed));
  }
}

TEST_CASE("the shim's default limits are those of png::limits") {
  gauntlet_png_limits raw{};
  gauntlet_png_limits_default(&raw);
  const limits ours;
  CHECK(raw.max_width == ours.max_width);
  CHECK(raw.max_height == ours.max_height);
  CHECK(raw.max_pixels == ours.max_pixels);
  CHECK(raw.max_image_bytes == ours.max_image_bytes);
  CHECK(raw.max_input_bytes == ours.max_input_bytes);
  CHECK(raw.max_chunk_bytes == ours.max_chunk_bytes);
  CHECK(raw.max_cached_chunks == ours.max_cached_chunks);
  CHECK(raw.max_memory == ours.max_memory);
}

TEST_CASE("the shim's numbers of color types are PNG's and the wrapper's") {
  CHECK(GAUNTLET_PNG_COLOR_GRAY == PNG_COLOR_TYPE_GRAY);
  CHECK(GAUNTLET_PNG_COLOR_RGB == PNG_COLOR_TYPE_RGB);
  CHECK(GAUNTLET_PNG_COLOR_PALETTE == PNG_COLOR_TYPE_PALETTE);
  CHECK(GAUNTLET_PNG_COLOR_GRAY_ALPHA == PNG_COLOR_TYPE_GRAY_ALPHA);
  CHECK(GAUNTLET_PNG_COLOR_RGBA == PNG_COLOR_TYPE_RGB_ALPHA);
  CHECK(static_cast<int>(color_type::gray) == PNG_COLOR_TYPE_GRAY);
  CHECK(static_cast<int>(color_type::rgb) == PNG_COLOR_TYPE_RGB);
  CHECK(static_cast<int>(color_type::palette) == PNG_COLOR_TYPE_PALETTE);
  CHECK(static_cast<int>(color_type::gray_alpha) == PNG_COLOR_TYPE_GRAY_ALPHA);
  CHECK(static_cast<int>(color_type::rgba) == PNG_COLOR_TYPE_RGB_ALPHA);
}

TEST_CASE("the libpng that runs is the one that was compiled against") {
  CHECK(gauntlet_png_access_version_number() == PNG_LIBPNG_VER);
}

}  // namespace
}  // namespace gauntlet::png::test
