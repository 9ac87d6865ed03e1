#pragma once
// Which completion belongs to whom. The kernel hands back a number that may be old: user_data is never
// cleared in a submission queue entry, and a cancelled operation may still complete. So a number names a slot
// and its generation, and what does not fit finds nobody.

#include <algorithm>
#include <cstdint>
#include <memory>

#include "gauntlet/uring/operation.hpp"

namespace gauntlet::uring::detail {

class slot_table {
 public:
  /// Numbers up to here are no slot's: the ring's own.
  static constexpr std::uint64_t last_reserved = UINT32_MAX;

  bool full() const noexcept { return free_ == none; }
  std::uint32_t size_when_grown() const noexcept { return size_ == 0 ? first_slots : 2 * size_; }
  /// Throws std::bad_alloc, and then nothing has changed.
  void grow() {
    const std::uint32_t larger = size_when_grown();
    auto slots = std::make_unique<slot[]>(larger);
    std::copy_n(slots_.get(), size_, slots.get());
    for (std::uint32_t i = larger; i > size_; --i) {
      slots[i - 1] = {.user_data = generation | nobodys, .next_free = free_};
      free_ = i - 1;
    }
    slots_ = std::move(slots);
    size_ = larger;
  }
  /// Not while it is full(). Answers the number of what is now in flight.
  std::uint64_t take(completion_target& target) noexcept {
    const std::uint32_t index = free_;
    slot& taken = at(index);
    free_ = taken.next_free;
    taken.user_data = in_bounds((taken.user_data & ~index_bits) | index);
    taken.target = &target;
    return taken.user_data;
  }
  void release(std::uint64_t user_data) noexcept {
    const std::uint32_t index = index_of(user_data);
    slot& released = at(index);
    released.user_data = (user_data + generation) | nobodys;
    released.next_free = free_;
    free_ = index;
  }
  void release_all() noexcept {
    for (std::uint32_t i = 0; i < size_; ++i)
      if (at(i).is_taken()) release(at(i).user_data);
  }
  /// The number of the next one of the same target.
  std::uint64_t renew(std::uint64_t user_data) noexcept {
    return at(index_of(user_data)).user_data = in_bounds(user_data + generation);
  }

  /// What a cancel of it is answered with: no slot's, as it has no such generation.
  static constexpr std::uint64_t cancel_of(std::uint64_t user_data) noexcept {
    return user_data | cancel_bit;
  }
  static constexpr bool is_cancel(std::uint64_t user_data) noexcept { return (user_data & cancel_bit) != 0; }
  static constexpr std::uint64_t cancelled(std::uint64_t user_data) noexcept {
    return user_data & ~cancel_bit;
  }
  bool has(std::uint64_t user_data) const noexcept {
    const std::uint32_t index = index_of(user_data);
    return index < size_ && at(index).user_data == user_data;
  }
  /// Of one that it has.
  completion_target& target_of(std::uint64_t user_data) const noexcept {
    return *at(index_of(user_data)).target;
  }
  /// nullptr: nobody waits for it any more.
  completion_target* find(std::uint64_t user_data) const noexcept {
    return has(user_data) ? &target_of(user_data) : nullptr;
  }

  /// It will be delivered soon. With a thousand in flight who waits for it has long left the processor's
  /// cache: an operation, and before it in the same frame the coroutine that awaits it.
  void prefetch(std::uint64_t user_data) const noexcept {
    const std::uint32_t index = index_of(user_data);
    if (index >= size_ || !at(index).is_taken()) return;
    // SAFETY: nothing is read here, wherever it points.
    const auto target = reinterpret_cast<std::uintptr_t>(at(index).target);
    if (target < lines_before * line) return;
    for (std::uintptr_t i = 0; i < lines_before + lines_behind; ++i)
      __builtin_prefetch(reinterpret_cast<const void*>(target - lines_before * line + i * line));
  }

  /// work(completion_target&) may release it, and take others.
  template <class Work>
  void for_each(Work&& work) const {
    for (std::uint32_t i = 0; i < size_; ++i)
      if (at(i).is_taken()) work(*at(i).target);
  }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::uint64_t index_bits = UINT32_MAX;
  static constexpr std::uint64_t generation = std::uint64_t{1} << 32U;  // the first
  static constexpr std::uint64_t cancel_bit = std::uint64_t{1} << 63U;
  static constexpr std::uint64_t nobodys = index_bits;  // the index in the number of a free slot: none fits
  static constexpr std::uint32_t first_slots = 64;
  static constexpr std::uintptr_t line = 64;  // bytes of the cache
  static constexpr std::uintptr_t lines_before = 5;
  static constexpr std::uintptr_t lines_behind = 3;
  struct slot {
    std::uint64_t user_data = 0;
    union {
      completion_target* target = nullptr;
      std::uint32_t next_free;
    };
    bool is_taken() const noexcept { return (user_data & index_bits) != nobodys; }
  };

  static std::uint32_t index_of(std::uint64_t user_data) noexcept {
    return static_cast<std::uint32_t>(user_data & index_bits);
  }
  /// After the last generation comes the first.
  static std::uint64_t in_bounds(std::uint64_t next) noexcept {
    return is_cancel(next) ? generation | (next & index_bits) : next;
  }
  // Without the check of a hardened library: the index is of the table itself, or has been looked at.
  slot& at(std::uint32_t index) noexcept { return slots_.get()[index]; }
  const slot& at(std::uint32_t index) const noexcept { return slots_.get()[index]; }

  std::unique_ptr<slot[]> slots_;
  std::uint32_t size_ = 0;
  std::uint32_t free_ = none;
};

}  // namespace gauntlet::uring::detail
