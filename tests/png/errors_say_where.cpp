#include <catch2/catch_test_macros.hpp>
#include <source_location>
#include <string>
#include <type_traits>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

bytes damaged(bytes file, std::size_t at) {
  file[at] ^= std::byte{0xFF};
  return file;
}

// A chunk behind the image that libpng does not know, and may not ignore: its first letter is a capital.
bytes file_with_bad_end() { return tiny_file({}, chunk("QQQQ", {})); }

TEST_CASE("an error names the file, what was being done, the chunk, the byte and the caller") {
  const temporary_folder folder;
  const bytes file = tiny_file();
  const chunk_place header = chunks_of(file)[0];
  write_file(folder / "in.png", damaged(file, header.end - 1));

  const auto here = std::source_location::current();
  const error failure = thrown_by<error>([&] { return decode(file_source(folder / "in.png")); });
  CHECK(failure.code() == errc::corrupted);
  CHECK(failure.subject() == (folder / "in.png").string());
  CHECK(failure.operation() == "read header");
  CHECK(failure.chunk() == "IHDR");
  CHECK(failure.offset() == header.end);
  CHECK_FALSE(failure.row().has_value());
  CHECK(failure.where().line() == here.line() + 1);
  CHECK(failure.where().file_name() == std::string(here.file_name()));
  const std::string what = failure.what();
  CHECK(what.starts_with((folder / "in.png").string() + ": read header: the file is corrupted: "));
  CHECK(what.contains("(chunk IHDR, at byte " + std::to_string(header.end) + ')'));
  CHECK(what.ends_with("errors_say_where.cpp:" + std::to_string(here.line() + 1)));
}

TEST_CASE("an error in the pixels names the row") {
  // Stored, so that each row stands where it can be counted; the filter byte of the third row is impossible.
  const bytes rows{std::byte{0}, std::byte{1}, std::byte{0}, std::byte{2}, std::byte{99}, std::byte{3}};
  const bytes file = joined({signature(), ihdr(1, 3, 8, 0), idat(rows), iend()});
  const error failure = thrown_by<error>([&] { return decode(file); });
  CHECK(failure.code() == errc::corrupted);
  CHECK(failure.operation() == "read rows");
  CHECK(failure.chunk() == "IDAT");
  CHECK(failure.row() == 2U);
  CHECK(std::string(failure.what()).contains("chunk IDAT, row 2, at byte "));
}

TEST_CASE("an error behind the image is one of its end and has no row") {
  const error failure = thrown_by<error>([] { return decode(file_with_bad_end()); });
  CHECK(failure.operation() == "read end");
  CHECK(failure.chunk() == "QQQQ");
  CHECK_FALSE(failure.row().has_value());
}

TEST_CASE("an error before the first chunk names none") {
  const error failure = thrown_by<error>([] { return decode(to_bytes("GIF89a......")); });
  CHECK(failure.chunk().empty());
  CHECK(failure.offset() == 8);
  CHECK(std::string(failure.what()).contains("(at byte 8)"));
}

TEST_CASE("the message does not say the chunk twice") {
  const error failure = thrown_by<error>([] { return decode(file_with_bad_end()); });
  CHECK_FALSE(std::string(failure.what()).contains("QQQQ: "));
}

TEST_CASE("png errors compare with std::errc where there is a common meaning") {
  for (const errc code : {errc::empty, errc::not_a_png, errc::truncated, errc::corrupted})
    CHECK(make_error_code(code) == std::errc::illegal_byte_sequence);
  CHECK(make_error_code(errc::limit_exceeded) == std::errc::value_too_large);
  CHECK(make_error_code(errc::invalid_image) == std::errc::invalid_argument);
  CHECK(make_error_code(errc::incompatible_library) == std::errc::not_supported);
  CHECK(make_error_code(errc::limit_exceeded) != std::errc::illegal_byte_sequence);
}

TEST_CASE("every code has a message of its own, and an unknown one has one too") {
  std::vector<std::string> messages;
  for (int code = 1; code <= static_cast<int>(errc::unsupported) + 1; ++code)
    messages.push_back(png_category().message(code));
  for (std::size_t i = 0; i < messages.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK(messages[i] != messages[j]);
  CHECK(messages.back() == "unknown error");
  CHECK(std::string(png_category().name()) == "png");
  CHECK(std::error_code(1000, png_category()) != std::errc::invalid_argument);
}

TEST_CASE("a png error is a gauntlet error and a std::system_error, and copies without throwing") {
  STATIC_REQUIRE(std::is_base_of_v<gauntlet::error, error>);
  STATIC_REQUIRE(std::is_base_of_v<std::system_error, error>);
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<error>);
}

TEST_CASE("attempt hands a png error back with its facts") {
  const auto result = attempt<error>([] { return decode(file_with_bad_end()); });
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().chunk() == "QQQQ");
}

TEST_CASE("an error of the system keeps the system's code") {
  const error failure = thrown_by<error>([] { return file_source("/no such folder/in.png"); });
  CHECK(failure.code() == std::errc::no_such_file_or_directory);
  CHECK(failure.chunk().empty());
}

}  // namespace
}  // namespace gauntlet::png::test
