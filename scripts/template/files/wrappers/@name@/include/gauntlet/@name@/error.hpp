#pragma once
/// What can go wrong in @package@.

#include <source_location>
#include <string_view>
#include <system_error>

#include "gauntlet/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::@name@ {

/// To do: the library's own numbers, each under its own name, with a static_assert in error.cpp that says so.
enum class errc {
  failed = 1,  ///< the library said no more than that
};

/// To do: which of them compare equal to a std::errc.
const std::error_category& @name@_category() noexcept;
std::error_code make_error_code(errc code) noexcept;

/// Empty for a number that is none: what comes from C is not believed.
std::string_view name(errc code) noexcept;

/// To do: the facts that the library knows of a failure, and its own sentence as the detail.
class error : public gauntlet::error {
 public:
  /// operation: what was being done ("read a header"). subject: to what ("in.txt"). detail: what is known beyond the
  /// code; may be empty. where: the place in the caller's code.
  error(errc code, std::string_view operation, std::string_view subject, std::string_view detail,
        std::source_location where);
};

}  // namespace gauntlet::@name@

template <>
struct std::is_error_code_enum<gauntlet::@name@::errc> : std::true_type {};

#pragma GCC visibility pop
