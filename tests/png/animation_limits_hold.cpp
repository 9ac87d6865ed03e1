#include <catch2/catch_test_macros.hpp>
#include <string>

#include "animation_support.hpp"

namespace gauntlet::png::test {
namespace {

template <class Work>
void check_limited(const std::string& numbers, Work work) {
  INFO(numbers);
  const error failure = thrown_by<error>(work);
  INFO(failure.what());
  CHECK(failure.code() == errc::limit_exceeded);
  CHECK(std::string(failure.what()).contains(numbers));
}

void check_refused(const bytes& file, const animation_decoder_options& options, const std::string& numbers) {
  check_limited(numbers, [&] { return canvases_of(animation_decoder{memory_source(file), options}).size(); });
}

std::size_t frames_of(const bytes& file, const animation_decoder_options& options) {
  return canvases_of(animation_decoder{memory_source(file), options}).size();
}

TEST_CASE("the number of frames is limited before any is read") {
  CHECK(frames_of(two_frames(), {.max_frames = 2}) == 2);
  check_limited("max_frames is 1, found 2", [] {
    return animation_decoder{owning_source(two_frames()), {.max_frames = 1}};
  });
  check_limited("max_frames is 100000, found 2147483647", [] {
    return animation_decoder{owning_source(gray_file({actl(0x7FFFFFFF), idat(gray_rows(1))}))};
  });
}

TEST_CASE("the pixels of all frames together are limited, with the numbers") {
  CHECK(frames_of(two_frames(), {.max_total_pixels = 8}) == 2);
  check_refused(two_frames(), {.max_total_pixels = 7}, "max_total_pixels is 7, found 4 and 4 more");
  check_refused(two_frames(), {.max_total_pixels = 3}, "max_total_pixels is 3, found 0 and 4 more");
  // The default image is passed over where it is no frame.
  CHECK(frames_of(two_frames_behind_default(), {.max_total_pixels = 8}) == 2);
}

TEST_CASE("the limits of one image hold for canvas and frames alike") {
  for (const bytes& file : {two_frames(), two_frames_behind_default(), tiny_file()}) {
    check_refused(file, {.limits = {.max_width = 1}}, "max_width is 1, found 2");
    check_refused(file, {.limits = {.max_height = 1}}, "max_height is 1, found 2");
    check_refused(file, {.limits = {.max_pixels = 3}}, "max_pixels is 3, found 4");
    check_refused(file, {.limits = {.max_image_bytes = 15}}, "max_image_bytes is 15, found 1 times 16");
    CHECK(frames_of(file,
                    {.limits = {.max_width = 2, .max_height = 2, .max_pixels = 4, .max_image_bytes = 16}}) >
          0);
  }
}

TEST_CASE("memory of libpng is limited in every frame, also in those that are rewritten") {
  const image wide = make_picture({color_type::gray, 1}, 8000, 2);
  const image small = make_picture({color_type::gray, 1}, 8, 2);
  memory_sink sink;
  animation_encoder encoder(sink, 8000, 2, {.frames = 2});
  encoder.set_default_image(wide);
  encoder.add_frame(small);
  encoder.add_frame(wide);
  encoder.finish();
  const bytes file = sink.take();
  std::uint64_t enough = 1000;
  const auto first_frame = [&](std::uint64_t memory) {
    return attempt<error>([&] {
      animation_decoder{memory_source(file), {.limits = {.max_memory = memory}}}.next();
    });
  };
  while (!first_frame(enough)) enough += 1000;
  animation_decoder decoder{memory_source(file), {.limits = {.max_memory = enough}}};
  CHECK(decoder.next());
  check_limited("frame 2: max_memory is " + std::to_string(enough),
                [&] { return decoder.next().has_value(); });
}

TEST_CASE("the input of all frames together is limited") {
  for (const bytes& file : {two_frames(), two_frames_behind_default()}) {
    CHECK(frames_of(file, {.limits = {.max_input_bytes = file.size()}}) == 2);
    check_refused(
        file, {.limits = {.max_input_bytes = file.size() - 1}},
        "max_input_bytes is " + std::to_string(file.size() - 1) + ", found " + std::to_string(file.size()));
  }
}

TEST_CASE("all canvases of decode_animation are limited together, before any is decoded") {
  CHECK(decode_animation(two_frames(), {.limits = {.max_image_bytes = 32}}).frames.size() == 2);
  check_limited("max_image_bytes is 31, found 2 times 16",
                [] { return decode_animation(two_frames(), {.limits = {.max_image_bytes = 31}}).plays; });
  // Nothing is there but the promise.
  const bytes promise = joined({signature(), ihdr(16384, 16384, 8, 0), actl(100'000), idat(bytes(3))});
  check_limited("max_image_bytes is 1073741824, found 100000 times 1073741824",
                [&] { return decode_animation(promise).plays; });
}

TEST_CASE("an animation of the largest canvas is refused before it takes memory") {
  const bytes promise = joined({signature(), ihdr(1'000'000, 1'000'000, 1, 0), actl(1), idat(bytes(3))});
  check_limited("max_pixels is 268435456", [&] { return animation_decoder{memory_source(promise)}; });
  const animation_decoder_options open{
      .limits = {.max_pixels = ~std::uint64_t{0}, .max_image_bytes = std::uint64_t{1} << 32}};
  check_limited("max_image_bytes is 4294967296, found 1 times 4000000000000", [&] {
    return animation_decoder{memory_source(promise), open};
  });
}

TEST_CASE("a chunk of any length takes no memory of ours") {
  bytes file = two_frames();
  const bytes header = joined({big_endian(0x7FFFFFFF), to_bytes("fdAT"), big_endian(2)});
  const std::size_t begin = chunks_of(file)[5].begin;
  REQUIRE(chunks_of(file)[5].type == "fdAT");
  file.resize(begin);
  file = joined({file, header, deflated(gray_rows(20)), bytes(100'000)});
  const error failure = thrown_by<error>([&] { return frames_of(file, {}); });
  CHECK(failure.code() == errc::truncated);
  CHECK(failure.chunk() == "fdAT");
}

TEST_CASE("a limit of an animation that is 0 is refused") {
  for (const animation_decoder_options& options :
       {animation_decoder_options{.max_frames = 0}, animation_decoder_options{.max_total_pixels = 0},
        animation_decoder_options{.limits = {.max_width = 0}},
        animation_decoder_options{.limits = {.max_input_bytes = 0}}})
    CHECK(std::string(thrown_by<misuse>([&] {
                        return animation_decoder{owning_source(two_frames()), options};
                      }).what())
              .contains("no limit may be 0"));
}

}  // namespace
}  // namespace gauntlet::png::test
