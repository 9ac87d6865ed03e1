#pragma once
/// Transforms, checked and passed on to libpng.

#include <optional>
#include <source_location>

#include "gauntlet/png/color.hpp"
#include "gauntlet/png/header.hpp"
#include "gauntlet/png/transform.hpp"
#include "gauntlet/shim/png.h"

namespace gauntlet::png::detail {

/// Throws misuse for what contradicts itself.
void require_transforms(const transforms& transforms, std::source_location where);
void require_transforms(const write_transforms& transforms, std::source_location where);

bool is_any(const transforms& transforms);

// Of the following none answers a status: after an error the shim refuses all that comes, so who starts the
// rows is told.

/// Answers the palette that quantized rows mean, if any are.
std::optional<color_table> set_transforms(gauntlet_png* png, const transforms& transforms);
/// Those of a writer that must be set before the header is written, and the rest.
void set_transforms_before_info(gauntlet_png* png, const write_transforms& transforms);
void set_transforms(gauntlet_png* png, const write_transforms& transforms);

/// Whether rows no longer need a palette or a transparent colour to be understood.
bool moves_colors_into_rows(const transforms& transforms, const header& file, const header& rows);

}  // namespace gauntlet::png::detail
