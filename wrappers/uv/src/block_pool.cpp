#include "block_pool.hpp"

#include <sys/mman.h>

#include "gauntlet/memory_checker.hpp"

namespace gauntlet::uv::detail {
namespace {

/// Pages, aligned to their size, a power of two. From the system itself: malloc would keep as much again for
/// the sake of the alignment.
void* map_aligned(std::size_t size) {
  void* const mapped = mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t before = (size - reinterpret_cast<std::uintptr_t>(begin) % size) % size;
  if (before != 0) munmap(begin, before);
  munmap(begin + before + size, size - before);
  return begin + before;
}

/// Asks for all its pages at once: one by one, as they are touched, they would cost more than what is done in
/// them. Where the system cannot, they come one by one.
void populate(void* memory, std::size_t size) noexcept {
#ifdef MADV_POPULATE_WRITE
  madvise(memory, size, MADV_POPULATE_WRITE);
#else
  static_cast<void>(memory), static_cast<void>(size);
#endif
}

}  // namespace

block_pool::block_pool() noexcept : checked_(allocations_are_checked()) {}

block_pool::~block_pool() {
  for (slab_list& list : lists_)
    while (!list.slabs.alone()) remove_slab(static_cast<slab&>(*list.slabs.next));
}

/// One that was full has room. One that is empty is kept for what comes next, if no other has room.
void block_pool::put_in_order(slab& changed) noexcept {
  if (changed.used != 0) return changed.put_first();
  changed.remove();
  const bool another = slab_with_room(*changed.list) != nullptr;
  changed.insert_before(*changed.list->slabs.next);
  if (another) remove_slab(changed);
}

block_pool::slab& block_pool::add_slab(slab_list& list, std::size_t cell_size) {
  void* const memory = map_aligned(slab_size);
  // The first of a size may be all that is ever needed: its pages come as they are touched.
  if (!list.slabs.alone()) populate(memory, slab_size);
  auto* const added = ::new (memory) slab{{},
                                          &list,
                                          static_cast<std::uint32_t>(cell_size),
                                          static_cast<std::uint32_t>((slab_size - sizeof(slab)) / cell_size)};
  added->insert_before(*list.slabs.next);
  return *added;
}

void block_pool::remove_slab(slab& removed) noexcept {
  removed.remove();
  munmap(&removed, slab_size);
}

}  // namespace gauntlet::uv::detail
