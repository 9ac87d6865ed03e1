#pragma once
// What the wrapper does to rows beside what plain libpng does, called as its manual says.

#include <string>

#include "support.hpp"

namespace gauntlet::png::test {

reference_settings settings_of(const transforms& wanted);

// Empty where header and pixels are the same, or both refuse.
std::string difference_from_libpng(const bytes& file, const transforms& wanted);

bool same_header(const header& ours, const reference_header& raw);

bytes all_rows(row_reader rows);

}  // namespace gauntlet::png::test
