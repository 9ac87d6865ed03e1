#pragma once
// Memory of blocks. They come and go one by one, in few sizes, and by the million: so they are cut from slabs
// of equal cells, and a cell that is free waits for the next block of its size.

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "list_node.hpp"

namespace gauntlet::uv::detail {

/// One thread at a time. What is still allocated at its end is freed with it.
class block_pool {
 public:
  static constexpr std::size_t alignment = alignof(void*);
  static constexpr std::size_t largest = 2048;

  block_pool() noexcept;
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;
  ~block_pool();

  /// size: up to `largest`. Aligned to `alignment`; throws std::bad_alloc.
  void* allocate(std::size_t size) {
    if (checked_) return ::operator new(size);
    const std::size_t cell_size = (size + alignment - 1) / alignment * alignment;
    slab_list& list = lists_[cell_size / alignment];
    slab* const from = slab_with_room(list);
    return (from != nullptr ? *from : add_slab(list, cell_size)).take();
  }
  void deallocate(void* memory) noexcept {
    if (checked_) return ::operator delete(memory);
    slab& owner = slab_of(memory);
    const bool was_full = owner.full();
    owner.put_back(memory);
    if (was_full || (owner.used == 0 && !owner.alone_in_list())) [[unlikely]]
      put_in_order(owner);
  }
  /// On any thread, once nothing is allocated any more: what is in a slab stays there until the pool's end.
  void abandon(void* memory) const noexcept {
    if (checked_) ::operator delete(memory);
  }

 private:
  struct free_cell {
    free_cell* next;
  };
  struct slab_list {
    list_node slabs;  // those with a free cell stand before those without
  };
  // Pages come one by one as they are touched, which costs more than what is done in them: where there is
  // more to come they are asked for by so many.
  static constexpr std::size_t populated_at_once = std::size_t{1} << 18;

  // Its cells begin with a cache line: where their size is a multiple of one, each lies in its lines alike.
  struct alignas(64) slab : list_node {
    slab_list* list;
    std::uint32_t cell_size;
    std::uint32_t capacity;
    std::uint32_t used = 0;
    free_cell* free = nullptr;
    // SAFETY (both): the cells lie behind it.
    std::byte* untouched = reinterpret_cast<std::byte*>(this + 1);  // the first cell that was never used
    std::byte* populated =
        reinterpret_cast<std::byte*>(this) + populated_at_once;  // or to be touched, up to here

    bool full() const noexcept { return used == capacity; }
    bool alone_in_list() const noexcept { return next == previous; }

    void* take() noexcept {
      if (++used == capacity) put_last();
      if (free != nullptr) return std::exchange(free, free->next);
      // SAFETY: add_slab() made room for `capacity` cells.
      std::byte* const cell = std::exchange(untouched, untouched + cell_size);
      if (untouched > populated) [[unlikely]]
        populate_more();
      return cell;
    }
    void put_back(void* taken) noexcept {
      --used;
      free = ::new (taken) free_cell{free};
    }
    void populate_more() noexcept;
    void put_last() noexcept {
      remove();
      insert_before(list->slabs);
    }
    void put_first() noexcept {
      remove();
      insert_before(*list->slabs.next);
    }
  };

  // Aligned to its size: so whoever frees a cell finds its slab, and no byte stands in front of the cell.
  // It has room for thousands of blocks: to get one and to give it back is little beside what is done in it.
  static constexpr std::size_t slab_size = std::size_t{1} << 21;

  static slab& slab_of(void* memory) noexcept {
    // SAFETY: allocate() gave it away from within a slab.
    return *reinterpret_cast<slab*>(reinterpret_cast<std::uintptr_t>(memory) & ~(slab_size - 1));
  }
  static slab* slab_with_room(const slab_list& list) noexcept {
    if (list.slabs.alone()) return nullptr;
    // SAFETY: only add_slab() puts nodes on the list.
    auto* const first = static_cast<slab*>(list.slabs.next);
    return first->full() ? nullptr : first;
  }
  static void put_in_order(slab& changed) noexcept;
  static slab& add_slab(slab_list& list, std::size_t cell_size);
  static void remove_slab(slab& removed) noexcept;

  std::array<slab_list, largest / alignment + 1> lists_;  // by cell size
  const bool checked_;                                    // by a tool
};

}  // namespace gauntlet::uv::detail
