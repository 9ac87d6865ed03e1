#include <png.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "support.hpp"

namespace gauntlet::png::test {
namespace {

// A jump leaves these: they hold nothing that needs a destructor.
void raise_error(png_struct* png, png_info*) { png_error(png, "a raw error"); }
void raise_warning(png_struct* png, png_info*) { png_warning(png, "a raw warning"); }
void throw_planned(png_struct*, png_info*) { throw planned_failure(); }

template <class Object>
error error_of_raw_call(Object& object) {
  return thrown_by<error>([&] {
    object.protect(raise_error);
    return 0;
  });
}

TEST_CASE("libpng's own structs can be asked, by native and by protect") {
  decoder read{owning_source(tiny_file())};
  CHECK(png_get_image_width(read.native().png, read.native().info) == 2);
  png_uint_32 height = 0;
  read.protect([&height](png_struct* png, png_info* info) { height = png_get_image_height(png, info); });
  CHECK(height == 2);
  row_reader rows = std::move(read).start();
  int depth = 0;
  rows.protect([&depth](png_struct* png, png_info* info) { depth = png_get_bit_depth(png, info); });
  CHECK(depth == 8);
  encoder to{memory_sink{}, header_of(3, 1)};
  CHECK(png_get_image_width(to.native().png, to.native().info) == 3);
}

TEST_CASE("an error of a raw call is thrown, and the object is of no more use") {
  decoder read{owning_source(tiny_file())};
  const error failure = error_of_raw_call(read);
  CHECK(failure.code() == errc::corrupted);
  CHECK(std::string(failure.what()).contains("a raw error"));
  CHECK(std::string(failure.what()).contains("protected call"));
  CHECK(refusal_of([&] { read.protect(raise_error); }).contains("has failed before"));
  CHECK(refusal_of([&] { read.metadata(); }).contains("has failed before"));

  row_reader rows = decoder{owning_source(tiny_file())}.start();
  CHECK(error_of_raw_call(rows).code() == errc::corrupted);
  CHECK(refusal_of([&] { rows.next(); }).contains("has failed before"));

  encoder to{memory_sink{}, header_of(1, 1)};
  CHECK(error_of_raw_call(to).code() == errc::invalid_image);
  CHECK(refusal_of([&] { to.write_row(bytes(4)); }).contains("has failed before"));
}

TEST_CASE("an exception from the work comes out as itself, and the object goes on") {
  decoder read{owning_source(tiny_file())};
  CHECK_THROWS_AS(read.protect(throw_planned), planned_failure);
  row_reader rows = std::move(read).start();
  CHECK_THROWS_AS(rows.protect(throw_planned), planned_failure);
  CHECK(rows.next().has_value());
  encoder to{memory_sink{}, header_of(1, 1)};
  CHECK_THROWS_AS(to.protect(throw_planned), planned_failure);
  to.write_row(bytes(4));
  CHECK(decode(std::move(to).finish().take()).width() == 1);
}

TEST_CASE("rows that were started cannot become longer or shorter") {
  for (const png_uint_32 width : {1U, 3U, 1000U}) {
    row_reader rows = decoder{owning_source(tiny_file())}.start();
    CHECK(refusal_of([&] {
            rows.protect([width](png_struct* png, png_info* info) {
              png_set_IHDR(png, info, width, 2, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                           PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
            });
          }).contains("the raw calls have changed the size of a row, which is fixed by now"));
    CHECK(refusal_of([&] { rows.next(); }).contains("has failed before"));
  }
}

TEST_CASE("what raw calls change of metadata is seen") {
  decoder read{owning_source(tiny_file())};
  CHECK_FALSE(read.metadata().gamma.has_value());
  read.protect([](png_struct* png, png_info* info) { png_set_gAMA_fixed(png, info, 50'000); });
  CHECK(read.metadata().gamma == 50'000U);
}

TEST_CASE("a warning while writing is an error, unless warnings are allowed") {
  const header one_pixel = header_of(1, 1, color_type::gray, 8);
  encoder strict{memory_sink{}, one_pixel};
  const error failure = thrown_by<error>([&] {
    strict.protect(raise_warning);
    return 0;
  });
  CHECK(failure.code() == errc::invalid_image);
  CHECK(std::string(failure.what()).starts_with("memory: write: this image cannot be written as PNG: "));
  CHECK(refusal_of([&] { strict.write_row(bytes(1)); }).contains("this encoder has failed before"));

  encoder tolerant{memory_sink{}, one_pixel, {.warnings_are_errors = false}};
  tolerant.protect(raise_warning);
  REQUIRE(tolerant.warnings().size() == 1);
  CHECK(tolerant.warnings()[0].message == "a raw warning");
}

TEST_CASE("a raw transform before the start works as one of ours") {
  decoder read{owning_source(tiny_file())};
  read.protect([](png_struct* png, png_info*) { png_set_gray_to_rgb(png); });
  row_reader rows = std::move(read).start();
  CHECK(rows.header().color == color_type::rgb);
  CHECK(rows.next().value().size() == 6);
}

}  // namespace
}  // namespace gauntlet::png::test
