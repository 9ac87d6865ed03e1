#include "block_pool.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "gauntlet/memory_checker.hpp"

namespace gauntlet::uv::detail {

struct block_pool::cell {
  slab* owner;  // none: it is a piece of memory of its own
  cell* next;   // while it is free; else the memory begins here
};

struct block_pool::slab : list_node {
  slab_list* list;
  std::size_t cell_size;
  std::uint32_t capacity;
  std::uint32_t used = 0;
  std::uint32_t touched = 0;  // the cells behind have never been used, and cost no page
  cell* free = nullptr;

  // SAFETY: they lie behind it.
  std::byte* cells() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  bool full() const noexcept { return used == capacity; }

  cell* take() noexcept {
    ++used;
    if (free != nullptr) return std::exchange(free, free->next);
    // SAFETY: add_slab() made room for `capacity` cells.
    return ::new (static_cast<void*>(cells() + cell_size * touched++)) cell{this, nullptr};
  }
  void put_back(cell* taken) noexcept {
    --used;
    taken->next = std::exchange(free, taken);
  }
};

namespace {

constexpr std::size_t header = sizeof(void*);
constexpr std::size_t fewest_cells = 8;
constexpr std::size_t largest_slab = std::size_t{1} << 16;

}  // namespace

block_pool::block_pool() noexcept : checked_(allocations_are_checked()) {}

block_pool::~block_pool() {
  for (slab_list& list : lists_)
    while (!list.slabs.alone()) remove_slab(static_cast<slab&>(*list.slabs.next));
}

void* block_pool::allocate(std::size_t size) {
  if (checked_) return ::operator new(size);
  const std::size_t cell_size = (size + header + step - 1) / step * step;
  if (cell_size > largest) return &(::new (::operator new(cell_size)) cell{nullptr, nullptr})->next;
  slab_list& list = lists_[cell_size / step];
  slab* from = slab_with_room(list);
  if (from == nullptr) from = &add_slab(list, cell_size);
  cell* const taken = from->take();
  if (from->full()) {
    from->remove();
    from->insert_before(list.slabs);
  }
  return &taken->next;
}

void block_pool::deallocate(void* memory) noexcept {
  if (checked_) return ::operator delete(memory);
  cell* const given = cell_of(memory);
  slab* const owner = given->owner;
  if (owner == nullptr) return ::operator delete(given);
  const bool was_full = owner->full();
  owner->put_back(given);
  if (was_full) {
    owner->remove();
    owner->insert_before(*owner->list->slabs.next);
  } else if (owner->used == 0) {
    // One that is empty is kept for what comes next, if no other has room.
    owner->remove();
    const bool another = slab_with_room(*owner->list) != nullptr;
    owner->insert_before(*owner->list->slabs.next);
    if (another) remove_slab(*owner);
  }
}

void block_pool::abandon(void* memory) const noexcept {
  if (checked_) return ::operator delete(memory);
  cell* const given = cell_of(memory);
  if (given->owner == nullptr) ::operator delete(given);
}

block_pool::cell* block_pool::cell_of(void* memory) noexcept {
  // SAFETY: allocate() gave it away from behind a cell's header.
  return reinterpret_cast<cell*>(static_cast<std::byte*>(memory) - header);
}

block_pool::slab* block_pool::slab_with_room(const slab_list& list) noexcept {
  if (list.slabs.alone()) return nullptr;
  // SAFETY: only add_slab() puts nodes on the list.
  auto* const first = static_cast<slab*>(list.slabs.next);
  return first->full() ? nullptr : first;
}

/// An eighth of all before it: few of something need little, many need few slabs.
block_pool::slab& block_pool::add_slab(slab_list& list, std::size_t cell_size) {
  const std::size_t most = (largest_slab - sizeof(slab)) / cell_size;
  const std::size_t capacity = std::clamp(list.cells / 8, fewest_cells, most);
  void* const memory = ::operator new(sizeof(slab) + capacity * cell_size);
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
