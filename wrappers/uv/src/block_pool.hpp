#pragma once
// Memory of blocks. They come and go one by one, in few sizes, and by the million: so they are cut from slabs
// of equal cells, and a cell that is free waits for the next block of its size.

#include <array>
#include <cstddef>
#include <cstdint>

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
  void* allocate(std::size_t size);
  void deallocate(void* memory) noexcept;
  /// On any thread, once nothing is allocated any more: what is in a slab stays there until the pool's end.
  void abandon(void* memory) const noexcept;

 private:
  struct slab;
  struct cell;  // in front of each piece of memory: the slab that it is of
  struct slab_list {
    list_node slabs;  // those with a free cell stand before those without
    std::size_t cells = 0;
  };

  static constexpr std::size_t step = 16;
  static constexpr std::size_t largest = 1024;  // of a cell in a slab

  static cell* cell_of(void* memory) noexcept;
  static slab* slab_with_room(const slab_list& list) noexcept;
  static slab& add_slab(slab_list& list, std::size_t cell_size);
  static void remove_slab(slab& removed) noexcept;

  std::array<slab_list, largest / step + 1> lists_;  // by cell size
  const bool checked_;                               // by a tool
};

}  // namespace gauntlet::uv::detail
