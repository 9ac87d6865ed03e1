#pragma once
// How the operations are queued that several kinds of objects offer.

#include "gauntlet/shim/uring.h"
#include "gauntlet/uring/operation.hpp"

namespace gauntlet::uring::detail {

inline int queue_nop(io_uring* ring, gauntlet_uring_entry entry, const operands&) noexcept {
  return gauntlet_uring_queue_nop(ring, entry);
}
inline int queue_read(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_read(ring, entry, on.fd, const_cast<void*>(on.address), on.length, on.offset);
}
inline int queue_write(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_write(ring, entry, on.fd, on.address, on.length, on.offset);
}

}  // namespace gauntlet::uring::detail
