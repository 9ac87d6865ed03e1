#include "block_pool.hpp"

#include <sys/mman.h>

#include <array>
#include <mutex>

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

/// Where the system cannot, the pages come as they are touched.
void populate([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t size) noexcept {
#ifdef MADV_POPULATE_WRITE
  madvise(memory, size, MADV_POPULATE_WRITE);
#endif
}

/// Memory of slabs that were emptied waits here, up to 64 MB, as malloc keeps what is freed: its pages cost
/// more than what is done in them. Of all pools and threads. Nobody waits for another, nor a child for what
/// its parent held during fork(): the system has memory, too.
class spare_memory {
 public:
  struct piece {
    std::byte* begin = nullptr;
    std::byte* populated = nullptr;  // up to here its pages are there
  };

  piece take() noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    return lock && count_ != 0 ? pieces_[--count_] : piece();
  }
  /// False: there is enough of it.
  bool put(const piece& unused) noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || count_ == pieces_.size()) return false;
    pieces_[count_++] = unused;
    return true;
  }

 private:
  std::mutex mutex_;
  std::array<piece, 32> pieces_{};
  std::size_t count_ = 0;
};
constinit spare_memory spare;

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
  const spare_memory::piece found = spare.take();
  void* const memory = found.begin != nullptr ? found.begin : map_aligned(slab_size);
  auto* const added = ::new (memory) slab{{},
                                          &list,
                                          static_cast<std::uint32_t>(cell_size),
                                          static_cast<std::uint32_t>((slab_size - sizeof(slab)) / cell_size)};
  if (found.begin != nullptr) added->populated = found.populated;
  added->insert_before(*list.slabs.next);
  return *added;
}

void block_pool::slab::populate_more() noexcept {
  populate(populated, populated_at_once);
  populated += populated_at_once;
}

void block_pool::remove_slab(slab& removed) noexcept {
  removed.remove();
  // SAFETY: add_slab() made it there.
  if (!spare.put({reinterpret_cast<std::byte*>(&removed), removed.populated})) munmap(&removed, slab_size);
}

}  // namespace gauntlet::uv::detail
