#include "gauntlet/memory_checker.hpp"

#include "which_tool.hpp"

namespace gauntlet {

bool runs_under_valgrind() noexcept {
#ifdef GAUNTLET_MEMCHECK
  return detail::under_valgrind();
#else
  return false;
#endif
}

void mark_written([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t size) noexcept {
#if defined(GAUNTLET_MSAN)
  __msan_unpoison(memory, size);
#elif defined(GAUNTLET_MEMCHECK)
  if (runs_under_valgrind()) [[unlikely]]
    static_cast<void>(VALGRIND_MAKE_MEM_DEFINED(memory, size));
#endif
}

void mark_unwritten([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t size) noexcept {
#if defined(GAUNTLET_MSAN)
  __msan_allocated_memory(memory, size);
#elif defined(GAUNTLET_MEMCHECK)
  if (runs_under_valgrind()) [[unlikely]]
    static_cast<void>(VALGRIND_MAKE_MEM_UNDEFINED(memory, size));
#endif
}

void check_allocated([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t size) noexcept {
#if defined(GAUNTLET_ASAN)
  // Reading it is how AddressSanitizer is made to report.
  // SAFETY: only what it calls poisoned is read, and there the read does not come back.
  const void* const freed = __asan_region_is_poisoned(const_cast<void*>(memory), size);
  if (freed != nullptr) static_cast<void>(*static_cast<const volatile char*>(freed));
#elif defined(GAUNTLET_MEMCHECK)
  if (runs_under_valgrind()) [[unlikely]]
    static_cast<void>(VALGRIND_CHECK_MEM_IS_ADDRESSABLE(memory, size));
#endif
}

void mark_submitted([[maybe_unused]] const void* operation) noexcept {
#if defined(GAUNTLET_TSAN)
  __tsan_release(const_cast<void*>(operation));
#endif
}

void mark_completed([[maybe_unused]] const void* operation) noexcept {
#if defined(GAUNTLET_TSAN)
  __tsan_acquire(const_cast<void*>(operation));
#endif
}

bool memory_is_followed() noexcept {
#if defined(GAUNTLET_TSAN)
  return true;
#else
  return allocations_are_checked();
#endif
}

bool allocations_are_checked() noexcept {
#if defined(GAUNTLET_MSAN) || defined(GAUNTLET_ASAN)
  return true;
#elif defined(GAUNTLET_MEMCHECK)
  const char some = 0;
  return VALGRIND_MAKE_MEM_DEFINED(&some, sizeof some) != 0;  // its other tools do not know the request
#else
  return false;
#endif
}

}  // namespace gauntlet
