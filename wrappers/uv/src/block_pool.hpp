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

  block_pool() noexcept;
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;
  ~block_pool();

  /// Aligned to `alignment`; throws std::bad_alloc.
  void* allocate(std::size_t size) {
    const std::size_t cell_size = (size + header + alignment - 1) / alignment * alignment;
    if (checked_ || cell_size > largest) return allocate_alone(size);
    slab_list& list = lists_[cell_size / alignment];
    slab* const from = slab_with_room(list);
    cell* const taken = (from != nullptr ? *from : add_slab(list, cell_size)).take();
    return &taken->next;
  }
  void deallocate(void* memory) noexcept {
    if (checked_) return ::operator delete(memory);
    cell* const given = cell_of(memory);
    slab* const owner = given->owner;
    if (owner == nullptr) return ::operator delete(given);
    const bool was_full = owner->full();
    owner->put_back(given);
    if (was_full || owner->used == 0) [[unlikely]]
      put_in_order(*owner);
  }
  /// On any thread, once nothing is allocated any more: what is in a slab stays there until the pool's end.
  void abandon(void* memory) const noexcept;

 private:
  struct slab;
  struct cell {   // in front of each piece of memory
    slab* owner;  // none: it is a piece of memory of its own
    cell* next;   // while it is free; else the memory begins here
  };
  struct slab_list {
    list_node slabs;  // those with a free cell stand before those without
    std::size_t cells = 0;
  };
  struct slab : list_node {
    slab_list* list;
    std::size_t cell_size;
    std::uint32_t capacity;
    std::uint32_t used = 0;
    std::uint32_t touched = 0;  // the cells behind have never been used
    cell* free = nullptr;

    // SAFETY: they lie behind it.
    std::byte* cells() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    bool full() const noexcept { return used == capacity; }

    cell* take() noexcept {
      if (++used == capacity) put_last();
      if (free != nullptr) return std::exchange(free, free->next);
      // SAFETY: add_slab() made room for `capacity` cells.
      return ::new (static_cast<void*>(cells() + cell_size * touched++)) cell{this, nullptr};
    }
    void put_back(cell* taken) noexcept {
      --used;
      taken->next = std::exchange(free, taken);
    }
    void put_last() noexcept {
      remove();
      insert_before(list->slabs);
    }
    void put_first() noexcept {
      remove();
      insert_before(*list->slabs.next);
    }
  };

  static constexpr std::size_t header = sizeof(void*);
  static constexpr std::size_t largest = 1024;  // of a cell in a slab

  static cell* cell_of(void* memory) noexcept {
    // SAFETY: allocate() gave it away from behind a cell's header.
    return reinterpret_cast<cell*>(static_cast<std::byte*>(memory) - header);
  }
  static slab* slab_with_room(const slab_list& list) noexcept {
    if (list.slabs.alone()) return nullptr;
    // SAFETY: only add_slab() puts nodes on the list.
    auto* const first = static_cast<slab*>(list.slabs.next);
    return first->full() ? nullptr : first;
  }
  void* allocate_alone(std::size_t size) const;
  static void put_in_order(slab& changed) noexcept;
  static slab& add_slab(slab_list& list, std::size_t cell_size);
  static void remove_slab(slab& removed) noexcept;

  std::array<slab_list, largest / alignment + 1> lists_;  // by cell size
  const bool checked_;                                    // by a tool
};

}  // namespace gauntlet::uv::detail
