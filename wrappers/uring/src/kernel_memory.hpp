#pragma once
// What tools that follow memory are told of operations: opcode::lends when one begins, opcode::written when
// it has succeeded.

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "gauntlet/lend.hpp"
#include "gauntlet/memory_checker.hpp"
#include "gauntlet/uring/kept.hpp"
#include "gauntlet/uring/operation.hpp"

namespace gauntlet::uring::detail {

/// The kernel wrote res bytes at operands.address, or read them. Asked for the whole length of a message
/// (MSG_TRUNC) it answers more than it has written.
inline void bytes_written(const operands& on, std::int32_t res) noexcept {
  const std::size_t size = std::min<std::size_t>(static_cast<std::size_t>(res), on.length);
  check_allocated(on.address, size);
  mark_written(on.address, size);
}
inline void bytes_read(const operands& on, std::int32_t res) noexcept {
  check_allocated(on.address, static_cast<std::size_t>(res));
}

/// operands.length bytes at operands.address are the kernel's to write, or to read.
inline void lend_to_write(const operands& on, lend& lent) {
  // SAFETY: what the kernel is to write to was not const when the operation was made.
  lent.for_writing({static_cast<std::byte*>(const_cast<void*>(on.address)), on.length});
}
inline void lend_to_read(const operands& on, lend& lent) {
  lent.for_reading({static_cast<const std::byte*>(on.address), on.length});
}

/// Of an attribute, whose size may only have been asked for.
inline void value_written(const operands& on, std::int32_t res) noexcept {
  if (on.length != 0) bytes_written(on, res);
}

static_assert(sizeof(memory_range) == sizeof(iovec) &&
              offsetof(memory_range, address) == offsetof(iovec, iov_base) &&
              offsetof(memory_range, size) == offsetof(iovec, iov_len));

/// The same of operands.length memory_ranges there.
template <class Tell>
void for_each_range(const operands& on, std::int32_t res, Tell tell) {
  // SAFETY: kept_ranges put them there.
  const auto* const ranges = static_cast<const memory_range*>(on.address);
  auto left = static_cast<std::size_t>(res);
  for (std::uint32_t i = 0; i < on.length && left != 0; ++i) {
    const std::size_t part = std::min(left, ranges[i].size);
    tell(ranges[i].address, part);
    left -= part;
  }
}
inline void lend_ranges_to_write(const operands& on, lend& lent) {
  for_each_range(on, INT32_MAX, [&](void* memory, std::size_t size) {
    lent.for_writing({static_cast<std::byte*>(memory), size});
  });
}
inline void lend_ranges_to_read(const operands& on, lend& lent) {
  for_each_range(on, INT32_MAX, [&](const void* memory, std::size_t size) {
    lent.for_reading({static_cast<const std::byte*>(memory), size});
  });
}
inline void ranges_written(const operands& on, std::int32_t res) noexcept {
  for_each_range(on, res, [](const void* memory, std::size_t size) noexcept {
    check_allocated(memory, size);
    mark_written(memory, size);
  });
}
inline void ranges_read(const operands& on, std::int32_t res) noexcept {
  for_each_range(on, res,
                 [](const void* memory, std::size_t size) noexcept { check_allocated(memory, size); });
}

}  // namespace gauntlet::uring::detail
