#include "gauntlet/mark_written.hpp"

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define GAUNTLET_MSAN 1
#endif
#endif

// The request costs a few instructions where no Valgrind runs, and needs nothing of it but this header.
#if !defined(GAUNTLET_MSAN) && __has_include(<valgrind/memcheck.h>)
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

}  // namespace gauntlet
