#pragma once
/// Which @package@ this is.

#include <array>
#include <source_location>
#include <string_view>

#pragma GCC visibility push(default)

namespace gauntlet::@name@ {

struct version {
  std::array<unsigned, 3> numbers{};
  bool preview = false;  ///< something followed the numbers, as in "2.0.0-rc1"
};

/// Of the library that this was compiled for, as its package says it.
version compiled_version() noexcept;

/// "1.4" is 1.4.0. Throws gauntlet::misuse for a text that begins with no number, or with one beyond 999,999.
version parse_version(std::string_view text,
                      std::source_location where = std::source_location::current());

/// A preview is not yet the version that it is a preview of.
bool is_at_least(const version& have, const version& wanted) noexcept;

}  // namespace gauntlet::@name@

#pragma GCC visibility pop
