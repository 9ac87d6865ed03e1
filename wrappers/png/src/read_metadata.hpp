#pragma once
/// From the shim's structs to values.

#include "gauntlet/png/header.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/shim/png.h"

namespace gauntlet::png::detail {

// What has failed before answers nothing here: ask the shim for a status afterwards.

metadata read_metadata(gauntlet_png* png);
/// color: of the rows that the numbers stand in.
color_table read_colors(gauntlet_png* png, color_type color);

unknown_chunk to_unknown_chunk(const gauntlet_png_unknown_chunk& raw);

}  // namespace gauntlet::png::detail
