#pragma once
// Which completion belongs to whom. The kernel hands back a number that may be old: user_data is never
// cleared in a submission queue entry, and a cancelled operation may still complete. So a number names a slot
// and its generation, and what does not fit finds nobody.

#include <cstdint>
#include <vector>

#include "gauntlet/uring/operation.hpp"

namespace gauntlet::uring::detail {

class slot_table {
 public:
  /// Numbers up to here are no slot's: the ring's own.
  static constexpr std::uint64_t last_reserved = UINT32_MAX;

  bool full() const noexcept { return free_ == none; }
  std::size_t size_when_grown() const noexcept { return slots_.empty() ? first_slots : 2 * slots_.size(); }
  /// Throws std::bad_alloc, and then nothing has changed.
  void grow() {
    const std::size_t before = slots_.size();
    slots_.resize(size_when_grown());
    size_ = slots_.size();
    for (std::size_t i = slots_.size(); i > before; --i) {
      slots_[i - 1].next_free = free_;
      free_ = static_cast<std::uint32_t>(i - 1);
    }
  }
  /// Not while it is full().
  std::uint32_t take(completion_target& target) noexcept {
    const std::uint32_t index = free_;
    slot& taken = at(index);
    free_ = taken.next_free;
    taken.target = &target;
    return index;
  }
  void release(std::uint32_t index) noexcept {
    renew(index);
    slot& released = at(index);
    released.target = nullptr;
    released.next_free = free_;
    free_ = index;
  }
  void release_all() noexcept {
    for (std::uint32_t i = 0; i < size_; ++i)
      if (at(i).target != nullptr) release(i);
  }
  /// For another operation of the same target.
  void renew(std::uint32_t index) noexcept {
    slot& renewed = at(index);
    if (++renewed.generation > last_generation) [[unlikely]]
      renewed.generation = 1;
  }

  std::uint64_t user_data(std::uint32_t index) const noexcept {
    return std::uint64_t{at(index).generation} << 32 | index;
  }
  /// What a cancel of it is answered with: no slot's, as it has no such generation.
  static constexpr std::uint64_t cancel_of(std::uint64_t user_data) noexcept {
    return user_data | cancel_bit;
  }
  static constexpr bool is_cancel(std::uint64_t user_data) noexcept { return (user_data & cancel_bit) != 0; }
  static constexpr std::uint64_t cancelled(std::uint64_t user_data) noexcept {
    return user_data & ~cancel_bit;
  }
  static std::uint32_t index_of(std::uint64_t user_data) noexcept {
    return static_cast<std::uint32_t>(user_data & UINT32_MAX);
  }
  /// nullptr: nobody waits for it any more.
  completion_target* find(std::uint64_t user_data) const noexcept {
    const std::uint32_t index = index_of(user_data);
    if (index >= size_ || at(index).generation != user_data >> 32) return nullptr;
    return at(index).target;
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
    // NOLINTNEXTLINE(modernize-loop-convert): work may have the table grow
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (completion_target* const target = slots_[i].target) work(*target);
  }
  std::size_t size() const noexcept { return slots_.size(); }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::uint64_t cancel_bit = std::uint64_t{1} << 63U;
  static constexpr std::uint32_t last_generation = INT32_MAX;
  static constexpr std::size_t first_slots = 64;
  static constexpr std::uintptr_t line = 64;  // bytes of the cache
  static constexpr std::uintptr_t lines_before = 5;
  static constexpr std::uintptr_t lines_behind = 3;
  struct slot {
    completion_target* target = nullptr;
    std::uint32_t generation = 1;
    std::uint32_t next_free = none;
  };

  // Without the check of a hardened library: the index is of the table itself, or has been looked at.
  slot& at(std::uint32_t index) noexcept { return slots_.data()[index]; }
  const slot& at(std::uint32_t index) const noexcept { return slots_.data()[index]; }

  std::vector<slot> slots_;
  std::size_t size_ = 0;  // of slots_
  std::uint32_t free_ = none;
};

}  // namespace gauntlet::uring::detail
