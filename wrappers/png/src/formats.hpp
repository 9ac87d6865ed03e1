#pragma once
/// What each format asks of libpng.

#include <source_location>

#include "gauntlet/png/header.hpp"
#include "gauntlet/png/pixel.hpp"
#include "gauntlet/png/transform.hpp"

namespace gauntlet::png::detail {

struct format_facts {
  color_type color;
  std::uint8_t bit_depth;
  bool blue_first;
};

/// Throws misuse for native and for what is no format.
format_facts facts_of(format format, std::source_location where);

/// Writing: from rows of this format to a file.
transform transforms_from(format format, std::source_location where);

}  // namespace gauntlet::png::detail
