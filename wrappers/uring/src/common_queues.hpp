#pragma once
// How the operations are queued that several kinds of objects offer; inline, as they are the most frequent.

#include "gauntlet/shim/uring.h"
#include "gauntlet/uring/operation.hpp"
#include "library.hpp"

namespace gauntlet::uring::detail {

inline int queue_nop(io_uring* ring, gauntlet_uring_entry entry, const operands&) noexcept {
  return gauntlet_uring_inline_nop(ring, entry);
}
inline int queue_read(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_inline_read(ring, entry, on.fd, const_cast<void*>(on.address), on.length, on.offset);
}
inline int queue_write(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_inline_write(ring, entry, on.fd, on.address, on.length, on.offset);
}

}  // namespace gauntlet::uring::detail
