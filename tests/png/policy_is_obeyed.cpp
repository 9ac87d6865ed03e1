#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

struct reading {
  image picture;
  metadata found;
  std::vector<warning> warnings;
};

reading read(const bytes& file, const decoder_options& options = {}) {
  row_reader rows = decoder(memory_source(file), options).start();
  image picture(rows.header(), rows.colors());
  rows.read_all_into(picture.pixels());
  return {std::move(picture), rows.metadata(), {rows.warnings().begin(), rows.warnings().end()}};
}

std::error_code code_of(const bytes& file, const decoder_options& options = {}) {
  return thrown_by<error>([&] { return read(file, options); }).code();
}

bytes text_chunk() { return chunk("tEXt", joined({to_bytes("Key"), bytes(1), to_bytes("value")})); }

// The CRC of the first chunk of this type is wrong.
bytes with_bad_crc(bytes file, std::string_view type) {
  for (const chunk_place& place : chunks_of(file))
    if (place.type == type) {
      file[place.end - 1] ^= std::byte{0xFF};
      return file;
    }
  throw std::logic_error("no such chunk");
}

TEST_CASE("an ancillary chunk with a bad checksum is left out, refused or used, as is asked for") {
  const bytes file = with_bad_crc(tiny_file(text_chunk()), "tEXt");
  const auto with = [&](crc_action action) { return read(file, {.ancillary_crc = action}); };
  for (const crc_action action : {crc_action::standard, crc_action::warn_discard}) {
    CHECK(with(action).found.texts.empty());
    REQUIRE(with(action).warnings.size() == 1);
    CHECK(with(action).warnings[0].severity == severity::metadata);
    CHECK(with(action).warnings[0].chunk == "tEXt");
    CHECK(with(action).warnings[0].message.contains("CRC"));
  }
  CHECK(with(crc_action::warn_use).warnings.size() == 1);  // and libpng leaves it out, whatever the name says
  CHECK(with(crc_action::quiet_use).found.texts.size() == 1);
  CHECK(with(crc_action::quiet_use).warnings.empty());
  CHECK(code_of(file, {.ancillary_crc = crc_action::error}) == errc::corrupted);
}

TEST_CASE("a critical chunk with a bad checksum is refused or used, as is asked for") {
  for (const char* type : {"IHDR", "IDAT"}) {
    INFO(type);
    const bytes file = with_bad_crc(tiny_file(), type);
    const auto with = [&](crc_action action) { return read(file, {.critical_crc = action}); };
    CHECK(code_of(file) == errc::corrupted);
    CHECK(code_of(file, {.critical_crc = crc_action::error}) == errc::corrupted);
    CHECK(code_of(file, {.ancillary_crc = crc_action::quiet_use}) == errc::corrupted);
    CHECK(same_pixels(with(crc_action::quiet_use).picture, decode(tiny_file())));
    CHECK(with(crc_action::quiet_use).warnings.empty());
    REQUIRE(with(crc_action::warn_use).warnings.size() == 1);
    CHECK(with(crc_action::warn_use).warnings[0].severity == severity::image);
    CHECK(with(crc_action::warn_use).warnings[0].chunk == type);
  }
}

TEST_CASE("actions that there are not for a bad checksum are refused") {
  const auto refusal = [](const decoder_options& options) {
    return std::string(thrown_by<misuse>([&] { return read(tiny_file(), options); }).what());
  };
  const std::string advice = "there is no such CRC action for these chunks";
  CHECK(refusal({.critical_crc = crc_action::warn_discard}).contains(advice));
  CHECK(refusal({.critical_crc = static_cast<crc_action>(5)}).contains(advice));
  CHECK(refusal({.ancillary_crc = static_cast<crc_action>(5)}).contains(advice));
}

// The image's data ends with a wrong Adler-32, below an intact CRC.
bytes file_with_bad_adler() {
  bytes data = deflated(bytes(6));
  data.back() ^= std::byte{1};
  return joined({signature(), ihdr(2, 2, 8, 0), chunk("IDAT", data), iend()});
}

TEST_CASE("a bad Adler-32 is not looked at if that is asked for, where libpng can") {
  const bytes file = file_with_bad_adler();
  const auto usual = attempt<error>([&] { return read(file); });
  CHECK((!usual || !usual->warnings.empty()));
  const auto ignored = attempt<error>([&] { return read(file, {.ignore_adler32 = true}); });
  if (ignored) {
    CHECK(ignored->warnings.empty());
    CHECK(ignored->picture.pixels().size() == 4);
  } else {
    INFO(ignored.error().what());
    CHECK(ignored.error().code() == errc::unsupported);
  }
}

TEST_CASE("what libpng can go on after is a warning or an error, as is asked for, reading") {
  const bytes file = tiny_file(chunk("tIME", bytes(3)));
  CHECK(read(file).warnings.size() == 1);
  const error failure = thrown_by<error>([&] { return read(file, {.benign_errors_are_warnings = false}); });
  CHECK(failure.code() == errc::corrupted);
  CHECK(failure.chunk() == "tIME");
}

// Two colours, and an index that is neither.
image beyond_palette() {
  image picture(header_of(3, 1, color_type::palette, 8),
                {.palette = {{1, 2, 3}, {4, 5, 6}}, .alpha = {}, .transparent = {}});
  picture.row(0)[0] = std::byte{1};
  picture.row(0)[1] = std::byte{5};
  picture.row(0)[2] = std::byte{0};
  return picture;
}

TEST_CASE("what libpng can go on after is a warning or an error, as is asked for, writing") {
  const image picture = beyond_palette();
  CHECK(thrown_by<error>([&] { return encode(picture); }).code() == errc::invalid_image);
  CHECK(thrown_by<error>([&] { return encode(picture, {.benign_errors_are_warnings = true}); }).code() ==
        errc::invalid_image);  // which are errors themselves
  encoder to{memory_sink{},
             picture.header(),
             {.warnings_are_errors = false, .benign_errors_are_warnings = true},
             picture.colors()};
  to.write_row(picture.row(0));
  const bytes file = std::move(to).finish().take();
  REQUIRE(to.warnings().size() == 1);  // NOLINT(bugprone-use-after-move): finish() takes only the sink
  CHECK(to.warnings()[0].message.contains("palette index"));
  CHECK(same_pixels(decode(file), picture));
}

TEST_CASE("an index beyond the palette is warned of at the end, and found, unless nobody looks") {
  const bytes file =
      encode(beyond_palette(), {.warnings_are_errors = false, .benign_errors_are_warnings = true});
  const image whole = decode(file);
  // libpng looks only where rows are transformed. bgr leaves indices as they are.
  row_reader looking = decoder{memory_source(file)}.start(transform::bgr);
  CHECK(same_bytes(looking.next().value(), whole.row(0)));
  CHECK(looking.highest_index() == 5);
  CHECK_FALSE(looking.next().has_value());
  REQUIRE(looking.warnings().size() == 1);
  CHECK(looking.warnings()[0].message.contains("palette index"));

  row_reader blind = decoder(memory_source(file), {.check_for_invalid_index = false}).start(transform::bgr);
  CHECK(same_bytes(blind.next().value(), whole.row(0)));
  CHECK_FALSE(blind.highest_index().has_value());
  CHECK_FALSE(blind.next().has_value());
  CHECK(blind.warnings().empty());
}

TEST_CASE("an empty palette is refused, or taken as MNG has it") {
  const bytes pixels{std::byte{0}, std::byte{3}, std::byte{255}};
  const bytes file = joined({signature(), ihdr(2, 1, 8, 3), chunk("PLTE", {}), idat(pixels), iend()});
  CHECK(code_of(file) == errc::corrupted);
  const reading taken = read(file, {.allow_mng_features = true});
  CHECK(taken.picture.colors().palette.empty());
  CHECK(taken.picture.row(0)[1] == std::byte{255});
  row_reader expanded = decoder(memory_source(file), {.allow_mng_features = true}).start(transform::expand);
  CHECK(expanded.next().value().size() == 6);  // whatever colours these are

  image picture(header_of(2, 1, color_type::palette, 8));
  picture.row(0)[0] = picture.row(0)[1] = std::byte{0};
  CHECK_THROWS_AS(encode(picture), misuse);
  // In MNG there is no signature of PNG; where it is written, libpng does not take the empty palette. Any
  // index is beyond it, which newer versions say.
  encode_options embedded{.warnings_are_errors = false, .benign_errors_are_warnings = true};
  embedded.allow_mng_features = true;
  CHECK_THROWS_AS(encode(picture, {.allow_mng_features = true}), error);
  embedded.signature_bytes = 8;
  const bytes written = encode(picture, embedded);
  CHECK(code_of(written, {.signature_bytes = 8}) == errc::corrupted);
  CHECK(same_pixels(read(written, {.signature_bytes = 8, .allow_mng_features = true}).picture, picture));
}

// Two equal rows of noise, so that the second is 1001 bytes back, and a header that claims 256 at the most.
bytes with_small_window() {
  const image noise = make_picture({color_type::gray, 8}, 1000, 1);
  bytes rows(1);
  rows.insert(rows.end(), noise.pixels().begin(), noise.pixels().end());
  bytes data = deflated(joined({rows, rows}));
  data[0] = std::byte{0x08};
  data[1] = std::byte{0x1D};  // 0x081D is a multiple of 31
  return joined({signature(), ihdr(1000, 2, 8, 0), chunk("IDAT", data), iend()});
}

TEST_CASE("a window that is claimed too small is refused, or taken as large as it can be") {
  const bytes file = with_small_window();
  CHECK(code_of(file) == errc::corrupted);
  const reading opened = read(file, {.maximum_inflate_window = true});
  CHECK(same_bytes(opened.picture.row(0), opened.picture.row(1)));
  CHECK(same_bytes(opened.picture.row(0), make_picture({color_type::gray, 8}, 1000, 1).row(0)));
}

TEST_CASE("files decode the same without the check of profiles, and with any buffer") {
  const image picture = make_picture({color_type::rgb, 8}, 30, 20);
  const bytes file = encode(picture);
  CHECK(same_pixels(read(file, {.skip_srgb_profile_check = true}).picture, picture));
  for (const std::size_t size : {std::size_t{6}, std::size_t{100}, std::size_t{1} << 20})
    CHECK(same_pixels(read(file, {.buffer_size = size}).picture, picture));
  const misuse told = thrown_by<misuse>([&] { return read(file, {.buffer_size = 5}); });
  CHECK(std::string(told.what()).contains("a buffer for compressed data has 6 bytes to 2 GiB"));
}

TEST_CASE("a warning says whether it is about the image, about metadata, or that a chunk was left out") {
  const bytes large = chunk("tEXt", joined({to_bytes("Key"), bytes(1), bytes(500, std::byte{'x'})}));
  const bytes too_much = idat(bytes(60));
  const bytes file =
      joined({signature(), ihdr(2, 2, 8, 0), chunk("tIME", bytes(3)), large, too_much, iend()});
  const reading found = read(file, {.limits = {.max_chunk_bytes = 400}});
  REQUIRE(found.warnings.size() == 3);
  CHECK(found.warnings[0].severity == severity::metadata);
  CHECK(found.warnings[1].severity == severity::skipped);
  CHECK(found.warnings[2].severity == severity::image);
}

TEST_CASE("a warning and an error name the pass that they came in") {
  const image picture = make_picture({color_type::rgb, 8}, 9, 9);
  const bytes file = encode(picture, {.level = 0, .interlaced = true, .buffer_size = 50});
  const transforms looking{.rgb_to_gray = gray_conversion{.action = gray_conversion::on_color::warn}};
  row_reader rows = decoder{memory_source(file)}.start(looking);
  static_cast<void>(rows.next());
  std::vector<int> seen;
  for (const warning& one : rows.warnings()) seen.push_back(one.pass.value());
  CHECK(std::ranges::is_sorted(seen));
  CHECK(seen.front() == 0);
  CHECK(seen.back() == 6);
  CHECK_FALSE(read(tiny_file(chunk("tIME", bytes(3)))).warnings[0].pass.has_value());

  const bytes cut(file.begin(), file.end() - 100);
  row_reader failing = decoder{memory_source(cut)}.start();
  CHECK(thrown_by<error>([&] { return failing.next(); }).pass() == 6);
}

}  // namespace
}  // namespace gauntlet::png::test
