#include <catch2/catch_test_macros.hpp>
#include <string>

#include "gauntlet/png.hpp"
#include "gauntlet/shim/png.h"

// The shim in this program was compiled for libpng 1.5.30 (another_version.h); the libpng that runs is
// another.
namespace gauntlet::png {
namespace {

TEST_CASE("a libpng of another version is refused before it reads anything") {
  const std::byte anything[]{std::byte{1}};
  const auto result = attempt<error>([&] { return decode(anything); });
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code() == errc::incompatible_library);
  CHECK(std::string(result.error().what()).contains("1.5.30"));
  CHECK(result.error().offset() == 0);
}

TEST_CASE("a libpng of another version is refused before it writes anything") {
  image picture(header_of(1, 1, color_type::gray, 8));
  picture.pixels()[0] = std::byte{0};
  const auto result = attempt<error>([&] { return encode(picture); });
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code() == errc::incompatible_library);
}

TEST_CASE("a C program gets an object that says that the libpng that runs is another") {
  gauntlet_png_callbacks callbacks{};
  callbacks.read = [](void*, unsigned char*, std::size_t) -> std::ptrdiff_t { return 0; };
  gauntlet_png_limits limits{};
  gauntlet_png_limits_default(&limits);
  gauntlet_png* const png = gauntlet_png_create_reader(&callbacks, &limits);
  REQUIRE(png != nullptr);
  CHECK(gauntlet_png_get_failure(png)->reason == GAUNTLET_PNG_INCOMPATIBLE);
  CHECK(gauntlet_png_read_info(png) == GAUNTLET_PNG_ERROR);
  gauntlet_png_destroy(png);
}

}  // namespace
}  // namespace gauntlet::png
