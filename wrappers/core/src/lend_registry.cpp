#include "lend_registry.hpp"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

#include "telling.hpp"

namespace gauntlet::detail {
namespace {

/// Wraps on purpose.
std::uint64_t mixed(std::uint64_t state, std::uint64_t word) noexcept {
  constexpr std::uint64_t prime = 0x9E3779B185EBCA87U;
  std::uint64_t product = 0;
  static_cast<void>(__builtin_mul_overflow(state ^ word, prime, &product));
  return product ^ (product >> 29U);
}

std::uint64_t word_at(const std::byte* at, std::size_t size = sizeof(std::uint64_t)) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, size);
  return word;
}

std::uint64_t checksum_of_all(const std::byte* at, std::size_t size) noexcept {
  constexpr std::size_t stripe = 4 * sizeof(std::uint64_t);
  std::array<std::uint64_t, 4> lanes{1, 2, 3, size};
  for (; size >= stripe; at += stripe, size -= stripe)
    for (std::size_t lane = 0; lane < lanes.size(); ++lane)
      lanes[lane] = mixed(lanes[lane], word_at(at + lane * sizeof(std::uint64_t)));
  for (; size != 0;
       at += std::min(size, sizeof(std::uint64_t)), size -= std::min(size, sizeof(std::uint64_t)))
    lanes[0] = mixed(lanes[0], word_at(at, std::min(size, sizeof(std::uint64_t))));
  return mixed(mixed(mixed(lanes[0], lanes[1]), lanes[2]), lanes[3]);
}

constexpr std::size_t summed_whole = 1U << 20U;

/// The smallest power of two, as an exponent, that is not less.
std::size_t exponent_of(std::size_t size) noexcept {
  return static_cast<std::size_t>(std::bit_width(size - 1));
}

}  // namespace

std::uint64_t checksum_of(const std::byte* memory, std::size_t size) noexcept {
  if (size <= summed_whole) return checksum_of_all(memory, size);
  constexpr std::size_t half = summed_whole / 2;
  return mixed(checksum_of_all(memory, half), checksum_of_all(memory + (size - half), half));
}

std::string lent_range::told() const { return std::string(operation).append(" at ").append(place_of(where)); }

// ---- memory

namespace {

struct node {
  node* next;
};
constexpr std::size_t node_size = 64;  // of a std::set of pointers, in each standard library

// Under the registry's lock.
node* free_nodes = nullptr;
std::byte* slab = nullptr;
std::size_t left_in_slab = 0;

void* cut_from_slab(std::size_t size) {
  constexpr std::size_t slab_size = 65536;
  if (left_in_slab < size) {
    void* const pages = mmap(nullptr, slab_size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    slab = static_cast<std::byte*>(pages);
    left_in_slab = slab_size;
  }
  left_in_slab -= size;
  return std::exchange(slab, slab + size);
}

}  // namespace

void* take_node(std::size_t size) {
  if (size > node_size) throw std::bad_alloc();
  if (free_nodes != nullptr) {
    node* const taken = free_nodes;
    free_nodes = taken->next;
    return taken;
  }
  return cut_from_slab(node_size);
}

void return_node(void* at, std::size_t) noexcept { free_nodes = ::new (at) node{free_nodes}; }

class lend_registry::locked {
 public:
  explicit locked(lend_registry& registry) noexcept : lock_(registry.lock_) {
    while (lock_.test_and_set(std::memory_order_acquire)) sched_yield();
  }
  locked(const locked&) = delete;
  locked& operator=(const locked&) = delete;
  ~locked() { lock_.clear(std::memory_order_release); }

 private:
  std::atomic_flag& lock_;
};

lend_registry& lend_registry::the() noexcept {
  // Never destroyed: a static object may still have something lent.
  alignas(lend_registry) static std::byte place[sizeof(lend_registry)];
  static auto& made = *::new (static_cast<void*>(place)) lend_registry;
  return made;
}

lent_range* lend_registry::make() {
  const locked here(*this);
  lent_range* const taken = free_;
  if (taken == nullptr) return ::new (cut_from_slab(sizeof(lent_range))) lent_range;
  free_ = taken->next;
  return ::new (static_cast<void*>(taken)) lent_range;
}

void lend_registry::recycle(lent_range& range) noexcept {
  const locked here(*this);
  range.next = free_;
  free_ = &range;
}

// ---- what overlaps

lend_registry::ranges& lend_registry::of(const lent_range& range) noexcept {
  return range.writable ? written_ : read_[exponent_of(range.size())];
}

const lent_range* lend_registry::find_written(std::uintptr_t begin, std::uintptr_t end) const noexcept {
  const auto after = written_.lower_bound(begin);
  if (after != written_.end() && (*after)->begin < end) return *after;
  if (after == written_.begin()) return nullptr;
  const lent_range* const before = *std::prev(after);
  return before->end > begin ? before : nullptr;
}

const lent_range* lend_registry::find_read(std::uintptr_t begin, std::uintptr_t end) const noexcept {
  for (std::size_t exponent = 0; exponent < read_.size(); ++exponent) {
    const ranges& some = read_[exponent];
    if (some.empty()) continue;
    const std::uintptr_t longest = std::uintptr_t{1} << exponent;
    auto at = some.lower_bound(begin > longest ? begin - longest : 0);
    while (at != some.end() && (*at)->begin < end) {
      if ((*at)->end > begin) return *at;
      at = some.upper_bound((*at)->begin);  // those that begin there too are no longer
    }
  }
  return nullptr;
}

const lent_range* lend_registry::find_any(std::uintptr_t begin, std::uintptr_t end) const noexcept {
  if (const lent_range* const found = find_written(begin, end)) return found;
  return find_read(begin, end);
}

bool lend_registry::add(lent_range& range, lent_range& in_the_way) {
  const locked here(*this);
  const lent_range* const found =
      range.writable ? find_any(range.begin, range.end) : find_written(range.begin, range.end);
  if (found != nullptr) {
    in_the_way = *found;
    return false;
  }
  of(range).insert(&range);
  return true;
}

void lend_registry::remove(lent_range& range) noexcept {
  const locked here(*this);
  of(range).erase(&range);
}

bool lend_registry::find(std::uintptr_t begin, std::uintptr_t end, lent_range& found) noexcept {
  const locked here(*this);
  const lent_range* const lent = find_any(begin, end);
  if (lent != nullptr) found = *lent;
  return lent != nullptr;
}

std::vector<lent_range> lend_registry::all() {
  const locked here(*this);
  std::vector<lent_range> copies;
  for (const lent_range* const range : written_) copies.push_back(*range);
  for (const ranges& some : read_)
    for (const lent_range* const range : some) copies.push_back(*range);
  return copies;
}

bool lend_registry::try_find(std::uintptr_t address, lent_range& found) noexcept {
  if (lock_.test_and_set(std::memory_order_acquire)) return false;
  const lent_range* const lent = find_any(address, address + 1);
  if (lent != nullptr) found = *lent;
  lock_.clear(std::memory_order_release);
  return lent != nullptr;
}

}  // namespace gauntlet::detail
