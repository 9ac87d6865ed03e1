#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

const image& photo() {
  static const image picture = make_picture({color_type::rgb, 8}, 60, 40);
  return picture;
}

// What can be compressed: soft steps from row to row.
const image& ramp() {
  static const image picture = [] {
    image made(header_of(100, 60, color_type::gray, 8));
    for (std::uint32_t y = 0; y < 60; ++y)
      for (std::size_t x = 0; x < 100; ++x) made.row(y)[x] = static_cast<std::byte>((x * 2 + y * 3) & 255);
    return made;
  }();
  return picture;
}

bool comes_back(const encode_options& options) {
  return same_pixels(decode(encode(photo(), options)), photo()) &&
         same_pixels(decode(encode(ramp(), options)), ramp());
}

std::string refusal_to_encode(const encode_options& options) {
  return thrown_by<misuse>([&] { return encode(photo(), options); }).what();
}

TEST_CASE("every strategy gives the same pixels, and they differ in the file") {
  std::vector<bytes> files;
  for (int number = -1; number <= 4; ++number) {
    INFO("strategy " << number);
    const encode_options options{.compression = {.strategy = static_cast<strategy>(number)}};
    CHECK(comes_back(options));
    files.push_back(encode(ramp(), options));
  }
  CHECK(files[3].size() > files[1].size());  // huffman_only finds no repetition
}

TEST_CASE("every window and every memory level gives the same pixels") {
  for (int bits = 8; bits <= 15; ++bits) CHECK(comes_back({.compression = {.window_bits = bits}}));
  for (int level = 1; level <= 9; ++level) CHECK(comes_back({.compression = {.mem_level = level}}));
}

TEST_CASE("each filter, and all of them, give the same pixels; each filters every row") {
  for (const filters filter : {filters::none, filters::sub, filters::up, filters::average, filters::paeth,
                               filters::all, filters::sub | filters::up}) {
    INFO(static_cast<unsigned>(filter));
    CHECK(comes_back({.filters = filter}));
  }
  CHECK(encode(ramp(), {.filters = filters::sub}).size() < encode(ramp(), {.filters = filters::none}).size());
}

TEST_CASE("a buffer's size is that of the chunks") {
  for (const std::size_t size : {std::size_t{6}, std::size_t{100}, std::size_t{1} << 20}) {
    INFO(size);
    const bytes file = encode(photo(), {.level = 0, .buffer_size = size});
    CHECK(same_pixels(decode(file), photo()));
    const auto places = chunks_of(file);
    CHECK(places[1].type == "IDAT");
    CHECK(places[1].end - places[1].begin - 12 == std::min(size, places[1].end - places[1].begin - 12));
    CHECK((places.size() > 3) == (size < 7000));
  }
}

TEST_CASE("texts are compressed as text_level says, the image as level says") {
  metadata given;
  given.texts.push_back({.key = "Comment", .value = std::string(3000, 'x'), .compressed = true});
  const bytes stored = encode(photo(), {.metadata = given, .text_level = 0});
  const bytes small = encode(photo(), {.metadata = given, .text_level = 9});
  CHECK(stored.size() > small.size() + 2500);
  for (const compression& with :
       {compression{.mem_level = 1}, compression{.strategy = strategy::rle}, compression{.window_bits = 8}}) {
    const bytes file = encode(photo(), {.metadata = given, .text_compression = with});
    CHECK(decoder{memory_source(file)}.metadata() == given);
    CHECK(same_pixels(decode(file), photo()));
  }
}

TEST_CASE("numbers that zlib or libpng does not have are refused") {
  for (const bool text : {false, true}) {
    const auto with = [&](int level, const compression& given) {
      encode_options options;
      (text ? options.text_level : options.level) = level;
      (text ? options.text_compression : options.compression) = given;
      return refusal_to_encode(options);
    };
    CHECK(with(10, {}).contains("a compression level is -1, or 0 to 9"));
    CHECK(with(-2, {}).contains("a compression level is -1, or 0 to 9"));
    for (const int level : {0, 10})
      CHECK(with(-1, {.mem_level = level}).contains("zlib's memory level is 1 to 9"));
    for (const int number : {-2, 5})
      CHECK(with(-1, {.strategy = static_cast<strategy>(number)}).contains("zlib's strategy is 0 to 4"));
    for (const int bits : {7, 16})
      CHECK(with(-1, {.window_bits = bits}).contains("zlib's window has 8 to 15 bits"));
  }
  CHECK(refusal_to_encode({.filters = static_cast<filters>(1)}).contains("there is no such filter"));
  CHECK(refusal_to_encode({.buffer_size = 5}).contains("a buffer for compressed data has 6 bytes to 2 GiB"));
  CHECK(refusal_to_encode({.buffer_size = ~std::size_t{0}}).contains("6 bytes to 2 GiB"));
  CHECK(refusal_to_encode({.signature_bytes = 9}).contains("a signature has 8 bytes"));
}

TEST_CASE("so many bytes of the signature are left out as were written by somebody else") {
  const bytes whole = encode(ramp());
  for (std::uint8_t before = 0; before <= 8; ++before) {
    INFO(int{before});
    const bytes rest = encode(ramp(), {.signature_bytes = before});
    CHECK(same_bytes(rest, std::span(whole).subspan(before)));
    CHECK(same_pixels(decoder(memory_source(rest), {.signature_bytes = before}).read_image(), ramp()));
  }
}

TEST_CASE("a decoder knows what is wrong with the rest of a signature") {
  const bytes file = tiny_file();
  const auto code_of = [](bytes given, std::uint8_t before) {
    return thrown_by<error>(
               [&] { return decoder(owning_source(std::move(given)), {.signature_bytes = before}); })
        .code();
  };
  CHECK(code_of({file.begin() + 4, file.end()}, 3) == errc::not_a_png);
  CHECK(code_of({}, 3) == errc::empty);
  CHECK(code_of({file.begin() + 3, file.begin() + 7}, 3) == errc::truncated);
  const misuse told = thrown_by<misuse>([&] { return decoder(memory_source(file), {.signature_bytes = 9}); });
  CHECK(std::string(told.what()).contains("a signature has 8 bytes"));
}

TEST_CASE("is_png knows a signature by as much of it as there is") {
  const bytes file = tiny_file();
  CHECK_FALSE(is_png({}));
  for (std::size_t size = 1; size <= 10; ++size) CHECK(is_png(std::span(file).first(size)));
  for (std::size_t wrong = 0; wrong < 8; ++wrong) {
    bytes other = file;
    other[wrong] ^= std::byte{1};
    for (std::size_t size = 1; size <= 10; ++size)
      CHECK(is_png(std::span(other).first(size)) == (size <= wrong));
  }
}

// ---- sinks that fail

TEST_CASE("an encoder's sink that fails at its k-th call has a part of the good file, for every k") {
  const image& picture = photo();
  for (const bool interlaced : {false, true}) {
    const encode_options options{.interlaced = interlaced, .buffer_size = 500};
    const bytes good = encode(picture, options);
    const auto planned = std::make_exception_ptr(planned_failure());
    int at = 1;
    for (bool failed = true; failed; ++at) {
      failing_sink counting{at, planned};
      failed = anything_thrown_by([&] {
                 encode_to(counting, picture, options);
                 return 0;
               }) == planned;
      CHECK(same_bytes(counting.got, std::span(good).first(counting.got.size())));
    }
    CHECK(at > 20);
  }
}

TEST_CASE("after its sink has failed an encoder hands out only the sink") {
  const auto planned = std::make_exception_ptr(planned_failure());
  const image& picture = photo();
  const bytes good = encode(picture, {.buffer_size = 500});
  encoder to{failing_sink{30, planned}, picture.header(), {.buffer_size = 500}};
  CHECK(anything_thrown_by([&] {
          for (std::uint32_t y = 0; y < 40; ++y) to.write_row(picture.row(y));
          return 0;
        }) == planned);
  CHECK(to.sink().calls == 30);
  CHECK(same_bytes(to.sink().got, std::span(good).first(to.sink().got.size())));
  const auto refused = [&](const auto& work) {
    const misuse told = thrown_by<misuse>([&] {
      work();
      return 0;
    });
    return std::string(told.what()).contains("this encoder has failed before; make a new one");
  };
  CHECK(refused([&] { to.write_row(picture.row(0)); }));
  CHECK(refused([&] { to.flush(); }));
  CHECK(refused([&] { to.write_chunk("prVt", {}); }));
  CHECK(refused([&] { std::move(to).finish(); }));
  CHECK(to.sink().calls == 30);  // NOLINT(bugprone-use-after-move): finish() has refused
}

}  // namespace
}  // namespace gauntlet::png::test
