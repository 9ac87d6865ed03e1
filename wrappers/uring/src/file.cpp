#include "gauntlet/uring/file.hpp"

#include <cerrno>

#include "buffer_table_block.hpp"
#include "common_queues.hpp"
#include "descriptor_block.hpp"
#include "file_access.hpp"
#include "gauntlet/detail/c_text.hpp"
#include "kernel_memory.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring {
namespace detail {

using gauntlet::detail::c_text;

std::int32_t nothing_written() noexcept { return -EIO; }

std::uint32_t most_at_once(std::size_t size) noexcept {
  constexpr std::size_t most = 0x7ffff000;  // MAX_RW_COUNT
  return static_cast<std::uint32_t>(std::min(size, most));
}

namespace {

// ---- opcodes

// SAFETY (both): kept_ranges put them there, and they are laid out as iovecs are.
int queue_readv(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_readv2(ring, entry, on.fd, static_cast<const iovec*>(on.address), on.length,
                                     on.offset, on.flags);
}
int queue_writev(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_writev2(ring, entry, on.fd, static_cast<const iovec*>(on.address), on.length,
                                      on.offset, on.flags);
}
int queue_read_fixed(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_read_fixed(ring, entry, on.fd, const_cast<void*>(on.address), on.length,
                                         on.offset, on.second_fd);
}
int queue_write_fixed(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_write_fixed(ring, entry, on.fd, on.address, on.length, on.offset, on.second_fd);
}
int queue_fsync(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_fsync(ring, entry, on.fd, static_cast<unsigned>(on.flags));
}
int queue_sync_file_range(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_sync_file_range(ring, entry, on.fd, on.length, on.offset, on.flags);
}
int queue_fallocate(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_fallocate(ring, entry, on.fd, on.flags, on.offset, on.second_offset);
}
/// Kernels before 6.11 take 32 bits only, and a large size for none.
int queue_fadvise(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  if (on.second_offset <= UINT32_MAX)
    return gauntlet_uring_queue_fadvise(ring, entry, on.fd, on.offset,
                                        static_cast<std::uint32_t>(on.second_offset), on.flags);
  return gauntlet_uring_queue_fadvise64(ring, entry, on.fd, on.offset,
                                        static_cast<std::int64_t>(on.second_offset), on.flags);
}
int queue_ftruncate(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_ftruncate(ring, entry, on.fd, static_cast<std::int64_t>(on.offset));
}
int queue_discard(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_cmd_discard(ring, entry, on.fd, on.offset, on.second_offset);
}
// SAFETY (both): kept_attribute put its name there; the value is the caller's.
int queue_fgetxattr(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_fgetxattr(ring, entry, on.fd, static_cast<const char*>(on.second_address),
                                        static_cast<char*>(const_cast<void*>(on.address)), on.length);
}
int queue_fsetxattr(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_fsetxattr(ring, entry, on.fd, static_cast<const char*>(on.second_address),
                                        static_cast<const char*>(on.address), on.flags, on.length);
}

constexpr opcode read_code{.kind = "file::read_some",
                           .queue = queue_read,
                           .written = bytes_written,
                           .lends = lend_to_write,
                           .queue_plainly = plainly<queue_read>};
constexpr opcode write_code{.kind = "file::write_some",
                            .queue = queue_write,
                            .written = bytes_read,
                            .lends = lend_to_read,
                            .queue_plainly = plainly<queue_write>};
constexpr opcode read_exactly_code{.kind = "file::read_exactly",
                                   .queue = queue_read,
                                   .written = bytes_written,
                                   .lends = lend_to_write,
                                   .in_parts = true,
                                   .queue_plainly = plainly<queue_read>};
constexpr opcode write_all_code{.kind = "file::write_all",
                                .queue = queue_write,
                                .written = bytes_read,
                                .lends = lend_to_read,
                                .in_parts = true,
                                .queue_plainly = plainly<queue_write>};
constexpr opcode readv_code{.kind = "file::read_some",
                            .queue = queue_readv,
                            .written = ranges_written,
                            .lends = lend_ranges_to_write};
constexpr opcode writev_code{
    .kind = "file::write_some", .queue = queue_writev, .written = ranges_read, .lends = lend_ranges_to_read};
constexpr opcode read_fixed_code{
    .kind = "file::read_some", .queue = queue_read_fixed, .written = bytes_written, .lends = lend_to_write};
constexpr opcode write_fixed_code{
    .kind = "file::write_some", .queue = queue_write_fixed, .written = bytes_read, .lends = lend_to_read};
constexpr opcode fsync_code{.kind = "file::fsync", .queue = queue_fsync};
constexpr opcode fdatasync_code{.kind = "file::fdatasync", .queue = queue_fsync};
constexpr opcode sync_file_range_code{.kind = "file::sync_file_range", .queue = queue_sync_file_range};
constexpr opcode fallocate_code{.kind = "file::fallocate", .queue = queue_fallocate};
constexpr opcode fadvise_code{.kind = "file::fadvise", .queue = queue_fadvise};
constexpr opcode ftruncate_code{.kind = "file::ftruncate", .queue = queue_ftruncate};
constexpr opcode discard_code{.kind = "file::discard", .queue = queue_discard};
constexpr opcode fgetxattr_code{
    .kind = "file::getxattr", .queue = queue_fgetxattr, .written = value_written, .lends = lend_to_write};
constexpr opcode fsetxattr_code{
    .kind = "file::setxattr", .queue = queue_fsetxattr, .written = bytes_read, .lends = lend_to_read};

// ---- operands and values

operands of_bytes(std::span<const std::byte> bytes, std::uint64_t offset) noexcept {
  return {.length = most_at_once(bytes.size()), .offset = offset, .address = bytes.data()};
}

template <class Span>
kept_ranges ranges_of(std::span<const Span> spans) {
  kept_ranges ranges(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i)
    // SAFETY: what is written from is not written to.
    ranges.data()[i] = {const_cast<std::byte*>(spans[i].data()), spans[i].size()};
  return ranges;
}
kept_buffers kept_of(std::vector<owned_buffer>&& buffers) {
  const std::size_t count = buffers.size();
  return {.buffers = std::move(buffers), .ranges = kept_ranges(count)};
}
operands of_ranges(std::size_t count, std::uint64_t offset, rw_flags flags) noexcept {
  return {.flags = static_cast<int>(flags),
          .length = static_cast<std::uint32_t>(std::min<std::size_t>(count, UINT32_MAX)),
          .offset = offset};
}

template <class Kept>
transfer take_transfer(submission<Kept>& ended) noexcept {
  return {.size = static_cast<std::size_t>(ended.res()), .buffer = std::move(ended.kept().buffer)};
}
vectored_transfer take_vectored(submission<kept_buffers>& ended) noexcept {
  return {.size = static_cast<std::size_t>(ended.res()), .buffers = std::move(ended.kept().buffers)};
}
std::size_t whole_count(submission<kept_whole<nothing_kept>>& ended) noexcept { return ended.kept().done; }
transfer take_whole(submission<kept_whole<kept_buffer>>& ended) noexcept {
  return {.size = ended.kept().done, .buffer = std::move(ended.kept().buffer)};
}

operands of_fixed(const fixed_buffer& buffer, const descriptor_block& on, const char* operation,
                  std::uint64_t offset, const std::source_location& where) {
  operands with = of_bytes(buffer.bytes(), offset);
  with.second_fd = static_cast<int>(buffer_access::require(buffer, on.ring(), operation, where));
  return with;
}

}  // namespace

// ---- reading

template <class Base>
ring_operation<std::size_t> file_operations<Base>::read_some(std::span<std::byte> into, std::uint64_t offset,
                                                             std::source_location where) {
  return {this->use(read_code.kind, where), read_code, of_bytes(into, offset), count_of, where};
}

template <class Base>
ring_operation<transfer, kept_buffer> file_operations<Base>::read_owned(owned_buffer into,
                                                                        std::uint64_t offset,
                                                                        const std::source_location& where) {
  const operands with = of_bytes(into.writable(where), offset);
  return {this->use(read_code.kind, where), read_code, with, take_transfer, where, {std::move(into)}};
}

template <class Base>
ring_operation<std::size_t, kept_ranges> file_operations<Base>::read_some(
    std::span<const std::span<std::byte>> into, std::uint64_t offset, rw_flags flags,
    std::source_location where) {
  return {this->use(readv_code.kind, where),
          readv_code,
          of_ranges(into.size(), offset, flags),
          count_of,
          where,
          ranges_of(into)};
}

template <class Base>
ring_operation<vectored_transfer, kept_buffers> file_operations<Base>::read_some(
    std::vector<owned_buffer> into, std::uint64_t offset, rw_flags flags, std::source_location where) {
  for (owned_buffer& buffer : into) static_cast<void>(buffer.writable(where));
  const operands with = of_ranges(into.size(), offset, flags);
  return {this->use(readv_code.kind, where), readv_code, with, take_vectored, where,
          kept_of(std::move(into))};
}

template <class Base>
ring_operation<std::size_t, kept_fixed_buffer> file_operations<Base>::read_some(fixed_buffer into,
                                                                                std::uint64_t offset,
                                                                                std::source_location where) {
  descriptor_block& on = this->use(read_fixed_code.kind, where);
  const operands with = of_fixed(into, on, read_fixed_code.kind, offset, where);
  return {on, read_fixed_code, with, count_of, where, {std::move(into)}};
}

template <class Base>
ring_operation<std::size_t, kept_whole<nothing_kept>> file_operations<Base>::read_exactly(
    std::span<std::byte> into, std::uint64_t offset, std::source_location where) {
  return {this->use(read_exactly_code.kind, where),
          read_exactly_code,
          of_bytes(into, offset),
          whole_count,
          where,
          {{}, into.size()}};
}

template <class Base>
ring_operation<transfer, kept_whole<kept_buffer>> file_operations<Base>::read_owned_exactly(
    owned_buffer into, std::uint64_t offset, const std::source_location& where) {
  const std::span<std::byte> room = into.writable(where);
  return {
      this->use(read_exactly_code.kind, where), read_exactly_code, of_bytes(room, offset), take_whole, where,
      {{std::move(into)}, room.size()}};
}

// ---- writing

template <class Base>
ring_operation<std::size_t> file_operations<Base>::write_some(std::span<const std::byte> bytes,
                                                              std::uint64_t offset,
                                                              std::source_location where) {
  return {this->use(write_code.kind, where), write_code, of_bytes(bytes, offset), count_of, where};
}

template <class Base>
ring_operation<transfer, kept_buffer> file_operations<Base>::write_owned(owned_buffer bytes,
                                                                         std::uint64_t offset,
                                                                         const std::source_location& where) {
  const operands with = of_bytes(bytes.bytes(), offset);
  return {this->use(write_code.kind, where), write_code, with, take_transfer, where, {std::move(bytes)}};
}

template <class Base>
ring_operation<std::size_t, kept_ranges> file_operations<Base>::write_some(
    std::span<const std::span<const std::byte>> bytes, std::uint64_t offset, rw_flags flags,
    std::source_location where) {
  return {this->use(writev_code.kind, where),
          writev_code,
          of_ranges(bytes.size(), offset, flags),
          count_of,
          where,
          ranges_of(bytes)};
}

template <class Base>
ring_operation<vectored_transfer, kept_buffers> file_operations<Base>::write_some(
    std::vector<owned_buffer> bytes, std::uint64_t offset, rw_flags flags, std::source_location where) {
  const operands with = of_ranges(bytes.size(), offset, flags);
  return {this->use(writev_code.kind, where), writev_code, with, take_vectored, where,
          kept_of(std::move(bytes))};
}

template <class Base>
ring_operation<std::size_t, kept_fixed_buffer> file_operations<Base>::write_some(fixed_buffer bytes,
                                                                                 std::uint64_t offset,
                                                                                 std::source_location where) {
  descriptor_block& on = this->use(write_fixed_code.kind, where);
  const operands with = of_fixed(bytes, on, write_fixed_code.kind, offset, where);
  return {on, write_fixed_code, with, count_of, where, {std::move(bytes)}};
}

template <class Base>
ring_operation<std::size_t, kept_whole<nothing_kept>> file_operations<Base>::write_all(
    std::span<const std::byte> bytes, std::uint64_t offset, std::source_location where) {
  return {this->use(write_all_code.kind, where),
          write_all_code,
          of_bytes(bytes, offset),
          whole_count,
          where,
          {{}, bytes.size(), 0, true}};
}

template <class Base>
ring_operation<transfer, kept_whole<kept_buffer>> file_operations<Base>::write_owned_all(
    owned_buffer bytes, std::uint64_t offset, const std::source_location& where) {
  const std::span<const std::byte> all = bytes.bytes();
  return {this->use(write_all_code.kind, where),    write_all_code, of_bytes(all, offset), take_whole, where,
          {{std::move(bytes)}, all.size(), 0, true}};
}

// ---- the disk

template <class Base>
ring_operation<void> file_operations<Base>::fsync(std::source_location where) {
  return {this->use(fsync_code.kind, where), fsync_code, {}, no_value, where};
}

template <class Base>
ring_operation<void> file_operations<Base>::fdatasync(std::source_location where) {
  return {this->use(fdatasync_code.kind, where),
          fdatasync_code,
          {.flags = IORING_FSYNC_DATASYNC},
          no_value,
          where};
}

template <class Base>
ring_operation<void> file_operations<Base>::sync_file_range(std::uint64_t offset, std::uint32_t length,
                                                            sync_range how, std::source_location where) {
  return {this->use(sync_file_range_code.kind, where),
          sync_file_range_code,
          {.flags = static_cast<int>(how), .length = length, .offset = offset},
          no_value,
          where};
}

template <class Base>
ring_operation<void> file_operations<Base>::fallocate(fallocate_mode mode, std::uint64_t offset,
                                                      std::uint64_t length, std::source_location where) {
  return {this->use(fallocate_code.kind, where),
          fallocate_code,
          {.flags = static_cast<int>(mode), .offset = offset, .second_offset = length},
          no_value,
          where};
}

template <class Base>
ring_operation<void> file_operations<Base>::fadvise(std::uint64_t offset, std::uint64_t length,
                                                    file_advice advice, std::source_location where) {
  return {this->use(fadvise_code.kind, where),
          fadvise_code,
          {.flags = static_cast<int>(advice), .offset = offset, .second_offset = length},
          no_value,
          where};
}

template <class Base>
ring_operation<void> file_operations<Base>::ftruncate(std::uint64_t size, std::source_location where) {
  if (size > INT64_MAX)
    throw misuse(ftruncate_code.kind, "no file is that large: its size is 2^63 - 1 at most", where);
  return {this->use(ftruncate_code.kind, where), ftruncate_code, {.offset = size}, no_value, where};
}

template <class Base>
ring_operation<void> file_operations<Base>::discard(std::uint64_t offset, std::uint64_t length,
                                                    std::source_location where) {
  return {this->use(discard_code.kind, where),
          discard_code,
          {.offset = offset, .second_offset = length},
          no_value,
          where};
}

// ---- attributes

template <class Base>
ring_operation<std::size_t, kept_attribute> file_operations<Base>::getxattr(std::string_view name,
                                                                            std::span<std::byte> into,
                                                                            std::source_location where) {
  return {this->use(fgetxattr_code.kind, where),
          fgetxattr_code,
          of_bytes(into, 0),
          count_of,
          where,
          {{}, c_text(name, fgetxattr_code.kind, "name", where)}};
}

template <class Base>
ring_operation<void, kept_attribute> file_operations<Base>::setxattr(std::string_view name,
                                                                     std::span<const std::byte> value,
                                                                     xattr_mode mode,
                                                                     std::source_location where) {
  operands with = of_bytes(value, 0);
  with.flags = static_cast<int>(mode);
  return {this->use(fsetxattr_code.kind, where),
          fsetxattr_code,
          with,
          no_value,
          where,
          {{}, c_text(name, fsetxattr_code.kind, "name", where)}};
}

template class file_operations<descriptor>;
template class file_operations<fixed_descriptor>;

}  // namespace detail

file::file(ring& on, int number, std::source_location where)
    : file_operations(detail::ring_core::of(on, "file", where), number) {}

}  // namespace gauntlet::uring
