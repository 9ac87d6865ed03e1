#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

errc code_of_decoding(const bytes& file) {
  const outcome result = try_to_decode(file);
  REQUIRE_FALSE(result.ok);
  REQUIRE(result.code.category() == png_category());
  return static_cast<errc>(result.code.value());
}

// ---- cut off

// Every length, down to nothing. libpng needs IEND as well: without it the file is not whole, even where all
// pixels are there.
void check_every_length(const bytes& file) {
  for (std::size_t length = 1; length < file.size(); ++length) {
    INFO("the first " << length << " of " << file.size() << " bytes");
    const bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length));
    const error failure = thrown_by<error>([&] { return decode(cut); });
    CHECK(failure.code() == errc::truncated);
    CHECK(failure.offset() == length);
  }
  CHECK(code_of_decoding({}) == errc::empty);
  CHECK(try_to_decode(file).ok);
}

TEST_CASE("a file cut off anywhere is an error that says at which byte it ends") {
  check_every_length(read_file(std::filesystem::path(GAUNTLET_CORPUS) / "pngsuite/basn3p04.png"));
}

TEST_CASE("an interlaced file cut off anywhere is an error that says at which byte it ends") {
  check_every_length(read_file(std::filesystem::path(GAUNTLET_CORPUS) / "pngsuite/ibasn0g08.png"));
}

TEST_CASE("a file cut off in memory and one cut off on disk end in the same error") {
  const temporary_folder folder;
  bytes file = encode(make_picture({color_type::rgb, 8}, 10, 10));
  file.resize(file.size() / 2);
  write_file(folder / "cut.png", file);
  CHECK(thrown_by<error>([&] { return decode(file_source(folder / "cut.png")); }).code() == errc::truncated);
  CHECK(code_of_decoding(file) == errc::truncated);
}

TEST_CASE("the rows before the cut are given out") {
  const bytes file = encode(make_picture({color_type::rgb, 8}, 100, 100), {.level = 0});
  const bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(file.size() / 2));
  row_reader rows = decoder{memory_source(cut)}.start();
  std::uint32_t given = 0;
  const error failure = thrown_by<error>([&] {
    while (rows.next()) ++given;
    return 0;
  });
  CHECK(failure.code() == errc::truncated);
  CHECK(given > 20);
  CHECK(failure.row() == given);
}

// ---- damaged

// Whatever byte is damaged: a value or an error of ours, and what plain libpng makes of it.
int errors_after_damage(const bytes& file, std::byte mask) {
  int errors = 0;
  for (std::size_t at = 0; at < file.size(); ++at) {
    INFO("byte " << at << " of " << file.size());
    bytes damaged = file;
    damaged[at] ^= mask;
    const outcome ours = try_to_decode(damaged);
    CHECK(ours.ok == (reference(damaged)->failed == 0));
    errors += ours.ok ? 0 : 1;
  }
  return errors;
}

TEST_CASE("a file with any one byte damaged is an error or a value, as for plain libpng") {
  const bytes file = read_file(std::filesystem::path(GAUNTLET_CORPUS) / "pngsuite/basn3p02.png");
  for (const unsigned mask : {0x01U, 0x80U, 0xFFU}) {
    const int errors = errors_after_damage(file, static_cast<std::byte>(mask));
    CHECK(errors > static_cast<int>(file.size()) / 2);  // each chunk has a CRC
  }
}

TEST_CASE("an interlaced file with any one byte damaged is an error or a value, as for plain libpng") {
  const bytes file = encode(make_picture({color_type::gray_alpha, 8}, 9, 9), {.interlaced = true});
  CHECK(errors_after_damage(file, std::byte{0x10}) > static_cast<int>(file.size()) / 2);
}

// With the CRC mended, the damage reaches zlib, the filters and the handlers of chunks.
TEST_CASE("damage below an intact CRC is an error or a value, as for plain libpng") {
  metadata full{.texts = {{.key = "Title", .value = std::string(200, 'x'), .compressed = true}},
                .gamma = 45455,
                .srgb = {},
                .physical = physical{.x = 1, .y = 2, .per_metre = true},
                .modified = time{.year = 2000, .month = 2, .day = 3}};
  const bytes file = encode(make_picture({color_type::palette, 4}, 9, 9), {.metadata = full});
  int errors = 0;
  for (const chunk_place& place : chunks_of(file))
    for (std::size_t at = place.begin + 8; at + 4 < place.end; ++at) {
      INFO(place.type << ", byte " << at);
      bytes data(file.begin() + static_cast<std::ptrdiff_t>(place.begin + 8),
                 file.begin() + static_cast<std::ptrdiff_t>(place.end - 4));
      data[at - place.begin - 8] ^= std::byte{0xFF};
      const bytes damaged = joined({{file.begin(), file.begin() + static_cast<std::ptrdiff_t>(place.begin)},
                                    chunk(place.type, data),
                                    {file.begin() + static_cast<std::ptrdiff_t>(place.end), file.end()}});
      const outcome ours = try_to_decode(damaged);
      CHECK(ours.ok == (reference(damaged)->failed == 0));
      errors += ours.ok ? 0 : 1;
    }
  CHECK(errors > 10);
}

// That of IEND libpng 1.6.48 lets pass.
TEST_CASE("a wrong CRC in a chunk with the image is corruption") {
  const bytes file = tiny_file();
  for (const chunk_place& place : chunks_of(file)) {
    if (place.type == "IEND") continue;
    INFO(place.type);
    bytes damaged = file;
    damaged[place.end - 1] ^= std::byte{1};
    const outcome ours = try_to_decode(damaged);
    CHECK_FALSE(ours.ok);
    CHECK(ours.code == errc::corrupted);
    CHECK(ours.message.contains("CRC"));
  }
}

TEST_CASE("chunks in an impossible order are corruption") {
  const bytes rows(6, std::byte{0});
  const auto is_corrupted = [](const bytes& file) { return code_of_decoding(file) == errc::corrupted; };
  CHECK(is_corrupted(joined({signature(), idat(rows), iend()})));                    // no IHDR
  CHECK(is_corrupted(joined({signature(), ihdr(2, 2, 8, 0), iend()})));              // no IDAT
  CHECK(is_corrupted(joined({signature(), ihdr(2, 2, 8, 3), idat(rows), iend()})));  // no PLTE
  CHECK(is_corrupted(joined({signature(), ihdr(2, 2, 8, 0), ihdr(2, 2, 8, 0), idat(rows)})));
  CHECK(is_corrupted(joined({signature(), ihdr(2, 2, 8, 0), chunk("QQQQ", {}), idat(rows), iend()})));
}

TEST_CASE("headers that PNG does not have are corruption") {
  const bytes rows(6, std::byte{0});
  const auto with = [&](const bytes& header) { return joined({signature(), header, idat(rows), iend()}); };
  CHECK(code_of_decoding(with(ihdr(0, 2, 8, 0))) == errc::corrupted);
  CHECK(code_of_decoding(with(ihdr(2, 0, 8, 0))) == errc::corrupted);
  CHECK(code_of_decoding(with(ihdr(2, 2, 3, 0))) == errc::corrupted);
  CHECK(code_of_decoding(with(ihdr(2, 2, 8, 1))) == errc::corrupted);
  CHECK(code_of_decoding(with(ihdr(2, 2, 16, 3))) == errc::corrupted);
  CHECK(code_of_decoding(with(ihdr(2, 2, 4, 6))) == errc::corrupted);
  CHECK(code_of_decoding(with(ihdr(2, 2, 8, 0, 2))) == errc::corrupted);
  CHECK(code_of_decoding(with(ihdr(0x80000000U, 2, 8, 0))) == errc::corrupted);
}

TEST_CASE("an image with too few rows in its data is corruption") {
  const bytes one_row{std::byte{0}, std::byte{10}, std::byte{20}};
  CHECK(code_of_decoding(joined({signature(), ihdr(2, 2, 8, 0), idat(one_row), iend()})) == errc::corrupted);
}

// ---- something else

TEST_CASE("what is not a PNG is told from what is cut off, and by its first bytes") {
  const auto told = [](std::string_view content) {
    const error failure = thrown_by<error>([&] { return decode(to_bytes(content)); });
    CHECK(failure.code() == errc::not_a_png);
    return std::string(failure.what());
  };
  CHECK(told("GIF89a......").contains("it begins with 47 49 46 38,"));
  CHECK(told("plain text, longer than a signature").contains("it begins with 70 6C 61 69,"));
  CHECK(told("7 bytes").contains("it begins with 37 20 62 79,"));
  CHECK(told("x").contains("it begins with 78,"));
  told(std::string(100, '\0'));
  told("\x89PNG\n\x1a\n and more");  // a line end that a text transfer has changed
  CHECK(code_of_decoding(to_bytes("\x89PNG\r\n\x1a")) == errc::truncated);  // the 7 that are there fit
}

TEST_CASE("nothing at all is an empty file") {
  CHECK(code_of_decoding({}) == errc::empty);
  const temporary_folder folder;
  write_file(folder / "empty.png", {});
  const error failure = thrown_by<error>([&] { return decode(file_source(folder / "empty.png")); });
  CHECK(failure.code() == errc::empty);
  CHECK(std::string(failure.what()).contains("empty.png"));
}

// ---- files that cannot be read

std::error_code code_of_opening(const std::filesystem::path& path) {
  const error failure = thrown_by<error>([&] { return file_source(path); });
  CHECK(failure.subject() == path.string());
  CHECK(failure.operation() == "open");
  CHECK(std::string(failure.what()).starts_with(path.string() + ": open: "));
  return failure.code();
}

TEST_CASE("a file that is not there, a folder, and a path through a file are errors of the system") {
  const temporary_folder folder;
  write_file(folder / "file", {});
  CHECK(code_of_opening(folder / "missing.png") == std::errc::no_such_file_or_directory);
  CHECK(code_of_opening(folder.path()) == std::errc::is_a_directory);
  CHECK(code_of_opening(folder / "file/below.png") == std::errc::not_a_directory);
  CHECK(code_of_opening(folder / std::string(300, 'n')) == std::errc::filename_too_long);
}

TEST_CASE("a link that leads to itself is an error of the system") {
  const temporary_folder folder;
  std::filesystem::create_symlink(folder / "circle", folder / "circle");
  CHECK(code_of_opening(folder / "circle") == std::errc::too_many_symbolic_link_levels);
}

TEST_CASE("a file without permission to read is an error of the system") {
  const temporary_folder folder;
  write_file(folder / "secret.png", tiny_file());
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(chmod((folder / "secret.png").c_str(), 0) == 0);
  const without_privileges dropped;
  if (!dropped) SKIP("root may read everything, and here it cannot become anyone else");
  CHECK(code_of_opening(folder / "secret.png") == std::errc::permission_denied);
}

TEST_CASE("a read that the system refuses is an error that names the file") {
  // It can be opened by anyone, but its first page is not mapped.
  const error failure = thrown_by<error>([] { return decode(file_source("/proc/self/mem")); });
  CHECK(failure.code() == std::errc::io_error);
  CHECK(failure.operation() == "read");
  CHECK(failure.subject() == "/proc/self/mem");
}

}  // namespace
}  // namespace gauntlet::png::test
