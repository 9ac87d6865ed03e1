#include <array>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "comparison.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

constexpr unsigned flag_count = 17;

transform flag(unsigned number) { return static_cast<transform>(1U << number); }

// Every kind of chunk that transforms look at: gAMA, sBIT and tRNS.
// All bits but one are true, where there is more than one.
significant_bits true_bits(pixel_format format) {
  const auto depth = format.color == color_type::palette ? std::uint8_t{8} : format.bit_depth;
  const auto bits = static_cast<std::uint8_t>(depth > 1 ? depth - 1 : 1);
  switch (format.color) {
    case color_type::gray:
      return {.gray = bits};
    case color_type::gray_alpha:
      return {.gray = bits, .alpha = bits};
    case color_type::rgba:
      return {.red = bits, .green = bits, .blue = bits, .alpha = bits};
    default:
      return {.red = bits, .green = bits, .blue = bits};
  }
}

bytes file_of(pixel_format format, bool interlaced) {
  image picture = make_picture(format, 5, 3);
  color_table colors = picture.colors();
  if (format.color == color_type::palette) colors.alpha = {0, 100};
  if (format.color == color_type::gray || format.color == color_type::rgb) colors.transparent.emplace();
  for (std::uint32_t y = 0; y < 3; ++y) picture.row(y)[0] = std::byte{0};
  if (format.color == color_type::rgb)  // one pixel that is transparent
    for (std::size_t i = 0; i < format.bit_depth / 8U * 3U; ++i) picture.row(1)[i] = std::byte{0};
  encode_options options{.level = 1, .interlaced = interlaced};
  options.metadata.gamma = 60'000;
  options.metadata.significant_bits = true_bits(format);
  image_view view = picture;
  view.colors = &colors;
  return encode(view, options);
}

// For each format: the comparison fails once, with the name of what was compared.
template <class Each>
void with_every_file(const Each& each) {
  for (const bool interlaced : {false, true})
    for (const pixel_format format : all_formats) {
      INFO(name_of(format) << (interlaced ? ", interlaced" : ""));
      each(file_of(format, interlaced));
    }
}

void compare(const bytes& file, const transforms& wanted, const std::string& what) {
  const std::string difference = difference_from_libpng(file, wanted);
  if (!difference.empty()) FAIL_CHECK(what << ": " << difference);
}

TEST_CASE("every transform alone gives plain libpng's header and pixels, with gAMA, sBIT and tRNS") {
  with_every_file([](const bytes& file) {
    for (unsigned one = 0; one < flag_count; ++one)
      compare(file, {.flags = flag(one)}, "transform " + std::to_string(one));
  });
}

TEST_CASE("every pair of transforms gives plain libpng's header and pixels") {
  with_every_file([](const bytes& file) {
    for (unsigned one = 0; one < flag_count; ++one)
      for (unsigned other = 0; other < one; ++other) {
        const transform both = flag(one) | flag(other);
        if (both == (transform::scale_16 | transform::strip_16)) continue;
        compare(file, {.flags = both}, std::to_string(one) + " and " + std::to_string(other));
      }
  });
}

// With what rows are usually prepared, since libpng joins alpha and colours only where both are there.
constexpr std::array<transform, 4> preparations{transform::none, transform::expand_16,
                                                transform::expand | transform::scale_16,
                                                transform::expand | transform::gray_to_rgb};

// libpng makes tables of gamma for each file anew, so one kind of each format has to do.
template <class Change>
void with_every_preparation(const std::string& what, const Change& change) {
  bool interlaced = false;
  for (const pixel_format format : all_formats) {
    INFO(name_of(format));
    const bytes file = file_of(format, interlaced);
    interlaced = !interlaced;
    for (const transform prepared : preparations) {
      transforms wanted{.flags = prepared};
      change(wanted);
      compare(file, wanted, what + " with " + std::to_string(static_cast<unsigned>(prepared)));
    }
  }
}

TEST_CASE("each way to handle alpha is plain libpng's") {
  for (const int mode : {0, 1, 2, 3})
    with_every_preparation("mode " + std::to_string(mode), [&](transforms& wanted) {
      wanted.alpha = alpha_handling{static_cast<alpha_handling::mode>(mode), gamma_of_srgb};
    });
}

TEST_CASE("gamma correction is plain libpng's") {
  for (const std::int32_t screen : {gamma_of_srgb, gamma_of_old_mac, gamma_linear, 300'000})
    with_every_preparation("screen " + std::to_string(screen), [&](transforms& wanted) {
      wanted.gamma = gamma_correction{.screen = screen, .file = 45'455};
    });
}

TEST_CASE("a file's own gamma counts, and the one that is given only where it has none") {
  const image picture = make_picture({color_type::gray, 8}, 5, 3);
  const bytes silent = encode(picture);
  const bytes linear = encode(picture, {.metadata = {.gamma = 100'000}});
  const transforms wanted{.gamma = gamma_correction{.screen = gamma_linear, .file = 45'455}};
  const auto rows_of = [&](const bytes& file) {
    return all_rows(decoder{memory_source(file)}.start(wanted));
  };
  CHECK(same_bytes(rows_of(linear), picture.pixels()));
  CHECK_FALSE(same_bytes(rows_of(silent), picture.pixels()));
}

TEST_CASE("a background is plain libpng's, whosever gamma its colour has") {
  for (const int whose : {1, 2, 3})
    for (const bool expand : {false, true}) {
      if (expand && whose == 1) continue;  // as bKGD is, or as the screen has it
      with_every_preparation("gamma of " + std::to_string(whose), [&](transforms& wanted) {
        wanted.background = background_fill{.color = {.index = 1, .red = 1, .green = 2, .blue = 3, .gray = 1},
                                            .of = static_cast<background_fill::gamma>(whose),
                                            .expand = expand,
                                            .unique_gamma = 50'000};
      });
    }
}

TEST_CASE("a background with gamma correction is plain libpng's") {
  with_every_preparation("background and gamma", [](transforms& wanted) {
    wanted.background = background_fill{.color = {.red = 10, .green = 20, .blue = 30, .gray = 1}};
    wanted.gamma = gamma_correction{.screen = 220'000};
  });
}

TEST_CASE("rgb becomes gray as in plain libpng, with any weights") {
  for (const std::int32_t red : {-1, 0, 30'000, 100'000})
    with_every_preparation("red " + std::to_string(red), [&](transforms& wanted) {
      if (contains(wanted.flags, transform::gray_to_rgb)) wanted.flags = transform::expand;
      wanted.rgb_to_gray = gray_conversion{.red = red, .green = red < 0 ? -1 : (100'000 - red) / 2};
    });
}

TEST_CASE("a pixel that is not gray is ignored, warned of or an error, and found") {
  const bytes colorful = encode(make_picture({color_type::rgb, 8}, 3, 3));
  const bytes gray = encode(convert(make_picture({color_type::gray, 8}, 3, 3), format::rgb8));
  const auto start = [](const bytes& file, gray_conversion::on_color action) {
    return decoder{memory_source(file)}.start(transforms{.rgb_to_gray = gray_conversion{.action = action}});
  };
  row_reader ignored = start(colorful, gray_conversion::on_color::ignore);
  CHECK_FALSE(ignored.found_color());
  static_cast<void>(ignored.next());
  CHECK(ignored.found_color());
  CHECK(ignored.warnings().empty());

  row_reader warned = start(colorful, gray_conversion::on_color::warn);
  static_cast<void>(warned.next());
  REQUIRE(warned.warnings().size() == 1);
  CHECK(warned.warnings()[0].message.contains("nongray"));

  row_reader refused = start(colorful, gray_conversion::on_color::error);
  CHECK(thrown_by<error>([&] { return refused.next(); }).code() == errc::corrupted);

  row_reader fine = start(gray, gray_conversion::on_color::error);
  while (fine.next()) {
  }
  CHECK_FALSE(fine.found_color());
}

TEST_CASE("an extra channel before or after, alpha or not, is plain libpng's") {
  for (const bool after : {false, true})
    for (const bool is_alpha : {false, true})
      with_every_preparation("extra channel", [&](transforms& wanted) {
        wanted.filler =
            extra_channel{.value = 0x1234,
                          .stands = after ? extra_channel::place::after : extra_channel::place::before,
                          .is_alpha = is_alpha};
      });
}

TEST_CASE("samples shifted to their true bits are plain libpng's") {
  for (const std::uint8_t bits : std::array<std::uint8_t, 7>{0, 1, 3, 5, 8, 11, 16})
    with_every_preparation("shift " + std::to_string(bits), [&](transforms& wanted) {
      wanted.shift = significant_bits{bits, bits, bits, bits, bits};
    });
}

}  // namespace
}  // namespace gauntlet::png::test
