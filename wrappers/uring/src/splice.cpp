#include "gauntlet/uring/splice.hpp"

#include "descriptor_block.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring {
namespace detail {
namespace {

constexpr int from_is_fixed = static_cast<int>(1U << 31);  // SPLICE_F_FD_IN_FIXED

int queue_splice(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_splice(ring, entry, on.second_fd, static_cast<std::int64_t>(on.second_offset),
                                     on.fd, static_cast<std::int64_t>(on.offset), on.length,
                                     static_cast<unsigned>(on.flags));
}
int queue_tee(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_tee(ring, entry, on.second_fd, on.fd, on.length,
                                  static_cast<unsigned>(on.flags));
}
constexpr opcode splice_code{.kind = "splice", .queue = queue_splice};
constexpr opcode tee_code{.kind = "tee", .queue = queue_tee};

ring_operation<std::size_t, kept_source> between(const opcode& code, const any_descriptor& from,
                                                 const any_descriptor& to, operands with, splice_flags flags,
                                                 const std::source_location& where) {
  descriptor_block& source = descriptor_access::use(from, code.kind, where);
  descriptor_block& target = descriptor_access::use(to, code.kind, where);
  if (&source.ring() != &target.ring())
    throw misuse(code.kind, "they are of two rings: open both on one", where);
  with.second_fd = source.number();
  with.flags = static_cast<int>(flags) | (source.table() != nullptr ? from_is_fixed : 0);
  return {target, code, with, count_of, where, {descriptor_use(source)}};
}

}  // namespace
}  // namespace detail

detail::ring_operation<std::size_t, detail::kept_source> splice(
    const any_descriptor& from, std::uint64_t from_offset, const any_descriptor& to, std::uint64_t to_offset,
    std::uint32_t size, splice_flags flags, std::source_location where) {
  return detail::between(detail::splice_code, from, to,
                         {.length = size, .offset = to_offset, .second_offset = from_offset}, flags, where);
}

detail::ring_operation<std::size_t, detail::kept_source> tee(const any_descriptor& from,
                                                             const any_descriptor& to, std::uint32_t size,
                                                             splice_flags flags, std::source_location where) {
  return detail::between(detail::tee_code, from, to, {.length = size}, flags, where);
}

}  // namespace gauntlet::uring
