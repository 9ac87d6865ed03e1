#include "formats.hpp"

#include <bit>

#include "gauntlet/error.hpp"

namespace gauntlet::png {
namespace {

/// PNG's samples have the high byte first.
constexpr transform machine_order =
    std::endian::native == std::endian::little ? transform::swap : transform::none;

bool has_alpha(color_type color) { return color == color_type::rgba || color == color_type::gray_alpha; }
bool is_gray(color_type color) { return color == color_type::gray || color == color_type::gray_alpha; }

}  // namespace

namespace detail {

format_facts facts_of(format format, std::source_location where) {
  switch (format) {
    case format::rgba8:
      return {color_type::rgba, 8, false};
    case format::rgb8:
      return {color_type::rgb, 8, false};
    case format::gray8:
      return {color_type::gray, 8, false};
    case format::gray_alpha8:
      return {color_type::gray_alpha, 8, false};
    case format::bgra8:
      return {color_type::rgba, 8, true};
    case format::bgr8:
      return {color_type::rgb, 8, true};
    case format::rgba16:
      return {color_type::rgba, 16, false};
    case format::rgb16:
      return {color_type::rgb, 16, false};
    case format::gray16:
      return {color_type::gray, 16, false};
    case format::gray_alpha16:
      return {color_type::gray_alpha, 16, false};
    case format::native:
      break;
  }
  throw misuse("png format", "there is no such format", where);
}

transform transforms_from(format format, std::source_location where) {
  if (format == format::native) return transform::none;
  const format_facts facts = facts_of(format, where);
  const transform order = facts.bit_depth == 16 ? machine_order : transform::none;
  return facts.blue_first ? order | transform::bgr : order;
}

}  // namespace detail

transforms transforms_for(format format, std::source_location where) {
  transforms wanted;
  if (format == format::native) return wanted;
  const detail::format_facts facts = detail::facts_of(format, where);
  wanted.flags =
      facts.bit_depth == 16 ? transform::expand_16 | machine_order : transform::expand | transform::scale_16;
  wanted.flags = wanted.flags | (has_alpha(facts.color) ? transform::add_alpha : transform::strip_alpha);
  if (is_gray(facts.color))
    wanted.rgb_to_gray = gray_conversion{};
  else
    wanted.flags = wanted.flags | transform::gray_to_rgb;
  if (facts.blue_first) wanted.flags = wanted.flags | transform::bgr;
  return wanted;
}

}  // namespace gauntlet::png
