#pragma once
/// From values to the shim's structs, checked first: libpng reads as far as its structs say.

#include <cstddef>
#include <source_location>
#include <string_view>
#include <vector>

#include "gauntlet/png/header.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/shim/png.h"

namespace gauntlet::png::detail {

/// Throws misuse for what PNG, with this header and these colors, cannot hold, and for what libpng would
/// write and read back as something else.
void require_metadata(const metadata& metadata, const header& header, const color_table& colors,
                      std::source_location where);
/// What libpng looks at when it reads an ICC profile, and leaves the profile out if it is not so. From 1.6.47
/// on it does not look when it writes.
void require_profile(const std::vector<std::byte>& data, bool is_gray, std::source_location where);
[[noreturn]] void refuse_metadata(std::string_view advice, std::source_location where);
/// As require_metadata, for what is to stand behind the image: texts, time, eXif and unknown chunks.
void require_metadata_behind(const metadata& metadata, std::source_location where);

// Neither answers a status: after an error the shim refuses all that comes, so who writes next is told.

void write_metadata(gauntlet_png* png, const metadata& metadata);
void write_metadata_behind(gauntlet_png* png, const metadata& metadata);
void write_colors(gauntlet_png* png, color_type color, const color_table& colors);

}  // namespace gauntlet::png::detail
