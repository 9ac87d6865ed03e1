#pragma once
// Which memory is lent, to what. One for the process.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <set>
#include <source_location>
#include <string>
#include <vector>

#include "gauntlet/lend.hpp"

namespace gauntlet::detail {

/// What a tool is told of a range, and has to be told when it is returned.
struct tool_state {
  bool told = false;
  void* fiber = nullptr;        // of ThreadSanitizer
  void* definedness = nullptr;  // of each byte, before it was lent
  std::size_t block = 0;        // of memcheck
};

struct lent_range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool writable = false;
  borrower by = borrower::unseen;
  bool has_checksum = false;
  std::uint64_t checksum = 0;
  const char* operation = nullptr;
  std::source_location where;
  const void* chain = nullptr;
  tool_state tool;
  lent_range* next = nullptr;  // of the same lend, or of those that are free

  std::size_t size() const noexcept { return end - begin; }
  // SAFETY: begin was made from this address.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  std::byte* memory() const noexcept { return reinterpret_cast<std::byte*>(begin); }
  /// "socket::recv at echo.cpp:12"
  std::string told() const;
};

/// Of the bytes, or of the first and last of many: see docs/borrow-tracking.md.
std::uint64_t checksum_of(const std::byte* memory, std::size_t size) noexcept;

/// Memory for the registry that is never given back: a tool must not take one thread's memory, freed by
/// another one under a lock that no tool sees, for a race. It comes straight from the system, so that nobody
/// counts it as allocated, or as left behind.
void* take_node(std::size_t size);
void return_node(void* node, std::size_t size) noexcept;

template <class T>
struct node_allocator {
  using value_type = T;
  node_allocator() noexcept = default;
  template <class U>
  node_allocator(const node_allocator<U>&) noexcept {}
  T* allocate(std::size_t count) { return static_cast<T*>(take_node(count * sizeof(T))); }
  void deallocate(T* at, std::size_t count) noexcept { return_node(at, count * sizeof(T)); }
  friend bool operator==(const node_allocator&, const node_allocator&) noexcept { return true; }
};

/// Finds what overlaps in O(log n). Ranges that are lent for writing are disjoint; those for reading may
/// overlap each other, and are sorted by size, in powers of two, so that it is known how far before a place
/// one that reaches it can begin.
/// Its lock is no thread's business: ThreadSanitizer does not see it (its source is not instrumented), or
/// each lend would order what threads do, and hide their races.
class lend_registry {
 public:
  static lend_registry& the() noexcept;

  /// Enters it, or answers false and whose lend is in the way. Throws bad_alloc.
  bool add(lent_range& range, lent_range& in_the_way);
  void remove(lent_range& range) noexcept;
  /// Whether one of these bytes is lent, and to what.
  bool find(std::uintptr_t begin, std::uintptr_t end, lent_range& found) noexcept;
  /// The same, from where the lock may be held: then nothing is found.
  bool try_find(std::uintptr_t address, lent_range& found) noexcept;

  std::vector<lent_range> all();

  lent_range* make();
  void recycle(lent_range& range) noexcept;

 private:
  class locked;

  struct by_place {
    using is_transparent = void;
    bool operator()(const lent_range* a, const lent_range* b) const noexcept {
      if (a->begin != b->begin) return a->begin < b->begin;
      return a->end != b->end ? a->end > b->end : a < b;  // the longest first
    }
    bool operator()(const lent_range* a, std::uintptr_t begin) const noexcept { return a->begin < begin; }
    bool operator()(std::uintptr_t begin, const lent_range* a) const noexcept { return begin < a->begin; }
  };
  using ranges = std::set<lent_range*, by_place, node_allocator<lent_range*>>;

  const lent_range* find_written(std::uintptr_t begin, std::uintptr_t end) const noexcept;
  const lent_range* find_read(std::uintptr_t begin, std::uintptr_t end) const noexcept;
  const lent_range* find_any(std::uintptr_t begin, std::uintptr_t end) const noexcept;
  ranges& of(const lent_range& range) noexcept;

  std::atomic_flag lock_;
  ranges written_;
  std::array<ranges, 64> read_;  // of up to 2^i bytes
  lent_range* free_ = nullptr;
};

}  // namespace gauntlet::detail
