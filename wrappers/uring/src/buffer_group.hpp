#pragma once
// The pinned state of a buffer_ring: its memory and its registration, held by its owner, by each buffer that
// has been handed out and by each operation that may take one.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/lend.hpp"
#include "gauntlet/uring/buffer_ring.hpp"
#include "library.hpp"

namespace gauntlet::uring::detail {

class shot_block;

struct unmap_entries {
  std::size_t size = 0;
  void operator()(io_uring_buf_ring* entries) const noexcept;
};

class buffer_group : public gauntlet::detail::list_node<struct group_tag> {
 public:
  buffer_group(ring_core& ring, const buffer_ring_options& options, const std::source_location& where);
  buffer_group(const buffer_group&) = delete;
  buffer_group& operator=(const buffer_group&) = delete;

  static buffer_group& of(const buffer_ring& owner, const char* operation, const std::source_location& where);

  ring_core& ring() const noexcept { return *ring_; }
  std::uint16_t number() const noexcept { return number_; }
  std::uint32_t count() const noexcept { return count_; }
  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t available() const noexcept { return count_ - held_; }
  /// The same, when the kernel has found none.
  std::uint32_t refill() noexcept;

  void reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void unreference() noexcept;
  void owner_gone() noexcept;

  /// A completion has a buffer: it is the kernel's no more, and somebody will take() it.
  void arrived() noexcept { ++held_; }
  /// Of a completion that has a buffer: `size` bytes of it are written, or none, and it is the kernel's
  /// again.
  provided_buffer take(std::uint16_t buffer, std::size_t size) noexcept;
  /// The start of its memory.
  std::byte* address_of(std::uint16_t buffer) const noexcept {
    return memory_.get() + std::size_t{buffer} * size_;
  }
  /// Any thread. False: nothing will fill it.
  bool give_back(std::uint16_t buffer) noexcept;
  /// It is told when a buffer is there.
  void add_hungry(shot_block& waits) noexcept;
  /// Those that wait for one, on this descriptor or on any (nullptr), end; so many.
  std::size_t cancel(const descriptor_block* on) noexcept;

 private:
  friend class uring::provided_buffer;
  ~buffer_group();

  /// False: the kernel knows no rings of buffers.
  bool register_ring();
  void provide_all();
  void provide(std::uint16_t buffer) noexcept;
  void provide_waiting() noexcept;
  void lend_to_kernel(std::uint16_t buffer);
  void add(std::uint16_t buffer) noexcept;
  void give_back_here(std::uint16_t buffer) noexcept;
  bool give_back_elsewhere(std::uint16_t buffer) noexcept;
  void take_returned() noexcept;
  void feed() noexcept;

  ring_use ring_;
  std::uint32_t count_;
  std::uint32_t size_;
  std::uint16_t number_ = 0;
  bool registered_ = false;  // as a ring; else its buffers are provided by submissions
  std::uint32_t held_ = 0;   // that the kernel has filled and nobody given back
  std::unique_ptr<io_uring_buf_ring, unmap_entries> entries_;
  std::unique_ptr<std::byte[]> memory_;
  std::source_location where_;
  std::vector<lend> lent_;              // each buffer that is the kernel's
  std::vector<std::uint16_t> waiting_;  // for room in the queue to be provided; with room for all
  gauntlet::detail::intrusive_list<shot_block, struct hungry_tag> hungry_;
  std::atomic<std::size_t> references_{1};
  std::mutex mutex_;                     // for what follows
  std::vector<std::uint16_t> returned_;  // by other threads; with room for all
};

}  // namespace gauntlet::uring::detail
