#include "block_pool.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "gauntlet/memory_checker.hpp"

namespace gauntlet::uv::detail {
namespace {

constexpr std::size_t fewest_cells = 8;
constexpr std::size_t largest_slab = std::size_t{1} << 18;

/// Asks for the pages that lie within, all at once: one by one, as they are touched, they would cost more
/// than what is done in them. Where the system cannot, they come one by one.
void populate(void* memory, std::size_t size) noexcept {
#ifdef MADV_POPULATE_WRITE
  constexpr std::size_t page = 4096;
  const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(memory) % page) % page;
  if (size > before)
    madvise(static_cast<std::byte*>(memory) + before, (size - before) / page * page, MADV_POPULATE_WRITE);
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

void* block_pool::allocate_alone(std::size_t size) const {
  if (checked_) return ::operator new(size);
  return &(::new (::operator new(header + size)) cell{nullptr, nullptr})->next;
}

/// One that was full has room. One that is empty is kept for what comes next, if no other has room.
void block_pool::put_in_order(slab& changed) noexcept {
  if (changed.used != 0) return changed.put_first();
  changed.remove();
  const bool another = slab_with_room(*changed.list) != nullptr;
  changed.insert_before(*changed.list->slabs.next);
  if (another) remove_slab(changed);
}

void block_pool::abandon(void* memory) const noexcept {
  if (checked_) return ::operator delete(memory);
  cell* const given = cell_of(memory);
  if (given->owner == nullptr) ::operator delete(given);
}

/// An eighth of all before it: few of something need little, many need few slabs.
block_pool::slab& block_pool::add_slab(slab_list& list, std::size_t cell_size) {
  const std::size_t most = (largest_slab - sizeof(slab)) / cell_size;
  const std::size_t capacity = std::clamp(list.cells / 8, fewest_cells, most);
  const std::size_t size = sizeof(slab) + capacity * cell_size;
  void* const memory = ::operator new(size);
  if (capacity == most) populate(memory, size);
  auto* const added = ::new (memory) slab{{}, &list, cell_size, static_cast<std::uint32_t>(capacity)};
  added->insert_before(*list.slabs.next);
  list.cells += capacity;
  return *added;
}

void block_pool::remove_slab(slab& removed) noexcept {
  removed.remove();
  removed.list->cells -= removed.capacity;
  ::operator delete(&removed);
}

}  // namespace gauntlet::uv::detail
