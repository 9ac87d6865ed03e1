#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "push_support.hpp"

namespace gauntlet::png::test {
namespace {

void check_every_length(const bytes& file) {
  for (std::size_t length = 0; length < file.size(); ++length) {
    INFO("the first " << length << " of " << file.size() << " bytes");
    const bytes part = cut(file, length);
    const std::error_code expected = try_to_decode(part).code;
    CHECK(push_file(part, whole()).code == expected);
    CHECK(ask_file(part, bytewise()).code == expected);
    CHECK(expected == (length == 0 ? errc::empty : errc::truncated));
  }
  CHECK(!push_file(file).code);
}

TEST_CASE("pushed, a file cut off anywhere ends in the error of one that is pulled") {
  check_every_length(small_file({color_type::rgb, 8}, false));
  check_every_length(small_file({color_type::gray_alpha, 16}, true));
  check_every_length(small_file({color_type::palette, 2}, true));
}

void check_damage(const bytes& file, std::byte mask) {
  for (std::size_t at = 0; at < file.size(); ++at) {
    INFO("byte " << at << " of " << file.size());
    bytes damaged = file;
    damaged[at] ^= mask;
    const reading pulled = pull_file(damaged);
    check_same(push_file(damaged, whole()), pulled);
    check_same(ask_file(damaged, bytewise()), pulled);
  }
}

TEST_CASE("pushed, a file with any one byte damaged is what it is pulled") {
  check_damage(small_file({color_type::rgb, 8}, false), std::byte{0x01});
  check_damage(small_file({color_type::gray, 16}, true), std::byte{0x80});
  check_damage(small_file({color_type::palette, 4}, false), std::byte{0xFF});
}

// With its CRC mended, damage reaches zlib, the filters and the handlers of chunks.
TEST_CASE("pushed, damage below an intact CRC is what it is pulled") {
  for (const bool interlaced : {false, true}) {
    const bytes file = small_file({color_type::gray_alpha, 8}, interlaced);
    for (const chunk_place& place : chunks_of(file))
      for (std::size_t at = place.begin + 8; at + 4 < place.end; ++at) {
        INFO(place.type << ", byte " << at);
        bytes data(file.begin() + static_cast<std::ptrdiff_t>(place.begin + 8),
                   file.begin() + static_cast<std::ptrdiff_t>(place.end - 4));
        data[at - place.begin - 8] ^= std::byte{0x11};
        const bytes damaged = joined({cut(file, place.begin),
                                      chunk(place.type, data),
                                      {file.begin() + static_cast<std::ptrdiff_t>(place.end), file.end()}});
        const reading pulled = pull_file(damaged);
        check_same(push_file(damaged, whole()), pulled);
        check_same(push_file(damaged, bytewise()), pulled);
      }
  }
}

// ---- chunks in an order that PNG does not have

const bytes two_rows{std::byte{0}, std::byte{10}, std::byte{20}, std::byte{0}, std::byte{30}, std::byte{40}};

void check_as_pulled(const bytes& file, const decoder_options& options = {}) {
  const reading pulled = pull_file(file, as_they_are, options);
  check_same(push_file(file, whole(), as_they_are, options), pulled);
  check_same(push_file(file, bytewise(), as_they_are, options), pulled);
  check_same(ask_file(file, random_slices(3, 20), as_they_are, options), pulled);
}

TEST_CASE("pushed, chunks in an impossible order are what they are pulled") {
  const bytes head = joined({signature(), ihdr(2, 2, 8, 0)});
  check_as_pulled(joined({signature(), idat(two_rows), iend()}));
  check_as_pulled(joined({head, iend()}));
  check_as_pulled(joined({signature(), ihdr(2, 2, 8, 3), idat(two_rows), iend()}));
  check_as_pulled(joined({head, ihdr(2, 2, 8, 0), idat(two_rows), iend()}));
  check_as_pulled(joined({head, chunk("QQQQ", {}), idat(two_rows), iend()}));
  check_as_pulled(joined({head, idat(two_rows), ihdr(2, 2, 8, 0), iend()}));
  check_as_pulled(joined({head, idat(two_rows), iend(), iend(), idat(two_rows)}));
  check_as_pulled(joined({head, idat(two_rows), chunk("IDAT", {}), iend()}));
  check_as_pulled(joined({head, chunk("IDAT", {}), chunk("IDAT", {}), idat(two_rows), iend()}));
}

TEST_CASE("pushed, an image that goes on behind another chunk is told once, with a warning") {
  const bytes file = joined({signature(), ihdr(2, 2, 8, 0), idat(two_rows), chunk("tIME", bytes(3)),
                             idat(two_rows), chunk("IDAT", {}), iend()});
  const reading pulled = pull_file(file);
  REQUIRE(!pulled.code);
  for (const reading& pushed : {push_file(file, whole()), push_file(file, bytewise())}) {
    CHECK(!pushed.code);
    CHECK(pushed.events == "hrre");
    CHECK(same_bytes(pushed.pixels, pulled.pixels));
    CHECK(pushed.bytes_read == file.size());
    CHECK(pushed.warnings.size() >= 2);  // libpng words and counts them otherwise than where it pulls
  }
}

TEST_CASE("pushed, an image with too few rows in its data is corruption, at the next chunk") {
  const bytes one_row = cut(two_rows, 3);
  const bytes head = joined({signature(), ihdr(2, 2, 8, 0), idat(one_row)});
  check_as_pulled(joined({head, iend()}));
  check_as_pulled(joined({head, big_endian(100), to_bytes("tEXt")}));  // and cut off there
  CHECK(push_file(joined({head, big_endian(100), to_bytes("tEXt")})).code == errc::corrupted);
  CHECK(push_file(head).code == errc::truncated);
}

TEST_CASE("pushed, extra data behind the image is one warning, or an error, as where it is pulled") {
  const bytes head = joined({signature(), ihdr(2, 2, 8, 0)});
  const bytes rows_and_more = idat(joined({two_rows, bytes(1000)}));
  const bytes stream_and_more = chunk("IDAT", joined({deflated(two_rows), bytes(1000)}));
  for (const bytes& image : {rows_and_more, stream_and_more})
    for (const bool are_warnings : {true, false}) {
      const bytes file = joined({head, image, iend()});
      check_as_pulled(file, {.benign_errors_are_warnings = are_warnings});
      CHECK(push_file(file).warnings.size() == 1);
    }
}

bytes with_bad_adler() {
  bytes stream = deflated(two_rows);
  stream.back() ^= std::byte{1};
  return stream;
}

TEST_CASE("pushed, a bad Adler-32 is corruption, as where it is pulled") {
  const bytes head = joined({signature(), ihdr(2, 2, 8, 0)});
  const bytes file = joined({head, chunk("IDAT", with_bad_adler()), iend()});
  CHECK(pull_file(file).code == errc::corrupted);
  check_as_pulled(file);
}

// A difference: pulled, libpng minds it only if it stands in the same chunk as the last row. Pushed, it
// cannot see the end of the chunk, so it is an error either way.
TEST_CASE("pushed, a bad Adler-32 in a chunk of its own is corruption, where pulled it is a warning") {
  const bytes stream = with_bad_adler();
  const bytes adler(stream.end() - 4, stream.end());
  const bytes file = joined({signature(), ihdr(2, 2, 8, 0), chunk("IDAT", cut(stream, stream.size() - 4)),
                             chunk("IDAT", adler), iend()});
  CHECK(!pull_file(file).code);
  CHECK(push_file(file, whole()).code == errc::corrupted);
  CHECK(push_file(file, bytewise()).code == errc::corrupted);
}

// A difference: pushed, libpng leaves the stream where extra data begins, and so never sees that it has no
// end.
TEST_CASE("pushed, a stream that breaks off in extra data is a warning, where pulled it is corruption") {
  const image noise = make_picture({color_type::gray, 8}, 100, 100);
  const bytes more(noise.pixels().begin(), noise.pixels().end());
  const bytes stream = deflated(joined({two_rows, more}));
  const bytes file =
      joined({signature(), ihdr(2, 2, 8, 0), chunk("IDAT", cut(stream, stream.size() - 100)), iend()});
  CHECK(pull_file(file).code == errc::corrupted);
  for (const slices& sizes : {whole(), bytewise()}) {
    const reading pushed = push_file(file, sizes);
    CHECK(!pushed.code);
    CHECK(pushed.events == "hrre");
    CHECK(pushed.warnings.size() == 1);
  }
}

// A difference: pulled, a chunk is judged by its header before it is read. Pushed, all of it is awaited.
TEST_CASE("pushed, a chunk out of place that is cut off is still awaited, where pulled it is corruption") {
  const bytes misplaced = chunk("IEND", bytes(13));
  const bytes file = joined({signature(), cut(misplaced, misplaced.size() - 1)});
  CHECK(pull_file(file).code == errc::corrupted);
  CHECK(push_file(file, whole()).code == errc::truncated);
  CHECK(push_file(joined({signature(), misplaced}), whole()).code == errc::corrupted);
}

TEST_CASE("pushed, what is not a PNG is told at its first wrong byte") {
  for (const std::string_view content :
       {"GIF89a......", "plain text, longer than a signature", "7 bytes", "x", "\x89PNG\n\x1a\n and more"})
    check_as_pulled(to_bytes(content));
  push_decoder push;
  push.feed(to_bytes("\x89PX"));
  CHECK(thrown_by<error>([&] { return push.next(); }).code() == errc::not_a_png);
}

TEST_CASE("pushed, a palette's bad index is warned of, unless nobody asked") {
  for (const bool check : {true, false}) {
    const bytes file =
        joined({signature(), ihdr(2, 2, 8, 3), chunk("PLTE", bytes(6)), idat(two_rows), iend()});
    const decoder_options options{.check_for_invalid_index = check};
    check_as_pulled(file, options);
    const reading pushed = push_file(file, bytewise(), as_they_are, options);
    REQUIRE(pushed.warnings.size() == (check ? 1 : 0));
    if (check) CHECK(pushed.warnings[0].severity == severity::image);
  }
}

// ---- limits

struct limit_case {
  png::limits limits;
  const char* name;
};

TEST_CASE("pushed, each limit is refused with the numbers of where it is pulled") {
  for (const bool interlaced : {false, true}) {
    const bytes file = encode(make_picture({color_type::rgb, 8}, 20, 10), {.interlaced = interlaced});
    for (const limit_case& tried : {limit_case{{.max_width = 19}, "max_width"},
                                    {{.max_height = 9}, "max_height"},
                                    {{.max_pixels = 199}, "max_pixels"},
                                    {{.max_image_bytes = 599}, "max_image_bytes"},
                                    {{.max_input_bytes = file.size() - 1}, "max_input_bytes"}}) {
      INFO(tried.name);
      const decoder_options options{.limits = tried.limits};
      const std::string message = pull_file(file, as_they_are, options).message;
      const std::string numbers =
          message.substr(message.find(tried.name), message.find(" (") - message.find(tried.name));
      REQUIRE(numbers.contains(" is "));
      for (const reading& pushed : {push_file(file, whole(), as_they_are, options),
                                    ask_file(file, bytewise(), as_they_are, options)}) {
        CHECK(pushed.code == errc::limit_exceeded);
        CHECK(pushed.message.contains(numbers));
      }
    }
    check_as_pulled(file, {.limits = {.max_width = 20,
                                      .max_height = 10,
                                      .max_pixels = 200,
                                      .max_image_bytes = 600,
                                      .max_input_bytes = file.size()}});
  }
}

TEST_CASE("pushed, rows that unpack to too much are refused with both numbers") {
  const bytes black(1'000'000);
  const bytes file = encode(
      image_view{.width = 1000, .height = 1000, .color = color_type::gray, .bit_depth = 8, .pixels = black});
  const decoder_options options{.limits = {.max_expansion = 100}};
  CHECK(pull_file(file, as_they_are, options).code == errc::limit_exceeded);
  const reading pushed = push_file(file, whole(), as_they_are, options);
  CHECK(pushed.code == errc::limit_exceeded);
  CHECK(pushed.message.contains("max_expansion is 100, found 10"));
  CHECK(!push_file(file, whole()).code);
}

// One slice brings as many events as it brings pixels; what is not counted by a limit must stay small.
TEST_CASE("pushed, an interlaced image of one colour does not fill the memory with what one slice brings") {
  const bytes black(512 / 8 * 512);
  const image_view view{
      .width = 512, .height = 512, .color = color_type::gray, .bit_depth = 1, .pixels = black};
  push_decoder push;
  push.feed(encode(view, {.interlaced = true}));
  std::size_t told = 0;
  std::size_t most = 0;
  std::uint64_t used = 0;
  while (const auto event = push.next()) {
    if (event->what == push_event::kind::header) push.start({.flags = rgba8_transforms});
    if (std::exchange(used, push.bytes_read()) != push.bytes_read()) told = 0;
    told += event->row.pixels.size();
    most = std::max(most, told);
  }
  CHECK(push.done());
  CHECK(most > 100'000);
  CHECK(most < 4'500'000);  // all its events together are more than that
}

}  // namespace
}  // namespace gauntlet::png::test
