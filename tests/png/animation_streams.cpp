#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>
#include <utility>

#include "animation_support.hpp"

namespace gauntlet::png::test {
namespace {

bytes small_animation(bool hidden_default) {
  const std::vector<pixel_format> formats{{color_type::palette, 4}};
  memory_sink sink;
  animation_encoder encoder(sink, 6, 5, {.frames = 3, .encoding = {.interlaced = hidden_default}});
  if (hidden_default) encoder.set_default_image(make_picture(formats[0], 6, 5, 9));
  encoder.add_frame(make_picture(formats[0], 6, 5, 1));
  encoder.add_frame(make_picture(formats[0], 3, 2, 2), {.x = 1, .y = 1, .dispose = dispose_op::previous});
  encoder.add_frame(make_picture(formats[0], 2, 3, 3), {.x = 4, .y = 2, .blend = blend_op::over});
  encoder.finish();
  return sink.take();
}

// ---- cut off

// Every length: what is given out before the error is what the whole file gives.
void check_every_length(const bytes& file) {
  const std::vector<image> expected = canvases_of(animation_decoder{memory_source(file)});
  for (std::size_t length = 1; length < file.size(); ++length) {
    INFO("the first " << length << " of " << file.size() << " bytes");
    const auto cut = std::span(file).first(length);
    std::size_t given = 0;
    bool same = true;
    const error failure = thrown_by<error>([&] {
      animation_decoder decoder{memory_source(cut)};
      while (const auto frame = decoder.next())
        same =
            same && given < expected.size() && same_bytes(frame->canvas.pixels, expected[given++].pixels());
      return 0;
    });
    CHECK(failure.code() == errc::truncated);
    CHECK(failure.offset() == length);
    CHECK(same);
    if (length == file.size() - 1) CHECK(given == expected.size());
  }
}

TEST_CASE("an animation cut off anywhere is an error behind the frames before the cut") {
  check_every_length(two_frames());
  check_every_length(two_frames_behind_default());
  for (const bool hidden : {false, true}) check_every_length(small_animation(hidden));
}

TEST_CASE("nothing at all, and what is no PNG, are told as decode() tells them") {
  CHECK(thrown_by<error>([] { return decode_animation(bytes{}); }).code() == errc::empty);
  CHECK(thrown_by<error>([] { return decode_animation(to_bytes("GIF89a, and so on")); }).code() ==
        errc::not_a_png);
}

TEST_CASE("an animation with any one byte damaged is an error or an animation") {
  int errors = 0;
  int count = 0;
  for (const bytes& file : {two_frames(), small_animation(true)})
    for (std::size_t at = 0; at < file.size(); ++at, ++count) {
      INFO("byte " << at);
      bytes damaged = file;
      damaged[at] ^= std::byte{0x41};
      const auto found = attempt<error>([&] { return decode_animation(damaged).frames.size(); });
      errors += found ? 0 : 1;
    }
  CHECK(errors > count / 2);
}

// ---- sources

TEST_CASE("it does not matter how many bytes a source gives at a time to an animation") {
  for (const bool hidden : {false, true}) {
    const bytes file = small_animation(hidden);
    const std::vector<image> expected = canvases_of(animation_decoder{memory_source(file)});
    for (const std::size_t step : {1U, 2U, 3U, 7U, 8U, 13U, 8192U}) {
      const std::vector<image> found = canvases_of(animation_decoder{dripping_source{file, step}});
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(same_pixels(found[i], expected[i]));
    }
  }
}

TEST_CASE("what a source throws at its k-th call comes out of an animation as itself, for every k") {
  for (const bool hidden : {false, true}) {
    const bytes file = small_animation(hidden);
    int threw = 0;
    for (int at = 1;; ++at) {
      int calls = 0;
      const std::exception_ptr planned = std::make_exception_ptr(planned_failure());
      const std::exception_ptr caught = anything_thrown_by([&] {
        return canvases_of(animation_decoder{failing_source{file, at, planned, &calls}}).size();
      });
      if (!caught) break;
      REQUIRE(caught == planned);
      CHECK(calls == at);
      ++threw;
    }
    CHECK(threw > 20);
  }
}

// A source's own png::error is no news of libpng's that could be put in other words.
TEST_CASE("a png::error of the source comes out of an animation as itself") {
  const bytes file = small_animation(false);
  const std::exception_ptr planned = std::make_exception_ptr(
      error(errc::corrupted, "unpack", "archive", "", std::source_location::current()));
  int threw = 0;
  for (int at = 1;; ++at) {
    int calls = 0;
    const auto caught = anything_thrown_by([&] {
      return canvases_of(animation_decoder{failing_source{file, at, planned, &calls}}).size();
    });
    if (!caught) break;
    REQUIRE(caught == planned);
    ++threw;
  }
  CHECK(threw > 20);
}

struct lying_source {
  dripping_source inner;
  int honest_calls;

  std::size_t read(std::span<std::byte> out) {
    const std::size_t found = inner.read(out);
    return honest_calls-- > 0 ? found : out.size() + 1;
  }
};

TEST_CASE("a source that claims more bytes than it was given room for is told so in an animation") {
  const bytes file = two_frames();
  for (const int honest : {0, 1, 5, 12}) {
    const misuse told = thrown_by<misuse>([&] {
      return canvases_of(animation_decoder{lying_source{{file, file.size()}, honest}}).size();
    });
    CHECK(std::string(told.what()).contains("answer how many bytes were put into the span"));
  }
}

struct counting_source {
  std::span<const std::byte> rest;
  std::size_t* taken;

  std::size_t read(std::span<std::byte> out) {
    const std::size_t size = std::min(out.size(), rest.size());
    std::ranges::copy(rest.first(size), out.begin());
    rest = rest.subspan(size);
    *taken += size;
    return size;
  }
};

// Up to the header of the chunk that ends it; so a frame is there before the next has been sent.
TEST_CASE("no more of the source is read than a frame needs, and nothing behind the end") {
  bytes file = two_frames();
  const std::vector<chunk_place> places = chunks_of(file);
  const std::size_t second_fctl = places[4].begin;
  REQUIRE(places[4].type == "fcTL");
  const std::size_t size = file.size();
  file.resize(size + 1000, std::byte{0xEE});
  std::size_t taken = 0;
  animation_decoder decoder{counting_source{file, &taken}};
  CHECK(taken <= places[3].begin + 8);
  CHECK(decoder.next());
  CHECK(taken == second_fctl + 8);
  CHECK(decoder.next());
  CHECK(taken == size - 4);  // all but the CRC of IEND
  CHECK_FALSE(decoder.next());
  CHECK(taken == size);
}

TEST_CASE("a decoder can be moved between frames") {
  animation_decoder first{owning_source(two_frames())};
  const std::vector<image> expected = canvases_of(animation_decoder{owning_source(two_frames())});
  CHECK(first.next());
  animation_decoder second = std::move(first);
  const auto frame = second.next();
  REQUIRE(frame);
  CHECK(same_bytes(frame->canvas.pixels, expected[1].pixels()));
  first = std::move(second);
  CHECK_FALSE(first.next());
}

TEST_CASE("an animation can be given up at any frame") {
  for (int frames = 0; frames < 3; ++frames) {
    animation_decoder decoder{owning_source(small_animation(true))};
    for (int i = 0; i < frames; ++i) CHECK(decoder.next());
  }
}

// ---- sinks

template <class Sink>
void write_animation(Sink& sink, bool hidden) {
  animation_encoder encoder(sink, 6, 5, {.frames = 2});
  const image picture = make_picture({color_type::rgb, 8}, 6, 5);
  if (hidden) encoder.set_default_image(picture);
  encoder.add_frame(picture);
  encoder.add_frame(picture);
  encoder.finish();
}

TEST_CASE("what a sink throws at its k-th call comes out of an animation as itself, for every k") {
  for (const bool hidden : {false, true}) {
    int threw = 0;
    for (int at = 1;; ++at) {
      failing_sink sink{at, std::make_exception_ptr(planned_failure())};
      const std::exception_ptr caught = anything_thrown_by([&] {
        write_animation(sink, hidden);
        return 0;
      });
      if (!caught) break;
      REQUIRE(caught == sink.planned);
      CHECK(sink.calls == at);
      ++threw;
    }
    CHECK(threw >= 3);
  }
}

TEST_CASE("a file sink has the animation when it is committed") {
  const temporary_folder folder;
  {
    file_sink sink(folder / "out.png");
    write_animation(sink, true);
    sink.commit();
  }
  animation_decoder decoder{file_source(folder / "out.png")};
  CHECK(decoder.next());
  CHECK(decoder.next());
  CHECK_FALSE(decoder.next());
}

}  // namespace
}  // namespace gauntlet::png::test
