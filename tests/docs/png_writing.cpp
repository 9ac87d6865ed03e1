// The second half of docs/png.md, as png_reading.cpp is the first: writing, and what reading and writing
// share.

#include <png.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <memory_resource>
#include <string>
#include <thread>

#include "gauntlet/png.hpp"
#include "in_folder.hpp"

namespace png = gauntlet::png;

namespace {

using png::test::bytes;

png::image noise() { return png::test::make_picture({png::color_type::rgb, 8}, 20, 10); }

// What the programs have to say.
std::vector<std::string> said;
void log(const std::string& line) { said.push_back(line); }

TEST_CASE("docs: an image to a file and to memory") {
  const in_folder here;
  const png::image picture = noise();
  // [shown]
  png::encode_file("out.png", picture, {.level = 9, .interlaced = true});
  std::vector<std::byte> file = png::encode(picture);
  // [end]
  CHECK(png::test::same_pixels(png::decode(png::file_source{"out.png"}), png::decode(file)));
}

TEST_CASE("docs: pixels that lie somewhere") {
  const in_folder here;
  const std::vector<std::byte> bitmap(64 * std::size_t{10}, std::byte{7});
  // [shown]
  png::encode_file("out.png", {.width = 20,
                               .height = 10,
                               .pixels = bitmap,
                               .stride = -64,  // the bottom row first, and a row is 64 bytes from the next
                               .format = png::format::bgr8});
  // [end]
  CHECK(png::decode(png::file_source{"out.png"}).header().color == png::color_type::rgb);
}

TEST_CASE("docs: indices and their palette") {
  const in_folder here;
  const std::vector<std::byte> indices(20 * std::size_t{10}, std::byte{1});
  // [shown]
  const png::color_table colors{.palette = {{.red = 255}, {.blue = 255}}, .alpha = {128}};
  png::encode_file("out.png", {.width = 20,
                               .height = 10,
                               .color = png::color_type::palette,
                               .bit_depth = 8,
                               .pixels = indices,
                               .colors = &colors});
  // [end]
  CHECK(png::decode(png::file_source{"out.png"}).colors() == colors);
}

// [shown]
struct counting_sink {
  std::size_t bytes = 0;
  void write(std::span<const std::byte> part) { bytes += part.size(); }
};
// [end]

TEST_CASE("docs: to a sink of one's own") {
  const png::image picture = noise();
  // [shown]
  counting_sink sink;
  png::encode_to(sink, picture);
  // [end]
  CHECK(sink.bytes == png::encode(picture).size());
}

TEST_CASE("docs: row by row to a file") {
  const in_folder here;
  const png::image picture = noise();
  // [shown]
  png::encoder encoder{png::file_sink{"out.png"},
                       png::header_of(20, 10, png::format::rgb8),
                       {.level = 1, .filters = png::filters::sub | png::filters::up}};
  for (std::uint32_t y = 0; y < 10; ++y) encoder.write_row(picture.row(y));
  std::move(encoder).finish().commit();  // only now is there an out.png
  // [end]
  CHECK(png::test::same_pixels(png::decode(png::file_source{"out.png"}), picture));
}

TEST_CASE("docs: metadata in and out") {
  const in_folder here;
  png::encode_file("in.png", noise(), {.metadata = {.texts = {{.key = "Author", .value = "A. N. Other"}}}});
  // [shown]
  png::row_reader rows = png::decoder{png::file_source{"in.png"}}.start();
  const png::header size = rows.header();
  std::vector<std::byte> pixels(size.row_bytes * size.height);
  rows.read_all_into(pixels);
  png::metadata kept = rows.metadata();  // complete now, also what stands behind the image

  kept.texts.push_back({.key = "Title", .value = "Zürich", .compressed = true, .international = true});
  kept.physical = png::physical{.x = 11811, .y = 11811, .per_metre = true};  // 300 dpi
  kept.modified = png::time{.year = 2025, .month = 11, .day = 21};  // or png::time::from(a sys_seconds)
  const png::image_view same{.width = size.width,
                             .height = size.height,
                             .color = size.color,
                             .bit_depth = size.bit_depth,
                             .pixels = pixels};
  png::encode_file("out.png", same, {.metadata = kept});
  // [end]
  png::row_reader again = png::decoder{png::file_source{"out.png"}}.start();
  while (again.next()) {
  }
  CHECK(again.metadata() == kept);
  CHECK(kept.texts.size() == 2);
}

// What this libpng has is written and read again, what it has not is refused with the version that has it.
void check_guarded(const png::metadata& newer, int since, std::string_view said_since) {
  const auto file = gauntlet::attempt<png::error>([&] { return png::encode(noise(), {.metadata = newer}); });
  REQUIRE(file.has_value() == (PNG_LIBPNG_VER >= since));
  if (file) {
    CHECK(png::decoder{png::memory_source{*file}}.metadata() == newer);
  } else {
    CHECK(file.error().code() == png::errc::unsupported);
    CHECK(std::string_view(file.error().what()).contains(said_since));
  }
}

TEST_CASE("docs: metadata that libpng 1.6.39 does not have says so") {
  check_guarded(
      {.coding = png::coding_independent_code_points{.colour_primaries = 9, .transfer_function = 16}}, 10645,
      "libpng 1.6.45 has");
  check_guarded({.mastering = png::mastering_display{.primaries = {.white = {15635, 16450}},
                                                     .max_luminance = 10'000'000}},
                10646, "libpng 1.6.46 has");
  check_guarded({.light_level = png::content_light_level{.max_content = 1'000'000, .max_frame_average = 1}},
                10646, "libpng 1.6.46 has");
}

TEST_CASE("docs: unknown chunks") {
  const in_folder here;
  const png::metadata with_note{
      .unknown_chunks = {{.name = "noTe", .data = bytes(3)}, {.name = "opAq", .data = bytes(1)}}};
  png::encode_file("in.png", noise(), {.metadata = with_note});
  said.clear();
  // [shown]
  png::decoder decoder{
      png::file_source{"in.png"},
      {.chunks = {{.name = "noTe", .keep = png::keep_chunks::all}},  // becomes metadata; others do not
       .on_unknown_chunk = [](const png::unknown_chunk& chunk) {
         log(chunk.name);
         return false;  // true: that was all, it is not kept
       }}};
  const std::vector<png::unknown_chunk>& found = decoder.metadata().unknown_chunks;
  // [end]
  CHECK(said == std::vector<std::string>{"noTe", "opAq"});
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "noTe");
}

TEST_CASE("docs: warnings") {
  const bytes file = png::test::tiny_file(png::test::chunk("tEXt", png::test::to_bytes("no 0 in it")),
                                          png::test::chunk("gAMA", bytes(3)));
  said.clear();
  // [shown]
  png::row_reader rows = png::decoder{png::memory_source{file}}.start();
  while (rows.next()) {
  }
  for (const png::warning& warning : rows.warnings())
    log(warning.chunk + " at byte " + std::to_string(warning.offset) + ": " + warning.message);
  // [end]
  REQUIRE_FALSE(said.empty());
  CHECK(said[0].starts_with("gAMA at byte "));
}

// With the last byte of the CRC of each such chunk changed.
bytes with_wrong_crc(bytes file, std::string_view chunk) {
  for (const png::test::chunk_place& place : png::test::chunks_of(file))
    if (place.type == chunk) file[place.end - 1] ^= std::byte{1};
  return file;
}

TEST_CASE("docs: strict and lenient") {
  // [shown]
  const png::decoder_options strict{.ancillary_crc = png::crc_action::error,
                                    .benign_errors_are_warnings = false};
  const png::decoder_options lenient{.critical_crc = png::crc_action::warn_use,
                                     .ancillary_crc = png::crc_action::warn_use};
  // [end]
  const bytes good = png::encode(noise(), {.metadata = {.gamma = 45455}});
  const auto reads = [&](std::string_view wrong, const png::decoder_options& options) {
    const bytes file = with_wrong_crc(good, wrong);
    return gauntlet::attempt([&] {
             return png::decoder{png::memory_source{file}, options}.read_image();
           })
        .has_value();
  };
  CHECK(reads("gAMA", {}));
  CHECK_FALSE(reads("gAMA", strict));
  CHECK_FALSE(reads("IDAT", {}));
  CHECK(reads("IDAT", lenient));
}

TEST_CASE("docs: stopping from another thread") {
  const in_folder here;
  png::encode_file("in.png", noise());
  std::string outcome;
  // [shown]
  gauntlet::stop_source stop;
  std::thread button{[&] { stop.request_stop(); }};
  button.join();
  try {
    png::decoder{png::file_source{"in.png"}, {.stop = stop.get_token()}}.read_image();
  } catch (const png::error& problem) {
    if (problem.code() == std::errc::operation_canceled) outcome = "stopped";
  }
  // [end]
  CHECK(outcome == "stopped");
}

TEST_CASE("docs: memory from elsewhere") {
  const in_folder here;
  png::encode_file("in.png", noise());
  // [shown]
  std::pmr::monotonic_buffer_resource arena{256 * 1024};  // gone at once, when all is done
  png::decoder decoder{png::file_source{"in.png"}, {.memory = &arena}};
  // [end]
  CHECK(decoder.memory_in_use() > 0);
}

TEST_CASE("docs: the raw library") {
  const in_folder here;
  png::encode_file("in.png", noise());
  // [shown]
  png::decoder decoder{png::file_source{"in.png"}};
  int compression = -1;
  decoder.protect([&](png_struct_def* raw, png_info_def* info) {  // libpng may fail in here, and jump
    compression = png_get_compression_type(raw, info);            // this needs #include <png.h>
  });
  // [end]
  CHECK(compression == PNG_COMPRESSION_TYPE_BASE);
}

TEST_CASE("docs: errors") {
  const in_folder here;
  said.clear();
  // [shown]
  try {
    png::decode(png::file_source{"missing.png"});
  } catch (const png::error& problem) {
    if (problem.code() == std::errc::no_such_file_or_directory) log(problem.subject());
  }

  const auto picture =
      gauntlet::attempt<png::error>([] { return png::decode(std::span<const std::byte>{}); });
  if (!picture && picture.error().code() == png::errc::empty) log(picture.error().operation());
  // [end]
  CHECK(said == std::vector<std::string>{"missing.png", "read header"});
}

}  // namespace
