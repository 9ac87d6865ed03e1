#pragma once
/// Buffers that the kernel chooses from when something has come, so that a thousand idle connections hold
/// none.

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <utility>

#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

namespace detail {

class buffer_group;

/// Keeps a group's memory and its registration.
class buffer_group_use {
 public:
  explicit buffer_group_use(buffer_group& used) noexcept;
  buffer_group_use(buffer_group_use&& other) noexcept : used_(std::exchange(other.used_, nullptr)) {}
  buffer_group_use& operator=(buffer_group_use&& other) noexcept {
    std::swap(used_, other.used_);
    return *this;
  }
  ~buffer_group_use();
  buffer_group* get() const noexcept { return used_; }
  buffer_group* release() noexcept { return std::exchange(used_, nullptr); }

 private:
  buffer_group* used_;
};

}  // namespace detail

/// A buffer that the kernel has filled, until this dies: then it is the kernel's again. On any thread. Empty
/// is what there is at the end of a stream.
class provided_buffer {
 public:
  provided_buffer() noexcept = default;
  provided_buffer(provided_buffer&& other) noexcept
      : group_(std::exchange(other.group_, nullptr)),
        bytes_(std::exchange(other.bytes_, {})),
        number_(other.number_) {}
  provided_buffer& operator=(provided_buffer&& other) noexcept {
    provided_buffer taken(std::move(other));
    std::swap(group_, taken.group_);
    std::swap(bytes_, taken.bytes_);
    std::swap(number_, taken.number_);
    return *this;
  }
  ~provided_buffer() { give_back(); }

  /// What has come; as long as this lives, though the ring and the buffer_ring may have gone.
  std::span<std::byte> bytes() const noexcept { return bytes_; }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }
  explicit operator bool() const noexcept { return !empty(); }

  /// The kernel may fill it anew. False: there was none, or the ring is closed and nothing will fill it.
  bool give_back() noexcept;

 private:
  friend class detail::buffer_group;
  provided_buffer(detail::buffer_group& group, std::span<std::byte> bytes, std::uint16_t number) noexcept
      : group_(&group), bytes_(bytes), number_(number) {}

  detail::buffer_group* group_ = nullptr;
  std::span<std::byte> bytes_;
  std::uint16_t number_ = 0;
};

struct buffer_ring_options {
  /// A power of two, to 32768.
  std::uint32_t count = 256;
  /// Of each, in bytes.
  std::uint32_t size = 4096;
  /// Each is given to the kernel by a submission (IORING_OP_PROVIDE_BUFFERS, Linux 5.7), as kernels have it
  /// that know no rings of buffers; there it is so without being asked.
  bool by_submissions = false;
};

/// Buffers of one size, registered with a ring as a group whose number the ring chooses
/// (io_uring_register_buf_ring, Linux 5.19). Destroyed, it stays until the last operation that may take one
/// of its buffers has ended and the last provided_buffer has died.
class buffer_ring {
 public:
  explicit buffer_ring(ring& on, buffer_ring_options options = {},
                       std::source_location where = std::source_location::current());
  buffer_ring(buffer_ring&& other) noexcept : group_(std::exchange(other.group_, nullptr)) {}
  buffer_ring& operator=(buffer_ring&& other) noexcept;
  ~buffer_ring();

  std::uint32_t count(std::source_location where = std::source_location::current()) const;
  std::uint32_t buffer_size(std::source_location where = std::source_location::current()) const;
  /// How many the kernel can still fill: the others are held as provided_buffer.
  std::uint32_t available(std::source_location where = std::source_location::current()) const;
  /// The number of the group, for what is submitted with native().
  std::uint16_t group(std::source_location where = std::source_location::current()) const;

 private:
  friend class detail::buffer_group;
  detail::buffer_group* group_;
};

}  // namespace gauntlet::uring

#pragma GCC visibility pop
