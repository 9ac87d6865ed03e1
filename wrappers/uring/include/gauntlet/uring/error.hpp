#pragma once
/// What the kernel answers when something outside the program went wrong.

#include <source_location>
#include <string_view>

#include "gauntlet/error.hpp"
#include "gauntlet/outcome.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

/// Its code is an errno, of std::system_category(). subject() is what it happened to: a descriptor, a path,
/// the ring.
class error : public gauntlet::error {
 public:
  /// res: what a completion or a function of liburing says, negative.
  error(int res, std::string_view operation, std::string_view subject, std::source_location where,
        std::string_view detail = {});

  /// As the completion has it: -errno.
  int res() const noexcept { return -code().value(); }
};

/// How an operation ended: a value or an error.
template <class T = void>
using outcome = gauntlet::outcome<T, error>;

}  // namespace gauntlet::uring

#pragma GCC visibility pop
