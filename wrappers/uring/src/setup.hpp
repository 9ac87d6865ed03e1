#pragma once
// How a ring comes from the kernel, and why it does not.

#include <source_location>
#include <string>

#include "gauntlet/uring/ring.hpp"

namespace gauntlet::uring::detail {

/// Throws error with the reason and what would help.
io_uring* set_up(const ring_options& options, const std::source_location& where);

void tear_down(io_uring* ring) noexcept;

/// A sentence with the reason and what would help; nothing where the errno says all.
std::string why_no_ring(int status, const ring_options& options);

/// io_uring_register, of what liburing 2.3 has functions for but does not export. A negative errno, or its
/// answer.
int register_with(io_uring* ring, unsigned code, const void* argument, unsigned count) noexcept;

}  // namespace gauntlet::uring::detail
