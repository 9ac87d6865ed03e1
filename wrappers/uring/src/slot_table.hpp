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
  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t size_when_grown() const noexcept { return size_ == 0 ? first_slots : 2 * size_; }
  /// Throws std::bad_alloc, and then nothing has changed.
  void grow() {
    const std::uint32_t larger = size_when_grown();
    auto slots = std::make_unique<slot[]>(larger);
    std::copy_n(slots_.get(), size_, slots.get());
    for (std::uint32_t i = larger; i-- > size_;) {
      slots[i].user_data = generation | free_;
      free_ = i;
    }
    slots_ = std::move(slots);
    size_ = larger;
  }
  /// Not while it is full(). Answers the number of what is now in flight.
  std::uint64_t take(completion_target& target) noexcept {
    slot& taken = at(free_);
    const std::uint64_t user_data = (taken.user_data & ~index_bits) | free_;
    free_ = index_of(taken.user_data);
    taken = {.user_data = user_data, .target = &target};
    return user_data;
  }
  void release(std::uint64_t user_data) noexcept {
    const std::uint32_t index = index_of(user_data);
    at(index).user_data = (next_of(user_data) & ~index_bits) | free_;
    free_ = index;
  }
  void release_all() noexcept {
    for (std::uint32_t i = 0; i < size_; ++i)
      if (is_taken(i)) release(at(i).user_data);
  }
  /// The number of the next one of the same target.
  std::uint64_t renew(std::uint64_t user_data) noexcept {
    return at(index_of(user_data)).user_data = next_of(user_data);
  }

  /// What a cancel of it is answered with: no slot's, as it has no such generation.
  static constexpr std::uint64_t cancel_of(std::uint64_t user_data) noexcept {
    return user_data | cancel_bit;
  }
  static constexpr bool is_cancel(std::uint64_t user_data) noexcept { return (user_data & cancel_bit) != 0; }
  static constexpr std::uint64_t cancelled(std::uint64_t user_data) noexcept {
    return user_data & ~cancel_bit;
  }
  /// nullptr: nobody waits for it any more.
  completion_target* find(std::uint64_t user_data) const noexcept {
    const std::uint32_t index = index_of(user_data);
    return index < size_ && at(index).user_data == user_data ? at(index).target : nullptr;
  }

  /// It will be delivered soon. With a thousand in flight who waits for it has long left the processor's
  /// cache: an operation, and before it in the same frame the coroutine that awaits it.
  void prefetch(std::uint64_t user_data) const noexcept {
    const std::uint32_t index = index_of(user_data);
    if (index >= size_) return;
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
      if (is_taken(i)) work(*at(i).target);
  }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::uint64_t index_bits = UINT32_MAX;
  static constexpr std::uint64_t generation = std::uint64_t{1} << 32U;  // the first
  static constexpr std::uint64_t cancel_bit = std::uint64_t{1} << 63U;
  static constexpr std::uint32_t first_slots = 64;
  static constexpr std::uintptr_t line = 64;  // bytes of the cache
  static constexpr std::uintptr_t lines_before = 5;
  static constexpr std::uintptr_t lines_behind = 3;
  /// A free one's number has the index of the next free one instead of its own, so that no completion fits.
  struct slot {
    std::uint64_t user_data = 0;
    completion_target* target = nullptr;
  };

  static std::uint32_t index_of(std::uint64_t user_data) noexcept {
    return static_cast<std::uint32_t>(user_data & index_bits);
  }
  static std::uint64_t next_of(std::uint64_t user_data) noexcept {
    const std::uint64_t next = user_data + generation;
    return is_cancel(next) ? generation | (next & index_bits) : next;
  }
  bool is_taken(std::uint32_t index) const noexcept { return index_of(at(index).user_data) == index; }
  // Without the check of a hardened library: the index is of the table itself, or has been looked at.
  slot& at(std::uint32_t index) noexcept { return slots_.get()[index]; }
  const slot& at(std::uint32_t index) const noexcept { return slots_.get()[index]; }

  std::unique_ptr<slot[]> slots_;
  std::uint32_t size_ = 0;
  std::uint32_t free_ = none;
};

}  // namespace gauntlet::uring::detail
