#pragma once
/// Files, read and written at a place or at their own position.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uring/descriptor.hpp"
#include "gauntlet/uring/file_types.hpp"
#include "gauntlet/uring/kept.hpp"
#include "gauntlet/uring/registered_buffers.hpp"
#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {
namespace detail {

struct file_access;

/// Of Base, a descriptor of the system's or a place in the ring's table of files.
///
/// Spans must live, and stay untouched, until the operation has been awaited: the frame that awaits it lives
/// as long, and what it holds. Lists of spans are copied. Buffers are moved in and handed back with the
/// result; after an error the operation has them, for take_buffer(), and frees them.
///
/// At most 2 GiB less a page are read or written at once by what is _some.
template <class Base>
class file_operations : public Base {
 public:
  // ---- reading

  /// At least one byte, or 0 at the end of the file (IORING_OP_READ).
  ring_operation<std::size_t> read_some(std::span<std::byte> into, std::uint64_t offset = current_position,
                                        std::source_location where = std::source_location::current());
  template <std::same_as<owned_buffer> Buffer>
  ring_operation<transfer, kept_buffer> read_some(
      Buffer into, std::uint64_t offset = current_position,
      std::source_location where = std::source_location::current()) {
    return read_owned(std::move(into), offset, where);
  }
  /// Into several, one after the other (IORING_OP_READV).
  ring_operation<std::size_t, kept_ranges> read_some(
      std::span<const std::span<std::byte>> into, std::uint64_t offset = current_position,
      rw_flags flags = rw_flags::none, std::source_location where = std::source_location::current());
  ring_operation<vectored_transfer, kept_buffers> read_some(
      std::vector<owned_buffer> into, std::uint64_t offset = current_position,
      rw_flags flags = rw_flags::none, std::source_location where = std::source_location::current());
  /// Into memory that the ring knows (IORING_OP_READ_FIXED).
  ring_operation<std::size_t, kept_fixed_buffer> read_some(
      fixed_buffer into, std::uint64_t offset = current_position,
      std::source_location where = std::source_location::current());
  /// Reads on until the span is full; fewer bytes: the file has ended (IORING_OP_READ, as often as needed).
  /// After an error, or where it was cancelled, it is not known how much was read.
  ring_operation<std::size_t, kept_whole<nothing_kept>> read_exactly(
      std::span<std::byte> into, std::uint64_t offset = current_position,
      std::source_location where = std::source_location::current());
  template <std::same_as<owned_buffer> Buffer>
  ring_operation<transfer, kept_whole<kept_buffer>> read_exactly(
      Buffer into, std::uint64_t offset = current_position,
      std::source_location where = std::source_location::current()) {
    return read_owned_exactly(std::move(into), offset, where);
  }

  // ---- writing

  /// At least one byte of them, unless there is none (IORING_OP_WRITE).
  ring_operation<std::size_t> write_some(std::span<const std::byte> bytes,
                                         std::uint64_t offset = current_position,
                                         std::source_location where = std::source_location::current());
  template <std::same_as<owned_buffer> Buffer>
  ring_operation<transfer, kept_buffer> write_some(
      Buffer bytes, std::uint64_t offset = current_position,
      std::source_location where = std::source_location::current()) {
    return write_owned(std::move(bytes), offset, where);
  }
  /// Of several, one after the other (IORING_OP_WRITEV).
  ring_operation<std::size_t, kept_ranges> write_some(
      std::span<const std::span<const std::byte>> bytes, std::uint64_t offset = current_position,
      rw_flags flags = rw_flags::none, std::source_location where = std::source_location::current());
  ring_operation<vectored_transfer, kept_buffers> write_some(
      std::vector<owned_buffer> bytes, std::uint64_t offset = current_position,
      rw_flags flags = rw_flags::none, std::source_location where = std::source_location::current());
  /// From memory that the ring knows (IORING_OP_WRITE_FIXED).
  ring_operation<std::size_t, kept_fixed_buffer> write_some(
      fixed_buffer bytes, std::uint64_t offset = current_position,
      std::source_location where = std::source_location::current());
  /// Writes on until all are written; answers how many that were, all of them (IORING_OP_WRITE, as often as
  /// needed). After an error, or where it was cancelled, it is not known how much was written.
  ring_operation<std::size_t, kept_whole<nothing_kept>> write_all(
      std::span<const std::byte> bytes, std::uint64_t offset = current_position,
      std::source_location where = std::source_location::current());
  template <std::same_as<owned_buffer> Buffer>
  ring_operation<transfer, kept_whole<kept_buffer>> write_all(
      Buffer bytes, std::uint64_t offset = current_position,
      std::source_location where = std::source_location::current()) {
    return write_owned_all(std::move(bytes), offset, where);
  }

  // ---- the disk, and what is known of it

  /// Data and metadata reach the device (IORING_OP_FSYNC).
  ring_operation<void> fsync(std::source_location where = std::source_location::current());
  /// The same, without what reading the file does not need (IORING_OP_FSYNC).
  ring_operation<void> fdatasync(std::source_location where = std::source_location::current());
  /// Of a part, and without metadata: no protection where the power fails. length 0: to the end
  /// (IORING_OP_SYNC_FILE_RANGE).
  ring_operation<void> sync_file_range(std::uint64_t offset, std::uint32_t length,
                                       sync_range how = sync_range::write,
                                       std::source_location where = std::source_location::current());
  /// Takes room on the disk, or gives it back (IORING_OP_FALLOCATE).
  ring_operation<void> fallocate(fallocate_mode mode, std::uint64_t offset, std::uint64_t length,
                                 std::source_location where = std::source_location::current());
  /// Says how it will be read. length 0: to the end (IORING_OP_FADVISE). 4 GiB and more need liburing 2.7.
  ring_operation<void> fadvise(std::uint64_t offset, std::uint64_t length, file_advice advice,
                               std::source_location where = std::source_location::current());
  /// To size bytes; a longer file ends in zeros (IORING_OP_FTRUNCATE: liburing 2.6, Linux 6.9).
  ring_operation<void> ftruncate(std::uint64_t size,
                                 std::source_location where = std::source_location::current());
  /// Of a block device: what is there is no longer needed (BLOCK_URING_CMD_DISCARD: liburing 2.8, Linux
  /// 6.12).
  ring_operation<void> discard(std::uint64_t offset, std::uint64_t length,
                               std::source_location where = std::source_location::current());

  /// Answers the size of the attribute's value; of an empty span, the size that is needed
  /// (IORING_OP_FGETXATTR).
  ring_operation<std::size_t, kept_attribute> getxattr(
      std::string_view name, std::span<std::byte> into,
      std::source_location where = std::source_location::current());
  /// (IORING_OP_FSETXATTR)
  ring_operation<void, kept_attribute> setxattr(std::string_view name, std::span<const std::byte> value,
                                                xattr_mode mode = xattr_mode::set,
                                                std::source_location where = std::source_location::current());

 protected:
  using Base::Base;

 private:
  ring_operation<transfer, kept_buffer> read_owned(owned_buffer into, std::uint64_t offset,
                                                   const std::source_location& where);
  ring_operation<transfer, kept_buffer> write_owned(owned_buffer bytes, std::uint64_t offset,
                                                    const std::source_location& where);
  ring_operation<transfer, kept_whole<kept_buffer>> read_owned_exactly(owned_buffer into,
                                                                       std::uint64_t offset,
                                                                       const std::source_location& where);
  ring_operation<transfer, kept_whole<kept_buffer>> write_owned_all(owned_buffer bytes, std::uint64_t offset,
                                                                    const std::source_location& where);
};

extern template class file_operations<descriptor>;
extern template class file_operations<fixed_descriptor>;

}  // namespace detail

/// An open file, or whatever is read and written like one: a pipe, a terminal, a device.
class file : public detail::file_operations<descriptor> {
 public:
  /// Takes a descriptor over, which the file closes from now on.
  file(ring& on, int number, std::source_location where = std::source_location::current());

 private:
  friend struct detail::file_access;
  file(detail::ring_core& ring, int number) : file_operations(ring, number) {}
};

}  // namespace gauntlet::uring

#pragma GCC visibility pop
