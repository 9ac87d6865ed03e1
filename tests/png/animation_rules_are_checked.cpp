#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "animation_support.hpp"

namespace gauntlet::png::test {
namespace {

struct refusal {
  std::string chunk;
  std::string sentence;
  int frames_before = 0;
};

// What is read before the error is given out; the error says which chunk, and a byte inside of the file.
void check_refused(const bytes& file, const refusal& expected) {
  INFO(expected.sentence);
  int given = 0;
  const error failure = thrown_by<error>([&] {
    animation_decoder decoder{memory_source(file)};
    while (decoder.next()) ++given;
    return 0;
  });
  INFO(failure.what());
  CHECK(failure.code() == errc::corrupted);
  CHECK(failure.chunk() == expected.chunk);
  CHECK(std::string(failure.what()).contains(expected.sentence));
  CHECK(failure.offset() > 8);
  CHECK(failure.offset() <= file.size());
  CHECK(failure.subject() == "memory");
  CHECK(given == expected.frames_before);
}

bytes one_frame_with(const fctl_fields& fields) {
  return gray_file({actl(1), idat(gray_rows(99)), fctl(fields), fdat(1, gray_rows(10))});
}

TEST_CASE("the files that the others are made from are right") {
  CHECK(canvases_of(animation_decoder{owning_source(two_frames())}).size() == 2);
  CHECK(canvases_of(animation_decoder{owning_source(two_frames_behind_default())}).size() == 2);
  CHECK(canvases_of(animation_decoder{owning_source(one_frame_with({}))}).size() == 1);
}

// ---- acTL

TEST_CASE("a number of frames that is 0, or beyond PNG's numbers, is corruption") {
  check_refused(with_data(two_frames(), "acTL", 0, bytes(8)),
                {"acTL", "at least one frame, this one says 0"});
  const bytes too_many = joined({big_endian(0x80000000U), big_endian(0)});
  check_refused(with_data(two_frames(), "acTL", 0, too_many), {"acTL", "larger than PNG's numbers can be"});
  const bytes too_often = joined({big_endian(2), big_endian(0x80000000U)});
  check_refused(with_data(two_frames(), "acTL", 0, too_often), {"acTL", "larger than PNG's numbers can be"});
}

TEST_CASE("acTL of another size is corruption") {
  for (const std::size_t size : {0U, 7U, 9U, 100U})
    check_refused(with_data(two_frames(), "acTL", 0, bytes(size)), {"acTL", "has 8 bytes of data"});
}

TEST_CASE("a second acTL is corruption, wherever it is") {
  for (const char* type : {"fcTL", "IDAT"})
    check_refused(with_before(two_frames(), type, 0, actl(2)), {"acTL", "more than one acTL"});
  check_refused(with_before(two_frames(), "fcTL", 1, actl(2)), {"acTL", "more than one acTL", 1});
  check_refused(with_before(two_frames(), "IEND", 0, actl(2)), {"acTL", "more than one acTL", 1});
}

TEST_CASE("fewer or more frames than acTL says are corruption") {
  check_refused(with_data(two_frames(), "acTL", 0, joined({big_endian(3), big_endian(0)})),
                {"IEND", "acTL says 3 frames, but there are only 2", 2});
  check_refused(with_data(two_frames(), "acTL", 0, joined({big_endian(1), big_endian(0)})),
                {"fcTL", "acTL says 1 frames, but here is one more", 1});
  check_refused(gray_file({actl(1), idat(gray_rows(10))}),
                {"IEND", "acTL says 1 frames, but there are only 0"});
}

// ---- sequence numbers

TEST_CASE("sequence numbers that are missing, twice there or out of order are corruption") {
  const auto numbered = [](std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return gray_file({actl(2), fctl({.sequence = a}), idat(gray_rows(10)), fctl({.sequence = b}),
                      fdat(c, gray_rows(20)), fdat(d, {})});
  };
  check_refused(numbered(1, 2, 3, 4), {"fcTL", "the sequence number is 1, but it is the turn of 0"});
  check_refused(numbered(0, 0, 1, 2), {"fcTL", "the sequence number is 0, but it is the turn of 1", 1});
  check_refused(numbered(0, 2, 3, 4), {"fcTL", "the sequence number is 2, but it is the turn of 1", 1});
  check_refused(numbered(0, 1, 1, 2), {"fdAT", "the sequence number is 1, but it is the turn of 2", 1});
  check_refused(numbered(0, 1, 3, 4), {"fdAT", "the sequence number is 3, but it is the turn of 2", 1});
  check_refused(numbered(0, 1, 2, 2), {"fdAT", "the sequence number is 2, but it is the turn of 3", 1});
  check_refused(numbered(0, 1, 2, 0xFFFFFFFFU), {"fdAT", "is 4294967295, but it is the turn of 3", 1});
  check_refused(with_data(two_frames_behind_default(), "fcTL", 0, fctl_data({.sequence = 1})),
                {"fcTL", "the sequence number is 1, but it is the turn of 0"});
}

// ---- fcTL

TEST_CASE("a frame without a pixel is corruption") {
  check_refused(one_frame_with({.width = 0}), {"fcTL", "a frame has at least one pixel"});
  check_refused(one_frame_with({.height = 0}), {"fcTL", "a frame has at least one pixel"});
}

TEST_CASE("a frame that is not on the canvas is corruption, also where a sum would wrap around") {
  constexpr std::uint32_t most = 0xFFFFFFFF;
  check_refused(one_frame_with({.width = 3}),
                {"fcTL", "the frame reaches to 3 x 2, outside of the canvas of 2 x 2"});
  check_refused(one_frame_with({.height = 3}), {"fcTL", "reaches to 2 x 3, outside"});
  check_refused(one_frame_with({.x = 1}), {"fcTL", "reaches to 3 x 2, outside"});
  check_refused(one_frame_with({.y = 1}), {"fcTL", "reaches to 2 x 3, outside"});
  check_refused(one_frame_with({.x = most - 1}), {"fcTL", "reaches to 4294967296 x 2, outside"});
  check_refused(one_frame_with({.y = most}), {"fcTL", "reaches to 2 x 4294967297, outside"});
  check_refused(one_frame_with({.width = most, .x = most}), {"fcTL", "reaches to 8589934590 x 2, outside"});
}

TEST_CASE("operations that there are not are corruption") {
  for (const std::uint8_t number : {std::uint8_t{3}, std::uint8_t{255}})
    check_refused(one_frame_with({.dispose = number}),
                  {"fcTL", "there is no dispose_op " + std::to_string(number)});
  for (const std::uint8_t number : {std::uint8_t{2}, std::uint8_t{255}})
    check_refused(one_frame_with({.blend = number}),
                  {"fcTL", "there is no blend_op " + std::to_string(number)});
}

TEST_CASE("fcTL of another size is corruption") {
  for (const std::size_t size : {0U, 25U, 27U}) {
    check_refused(with_data(two_frames(), "fcTL", 0, bytes(size)),
                  {"fcTL", "an fcTL chunk has 26 bytes of data"});
    check_refused(with_data(two_frames(), "fcTL", 1, bytes(size)),
                  {"fcTL", "an fcTL chunk has 26 bytes of data", 1});
  }
}

TEST_CASE("a first frame that is the default image, but does not cover the canvas, is corruption") {
  const auto starting_with = [](const fctl_fields& fields) {
    return gray_file({actl(1), fctl(fields), idat(gray_rows(10))});
  };
  check_refused(starting_with({.width = 1}), {"fcTL", "must cover the canvas"});
  check_refused(starting_with({.height = 1}), {"fcTL", "must cover the canvas"});
  check_refused(starting_with({.width = 1, .x = 1}), {"fcTL", "must cover the canvas"});
}

TEST_CASE("a second fcTL before the image is corruption") {
  check_refused(with_before(two_frames(), "IDAT", 0, fctl({.sequence = 1})),
                {"fcTL", "more than one fcTL before the IDAT"});
}

// ---- data

TEST_CASE("fcTL that no data follow is corruption") {
  check_refused(without(two_frames(), "fdAT"), {"IEND", "frame 2 has no data", 1});
  check_refused(without(two_frames_behind_default(), "fdAT", 0), {"fcTL", "frame 1 has no data"});
}

TEST_CASE("fdAT that belongs to no frame is corruption") {
  check_refused(without(two_frames(), "fcTL", 1), {"fdAT", "follows no fcTL", 1});
  check_refused(without(two_frames_behind_default(), "fcTL", 0), {"fdAT", "follows no fcTL"});
  check_refused(with_before(two_frames(), "IDAT", 0, fdat(1, gray_rows(1))), {"fdAT", "come after the IDAT"});
  check_refused(with_before(two_frames(), "acTL", 0, fdat(1, gray_rows(1))), {"fdAT", "come after the IDAT"});
}

TEST_CASE("fdAT that is too short for its number is corruption") {
  for (const std::size_t size : {0U, 3U})
    check_refused(with_data(two_frames(), "fdAT", 0, bytes(size)),
                  {"fdAT", "has at least 4 bytes of data", 1});
}

TEST_CASE("data that libpng refuses are told of with the frame, and with the place in this file") {
  bytes few = gray_rows(20);
  few.resize(3);
  const bytes file = with_data(two_frames(), "fdAT", 0, data_of(gray_file({fdat(2, few)}), "fdAT"));
  check_refused(file, {"fdAT", "frame 2: Not enough image data", 1});
  check_refused(with_data(two_frames(), "fdAT", 0, joined({big_endian(2), bytes(20, std::byte{0xEE})})),
                {"fdAT", "frame 2: ", 1});
  check_refused(with_data(two_frames(), "fdAT", 0, big_endian(2)), {"fdAT", "frame 2: ", 1});
}

TEST_CASE("an error in a frame's data keeps the row that libpng was at") {
  bytes first_row = gray_rows(20);
  first_row.resize(3);
  const bytes data = data_of(gray_file({fdat(2, first_row)}), "fdAT");
  const bytes file = with_data(two_frames(), "fdAT", 0, data);
  animation_decoder decoder{memory_source(file)};
  decoder.next();
  const error failure = thrown_by<error>([&] { return decoder.next(); });
  CHECK(failure.row() == 1);
  CHECK(std::string(failure.what()).contains("frame 2: Not enough image data (chunk fdAT, row 1, at byte "));
}

TEST_CASE("a wrong CRC of a chunk that the animation needs is corruption") {
  for (const bytes& file : {two_frames(), two_frames_behind_default()})
    for (const chunk_place& place : chunks_of(file)) {
      INFO(place.type << " at " << place.begin);
      bytes damaged = file;
      damaged[place.end - 1] ^= std::byte{1};
      const error failure =
          thrown_by<error>([&] { return canvases_of(animation_decoder{memory_source(damaged)}); });
      CHECK(failure.code() == errc::corrupted);
      CHECK(failure.chunk() == place.type);
      CHECK(std::string(failure.what()).contains("CRC"));
    }
}

TEST_CASE("chunks that cannot stand between frames are corruption") {
  check_refused(with_before(two_frames(), "IEND", 0, idat(gray_rows(1))),
                {"IDAT", "must follow one another", 1});
  check_refused(with_before(two_frames(), "fdAT", 0, idat(gray_rows(1))),
                {"IDAT", "must follow one another", 1});
  for (const char* type : {"PLTE", "IHDR", "QQQQ"})
    check_refused(with_before(two_frames(), "IEND", 0, chunk(type, bytes(3))), {type, "cannot be here", 1});
}

TEST_CASE("chunks that are no chunks are corruption") {
  check_refused(with_before(two_frames(), "IEND", 0, to_bytes(std::string("\0\0\0\0f\1TL", 8))),
                {"", "a chunk's type is four letters", 1});
  check_refused(with_before(two_frames(), "IEND", 0, to_bytes(std::string("\xFF\0\0\0fdAT", 8))),
                {"fdAT", "a chunk cannot be that long", 1});
}

TEST_CASE("an animation without any image is corruption") {
  check_refused(gray_file({actl(1), fctl({})}), {"IEND", ""});
}

// Whatever byte is damaged, behind a CRC that is right again: frames, or an error of ours.
TEST_CASE("damage below intact CRCs is an error or an animation") {
  int errors = 0;
  for (const bytes& file : {two_frames(), two_frames_behind_default()})
    for (const chunk_place& place : chunks_of(file))
      for (std::size_t at = place.begin + 8; at + 4 < place.end; ++at)
        for (const unsigned mask : {0x01U, 0x80U, 0xFFU}) {
          INFO(place.type << ", byte " << at << ", mask " << mask);
          bytes data(file.begin() + static_cast<std::ptrdiff_t>(place.begin + 8),
                     file.begin() + static_cast<std::ptrdiff_t>(place.end - 4));
          data[at - place.begin - 8] ^= static_cast<std::byte>(mask);
          bytes damaged(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(place.begin));
          damaged = joined({damaged,
                            chunk(place.type, data),
                            {file.begin() + static_cast<std::ptrdiff_t>(place.end), file.end()}});
          const auto found = attempt<error>([&] { return decode_animation(damaged).frames.size(); });
          if (found) CHECK(*found == 2);
          errors += found ? 0 : 1;
        }
  CHECK(errors > 100);
}

}  // namespace
}  // namespace gauntlet::png::test
