#include "gauntlet/memory_checker.hpp"

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#define GAUNTLET_MSAN 1
#elif __has_feature(address_sanitizer)
#define GAUNTLET_ASAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define GAUNTLET_ASAN 1
#endif

#ifdef GAUNTLET_MSAN
#include <sanitizer/msan_interface.h>
#elif !defined(GAUNTLET_ASAN) && __has_include(<valgrind/memcheck.h>)
// The requests cost a few instructions where no Valgrind runs, and need nothing of it but this header.
#include <valgrind/memcheck.h>
#define GAUNTLET_MEMCHECK 1
#endif

namespace gauntlet {

void mark_written([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t size) noexcept {
#if defined(GAUNTLET_MSAN)
  __msan_unpoison(memory, size);
#elif defined(GAUNTLET_MEMCHECK)
  static_cast<void>(VALGRIND_MAKE_MEM_DEFINED(memory, size));
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
