// When metadata is known, what it says after transforms, and the small values around it.
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <limits>
#include <string>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

// ---- before, after, and after a failure

bytes late_text() { return chunk("tEXt", to_bytes(std::string("Key\0late", 8))); }
bytes early_text() { return chunk("tEXt", to_bytes(std::string("Key\0early", 9))); }

TEST_CASE("metadata_asked: what stands behind the image is known at its end, by every way of reading") {
  const bytes file = tiny_file(early_text(), late_text());
  decoder before{memory_source(file)};
  CHECK(before.metadata().texts.size() == 1);
  pass_reader passes = std::move(before).start_passes(display::blocks);
  CHECK(passes.metadata().texts.size() == 1);
  while (passes.next()) {
  }
  CHECK(passes.metadata().texts.size() == 2);

  push_decoder push;
  CHECK_THROWS_AS(push.metadata(), misuse);
  push.feed(file);
  while (push.next()) {
  }
  CHECK(push.metadata().texts.size() == 2);
}

TEST_CASE("metadata_asked: after a failure, what was read before, else misuse") {
  bytes file = tiny_file(early_text(), {});
  file.resize(file.size() - 20);  // inside IDAT
  row_reader asked = decoder(memory_source(file)).start();
  CHECK(asked.metadata().texts.size() == 1);
  CHECK_THROWS_AS(
      [&] {
        while (asked.next()) {
        }
      }(),
      error);
  CHECK(asked.metadata().texts.size() == 1);

  row_reader not_asked = decoder(memory_source(file)).start();
  CHECK_THROWS_AS(
      [&] {
        while (not_asked.next()) {
        }
      }(),
      error);
  CHECK_THROWS_AS(not_asked.metadata(), misuse);
}

// libpng puts the gamma and the background of the rows into what its getters answer.
TEST_CASE("metadata_asked: transforms change nothing of it, whenever it is asked for") {
  const metadata given{.gamma = 50000,
                       .significant_bits = significant_bits{.red = 5, .green = 6, .blue = 5, .alpha = 1},
                       .background = background_color{.red = 1, .green = 2, .blue = 3}};
  const bytes file = encode(make_picture({color_type::rgba, 8}, 4, 4), {.metadata = given});
  const std::vector<transforms> all{
      {},
      {.flags = transform::strip_alpha | transform::gray_to_rgb},
      {.gamma = gamma_correction{.screen = 220000, .file = 70000}},
      {.background = background_fill{.color = {.red = 9, .green = 9, .blue = 9}}}};
  for (const transforms& one : all) {
    row_reader rows = decoder(memory_source(file)).start(one);
    CHECK(rows.metadata() == given);
    while (rows.next()) {
    }
    CHECK(rows.metadata() == given);
  }
}

TEST_CASE("metadata_asked: a palette image's is the same after it was expanded") {
  const metadata given{.significant_bits = significant_bits{.red = 5, .green = 6, .blue = 5},
                       .background = background_color{.index = 2}};
  const bytes file = encode(make_picture({color_type::palette, 2}, 4, 4), {.metadata = given});
  row_reader rows = decoder(memory_source(file)).start(transform::expand);
  CHECK(rows.metadata() == given);
}

// A resource that counts shows that asking, not reading, is what copies.
TEST_CASE("metadata_asked: libpng's memory is the same whether it is asked for or not") {
  const bytes file = tiny_file(early_text(), late_text());
  decoder decoder{memory_source(file)};
  const std::uint64_t before = decoder.memory_in_use();
  CHECK(decoder.metadata().texts.size() == 1);
  CHECK(&decoder.metadata() == &decoder.metadata());  // copied once
  CHECK(decoder.memory_in_use() == before);
}

// ---- time

// Constants, because libstdc++ counts days with wrap-around.
template <int Year, int Month = 1, int Day = 1>
constexpr std::chrono::sys_seconds midnight{std::chrono::sys_days{std::chrono::year{Year} / Month / Day}};

TEST_CASE("metadata_asked: a time is made from a clock's") {
  using namespace std::chrono;
  CHECK(time::from(sys_seconds{}) == time{1970, 1, 1, 0, 0, 0});
  CHECK(time::from(midnight<2024, 2, 29> + 23h + 59min + 58s) == time{2024, 2, 29, 23, 59, 58});
  CHECK(time::from(midnight<0>) == time{0, 1, 1, 0, 0, 0});
  CHECK(time::from(midnight<1> - 1s) == time{0, 12, 31, 23, 59, 59});
  CHECK(time::from(midnight<32767, 12, 31>) == time{32767, 12, 31, 0, 0, 0});
}

// std::chrono::year ends at 32,767; PNG's do not.
TEST_CASE("metadata_asked: a time may be of any year that PNG has, and of no other") {
  using namespace std::chrono;
  const auto years = [](int n) { return days{146097} * (n / 400); };  // multiples of 400
  CHECK(time::from(midnight<0> + years(32800)) == time{32800, 1, 1, 0, 0, 0});
  const sys_seconds end = midnight<336> + years(65200);
  CHECK(time::from(end - 1s) == time{65535, 12, 31, 23, 59, 59});
  for (const sys_seconds wrong :
       {midnight<0> - 1s, end, midnight<0> + years(131200), sys_seconds::min(), sys_seconds::max()})
    CHECK_THROWS_AS(time::from(wrong), misuse);
}

TEST_CASE("metadata_asked: a time is told as RFC 1123 has it") {
  CHECK(time{2000, 1, 1, 0, 0, 0}.to_rfc1123() == "1 Jan 2000 00:00:00 +0000");
  CHECK(time{9999, 12, 31, 23, 59, 60}.to_rfc1123() == "31 Dec 9999 23:59:60 +0000");
  for (const time wrong :
       {time{10000, 1, 1}, time{2000, 0, 1}, time{2000, 13, 1}, time{2000, 1, 0}, time{2000, 1, 32},
        time{2000, 1, 1, 24}, time{2000, 1, 1, 0, 60}, time{2000, 1, 1, 0, 0, 61}})
    CHECK_THROWS_AS(wrong.to_rfc1123(), misuse);
}

// ---- colours

TEST_CASE("metadata_asked: a gray palette goes from black to white") {
  for (const auto& [depth, size] :
       {std::pair{1, 2U}, std::pair{2, 4U}, std::pair{4, 16U}, std::pair{8, 256U}}) {
    const std::vector<rgb> grays = grayscale_palette(static_cast<std::uint8_t>(depth));
    REQUIRE(grays.size() == size);
    for (unsigned i = 0; i < size; ++i) {
      const auto gray = static_cast<std::uint8_t>(i * 255 / (size - 1));
      CHECK(grays[i] == rgb{gray, gray, gray});
    }
  }
  for (const int depth : {0, 3, 5, 16, 255})
    CHECK_THROWS_AS(grayscale_palette(static_cast<std::uint8_t>(depth)), misuse);
}

TEST_CASE("metadata_asked: the values of sRGB are those of PNG's own text") {
  CHECK(srgb_gamma == 45455);
  CHECK(srgb_chromaticities ==
        chromaticities{
            .white = {31270, 32900}, .red = {64000, 33000}, .green = {30000, 60000}, .blue = {15000, 6000}});
}

TEST_CASE("metadata_asked: two are equal if each field is") {
  const metadata none;
  const std::vector<metadata> each{{.texts = {{.key = "k"}}},
                                   {.gamma = 1},
                                   {.chromaticities = chromaticities{}},
                                   {.srgb = rendering_intent::perceptual},
                                   {.profile = icc_profile{}},
                                   {.coding = coding_independent_code_points{}},
                                   {.mastering = mastering_display{}},
                                   {.light_level = content_light_level{}},
                                   {.significant_bits = significant_bits{}},
                                   {.background = background_color{}},
                                   {.histogram = {0}},
                                   {.suggested_palettes = {{}}},
                                   {.physical = physical{}},
                                   {.offset = offset{}},
                                   {.calibration = calibration{}},
                                   {.scale = scale{}},
                                   {.modified = time{}},
                                   {.exif = bytes(1)},
                                   {.unknown_chunks = {{}}}};
  for (std::size_t a = 0; a < each.size(); ++a) {
    CHECK(each[a] != none);
    for (std::size_t b = 0; b < each.size(); ++b) CHECK((each[a] == each[b]) == (a == b));
  }
}

}  // namespace
}  // namespace gauntlet::png::test
