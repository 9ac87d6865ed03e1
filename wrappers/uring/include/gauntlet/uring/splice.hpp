#pragma once
/// Bytes that go from one descriptor to another without a way through the program.

#include <cstddef>
#include <cstdint>
#include <source_location>

#include "gauntlet/uring/descriptor.hpp"
#include "gauntlet/uring/file_types.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {
namespace detail {

/// The descriptor that bytes come from; the one where they go is the operation's.
struct kept_source {
  descriptor_use from{};
  bool works_on(const descriptor_block& asked) const noexcept { return from.get() == &asked; }
  void ended() noexcept { from.reset(); }
};

}  // namespace detail

/// Moves up to size bytes, of which one side must be a pipe, whose offset is current_position; answers how
/// many, 0 at the end (IORING_OP_SPLICE).
detail::ring_operation<std::size_t, detail::kept_source> splice(
    const any_descriptor& from, std::uint64_t from_offset, const any_descriptor& to, std::uint64_t to_offset,
    std::uint32_t size, splice_flags flags = splice_flags::none,
    std::source_location where = std::source_location::current());

/// Copies up to size bytes from one pipe to another, and leaves them there; answers how many
/// (IORING_OP_TEE).
detail::ring_operation<std::size_t, detail::kept_source> tee(
    const any_descriptor& from, const any_descriptor& to, std::uint32_t size,
    splice_flags flags = splice_flags::none, std::source_location where = std::source_location::current());

}  // namespace gauntlet::uring

#pragma GCC visibility pop
