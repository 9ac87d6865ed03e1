#pragma once
/// Memory that the kernel knows: it is looked up and pinned once, and not for each read and write.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uring/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

class ring;

namespace detail {

class buffer_table_block;
struct buffer_access;

}  // namespace detail

/// One of them, or a part of it. It keeps the memory, and the registration: copies may be held and used after
/// the registered_buffers have gone. Given to a read or write, that is IORING_OP_READ_FIXED or _WRITE_FIXED.
/// Its bytes are not the caller's while one is in flight.
class fixed_buffer {
 public:
  std::span<std::byte> bytes() const noexcept { return bytes_; }
  std::size_t size() const noexcept { return bytes_.size(); }
  /// Which of the ring's it is.
  std::uint32_t index() const noexcept { return index_; }
  /// A part of it; misuse where that reaches beyond.
  fixed_buffer subspan(std::size_t begin, std::size_t size,
                       std::source_location where = std::source_location::current()) const;
  fixed_buffer first(std::size_t size, std::source_location where = std::source_location::current()) const {
    return subspan(0, size, where);
  }

 private:
  friend class registered_buffers;
  friend struct detail::buffer_access;
  fixed_buffer(std::shared_ptr<detail::buffer_table_block> table, std::shared_ptr<owned_buffer> memory,
               std::uint32_t index);

  std::shared_ptr<detail::buffer_table_block> table_;
  std::shared_ptr<owned_buffer> memory_;
  std::span<std::byte> bytes_;
  std::uint32_t index_;
};

/// The buffers of a ring, of which it has one table at a time. They stay registered until this and the last
/// fixed_buffer of it have gone.
///
/// Registered memory counts as locked memory (RLIMIT_MEMLOCK, `ulimit -l`): an error, not_enough_memory, says
/// so.
class registered_buffers {
 public:
  /// So many of that size, whose addresses are multiples of a page: good for open_flags::direct, too
  /// (io_uring_register_buffers).
  registered_buffers(ring& on, std::size_t count, std::size_t size,
                     std::source_location where = std::source_location::current());
  /// These; none may be empty.
  registered_buffers(ring& on, std::vector<owned_buffer> buffers,
                     std::source_location where = std::source_location::current());
  /// Room for so many, and none yet (io_uring_register_buffers_sparse).
  static registered_buffers sparse(ring& on, std::size_t places,
                                   std::source_location where = std::source_location::current());
  registered_buffers(registered_buffers&&) noexcept = default;
  registered_buffers& operator=(registered_buffers&&) noexcept = default;
  ~registered_buffers() = default;

  std::size_t size(std::source_location where = std::source_location::current()) const;
  /// Misuse where there is none.
  fixed_buffer at(std::size_t index, std::source_location where = std::source_location::current()) const;
  /// In place of what is there (io_uring_register_buffers_update_tag). A fixed_buffer of that keeps its
  /// bytes, and is no longer good for reads and writes.
  void update(std::size_t index, owned_buffer buffer,
              std::source_location where = std::source_location::current());
  /// The same memory for another ring, which the kernel does not pin and count once more: all places, or
  /// count of them from first. What is put there later, in one of the two, the other has not. Both rings are
  /// this thread's; the other may be bound to its own afterwards (io_uring_clone_buffers: liburing 2.8,
  /// Linux 6.12; io_uring_clone_buffers_offset: 2.9, 6.13).
  registered_buffers clone_for(ring& other,
                               std::source_location where = std::source_location::current()) const;
  registered_buffers clone_for(ring& other, std::size_t first, std::size_t count,
                               std::source_location where = std::source_location::current()) const;

 private:
  explicit registered_buffers(std::shared_ptr<detail::buffer_table_block> table) noexcept
      : table_(std::move(table)) {}
  detail::buffer_table_block& use(const char* operation, const std::source_location& where) const;

  std::shared_ptr<detail::buffer_table_block> table_;
};

namespace detail {

/// Keeps it while the kernel works on it.
struct kept_fixed_buffer {
  fixed_buffer buffer;
};

}  // namespace detail
}  // namespace gauntlet::uring

#pragma GCC visibility pop
