// What something else has been lent, libpng is not given, in builds that track it.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gauntlet/error.hpp"
#include "gauntlet/lend.hpp"
#include "gauntlet/png.hpp"

#ifdef GAUNTLET_LENDS

namespace {

namespace png = gauntlet::png;
using Catch::Matchers::ContainsSubstring;

constexpr std::size_t width = 16;
constexpr std::size_t height = 3;

std::vector<std::byte> file() {
  const std::vector<std::byte> pixels(width * height);
  return png::encode({.width = width,
                      .height = height,
                      .color = png::color_type::gray,
                      .bit_depth = 8,
                      .pixels = pixels,
                      .stride = 0,
                      .colors = nullptr,
                      .format = png::format::native});
}

/// What misuse says of work that is given memory which somebody reads into, and of the same once it is
/// returned.
template <class Work>
std::array<std::string, 2> refused(std::span<std::byte> memory, Work work) {
  const auto said = [&]() -> std::string {
    try {
      work();
    } catch (const gauntlet::misuse& thrown) {
      return thrown.what();
    }
    return {};
  };
  gauntlet::lend read("socket::recv");
  read.for_writing(memory);
  std::array<std::string, 2> both;
  both[0] = said();
  read.give_back();
  both[1] = said();
  return both;
}

}  // namespace

TEST_CASE("memory that is lent to something else is not read into, written, fed or decoded") {
  std::vector<std::byte> bytes = file();
  std::array<std::byte, width> row{};
  png::row_reader rows = png::decoder(png::memory_source(bytes)).start();
  png::encoder<png::memory_sink> encoder(png::memory_sink(),
                                         png::header_of(width, height, png::color_type::gray, 8));
  png::push_decoder push;
  std::array<std::array<std::string, 2>, 5> said;
  said[0] = refused(row, [&] { CHECK(rows.read_into(row)); });
  said[1] = refused(row, [&] { encoder.write_chunk("teSt", row); });
  said[2] = refused(row, [&] { encoder.write_row(row); });
  while (rows.next()) {
  }  // to the end of the file, which is lent until then
  said[3] = refused(bytes, [&] { push.feed(bytes); });
  said[4] = refused(bytes, [&] { png::decoder(png::memory_source(bytes)).header(); });
  for (const auto& [lent, returned] : said) {
    CHECK_THAT(lent, ContainsSubstring("lent for writing to socket::recv at "));
    CHECK(returned.empty());
  }
}

TEST_CASE("a file in memory is lent until its end was read, or its decoder is gone") {
  std::vector<std::byte> bytes = file();
  const auto is_lent = [&] {
    try {
      gauntlet::lend("socket::recv").for_writing(bytes);
    } catch (const gauntlet::misuse& thrown) {
      return std::string_view(thrown.what()).find("png::decoder at ") != std::string_view::npos;
    }
    return false;
  };
  {
    const png::decoder unused{png::memory_source(bytes)};
    CHECK(is_lent());
  }
  CHECK_FALSE(is_lent());
  png::row_reader rows = png::decoder(png::memory_source(bytes)).start();
  for (std::size_t y = 0; y < height; ++y) {
    CHECK(rows.next());
    CHECK(is_lent());
  }
  CHECK_FALSE(rows.next());
  CHECK_FALSE(is_lent());
}

#endif
