#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <gauntlet/memory_checker.hpp>
#include <new>
#include <random>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "block_pool.hpp"

namespace gauntlet::uv::detail {
namespace {

// Memory that is filled with a byte of its own, from end to end.
struct piece {
  std::byte* at = nullptr;
  std::size_t size = 0;
  std::byte mark{};

  std::span<std::byte> bytes() const { return {at, size}; }
  bool whole() const {
    return std::ranges::all_of(bytes(), [this](std::byte byte) { return byte == mark; });
  }
};

piece take(block_pool& pool, std::size_t size, std::byte mark) {
  const piece taken{static_cast<std::byte*>(pool.allocate(size)), size, mark};
  std::ranges::fill(taken.bytes(), mark);
  return taken;
}

TEST_CASE("what is allocated is aligned, whole, and nobody else's, in any order of coming and going") {
  block_pool pool;
  std::minstd_rand random(20);
  std::uniform_int_distribution<std::size_t> size(sizeof(void*), block_pool::largest);
  std::vector<piece> pieces;
  bool right = true;
  for (int step = 0; step < 10000; ++step) {
    // More come than go at first, and then the other way round.
    const bool come = random() % 100 < (step / 2000 % 2 == 0 ? 60U : 40U);
    if (come || pieces.empty()) {
      pieces.push_back(take(pool, size(random), static_cast<std::byte>(step)));
      right = right && reinterpret_cast<std::uintptr_t>(pieces.back().at) % block_pool::alignment == 0;
    } else {
      std::swap(pieces[random() % pieces.size()], pieces.back());
      right = right && pieces.back().whole();
      pool.deallocate(pieces.back().at);
      pieces.pop_back();
    }
  }
  CHECK(pieces.size() > 100);
  for (const piece& left : pieces) {
    right = right && left.whole();
    pool.deallocate(left.at);
  }
  CHECK(right);
}

// ThreadSanitizer needs memory itself.
#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if !__has_feature(thread_sanitizer)
TEST_CASE("where the system has no memory for a slab that is told, and what is there goes on") {
  if (allocations_are_checked()) SKIP("under this tool each block is an allocation of its own");
  block_pool pool;
  void* const before = pool.allocate(64);
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_AS, &limit) == 0);
  const rlimit nothing_more{.rlim_cur = 1, .rlim_max = limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_AS, &nothing_more) == 0);
  bool told = false;
  void* within = nullptr;
  std::vector<void*> others;
  others.reserve(block_pool::largest);
  try {
    within = pool.allocate(64);
    // Of other sizes, which have no slab yet; some slabs may have been left behind by other pools.
    for (std::size_t size = 128; size <= block_pool::largest; size += block_pool::alignment)
      others.push_back(pool.allocate(size));
  } catch (const std::bad_alloc&) {
    told = true;
  }
  REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
  CHECK(told);
  CHECK(within != nullptr);
  others.push_back(pool.allocate(block_pool::largest));
  for (void* const other : others) pool.deallocate(other);
  pool.deallocate(within);
  pool.deallocate(before);
}
#endif

TEST_CASE("many of one size come, go, and come again in the same memory") {
  if (allocations_are_checked()) SKIP("under this tool each block is an allocation of its own");
  constexpr std::size_t count = 80000;
  block_pool pool;
  std::set<void*> before;
  for (std::size_t i = 0; i < count; ++i) before.insert(pool.allocate(100));
  CHECK(before.size() == count);
  // One stays: an empty slab goes, but for one.
  std::vector<void*> order(before.begin(), before.end());
  std::ranges::shuffle(order, std::minstd_rand(3));
  for (std::size_t i = 10; i < count; ++i) pool.deallocate(order[i]);
  std::size_t again = 0;
  std::vector<void*> after;
  for (std::size_t i = 0; i < 10; ++i) {
    after.push_back(pool.allocate(100));
    again += before.contains(after.back()) ? 1 : 0;
  }
  CHECK(again == 10);
  for (void* const memory : after) pool.deallocate(memory);
  for (std::size_t i = 0; i < 10; ++i) pool.deallocate(order[i]);
}

TEST_CASE("what a pool leaves behind the next one finds, whole") {
  if (allocations_are_checked()) SKIP("under this tool each block is an allocation of its own");
  constexpr std::size_t count = 50000;
  constexpr std::size_t size = 200;
  constexpr std::byte mark{7};
  std::size_t found = 0;
  bool right = true;
  for (int round = 0; round < 2; ++round) {
    block_pool pool;
    std::vector<piece> pieces;
    pieces.reserve(count);
    found = 0;
    for (std::size_t i = 0; i < count; ++i) {
      auto* const at = static_cast<std::byte*>(pool.allocate(size));
      if (at[size - 1] == mark) ++found;  // the system's new pages are zero
      pieces.push_back({at, size, mark});
      std::ranges::fill(pieces.back().bytes(), mark);
    }
    for (const piece& each : pieces) {
      right = right && each.whole();
      pool.deallocate(each.at);
    }
  }
  CHECK(right);
  CHECK(found > count / 2);  // all but what the first pool has not come to
}

TEST_CASE("what is abandoned goes with the pool") {
  block_pool pool;
  for (const std::size_t size : {std::size_t{24}, std::size_t{600}, block_pool::largest})
    pool.abandon(take(pool, size, std::byte{1}).at);
}

}  // namespace
}  // namespace gauntlet::uv::detail
