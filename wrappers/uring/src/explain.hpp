#pragma once
// What the bare errno of an operation does not say.

#include <cstdint>
#include <string>

#include "gauntlet/uring/operation.hpp"

namespace gauntlet::uring::detail {

/// "6.18.44"; "unknown" where uname fails.
std::string kernel_release();

/// A sentence that names the reason, or nothing.
std::string why_refused(const opcode& code, const operands& on, std::int32_t res, bool iopoll);

}  // namespace gauntlet::uring::detail
