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

/// opcode::queue_plainly. Inline, what an entry may have besides is not looked at.
template <auto Queue>
int plainly(io_uring* ring, std::uint64_t user_data, std::uint8_t flags, const operands& on) noexcept {
  return Queue(ring, {.user_data = user_data, .flags = flags, .ioprio = 0, .buf_group = 0, .personality = 0},
               on);
}

}  // namespace gauntlet::uring::detail
