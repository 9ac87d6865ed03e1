#pragma once
// How each tool is told that memory is lent, and is the caller's again.

#include <cstddef>

namespace gauntlet::detail {

struct lent_range;

struct lend_tools {
  /// The tool reports who touches it, or who writes to it, from now on.
  static void lay(lent_range& range) noexcept;
  /// No more; the first `written` bytes hold something. What was freed meanwhile is reported.
  static void lift(lent_range& range, std::size_t written) noexcept;
  /// Whether the tool itself reports who writes to what was lent for reading.
  static bool see_writes_of(const lent_range& range) noexcept;
};

}  // namespace gauntlet::detail
