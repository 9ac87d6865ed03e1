#pragma once
// Which tool this is compiled for: GAUNTLET_ASAN, GAUNTLET_MSAN, GAUNTLET_TSAN, or else GAUNTLET_MEMCHECK,
// which is known at run time only. A source that ThreadSanitizer is not to see is told by its compile
// definitions.

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#define GAUNTLET_MSAN 1
#elif __has_feature(address_sanitizer)
#define GAUNTLET_ASAN 1
#elif __has_feature(thread_sanitizer)
#define GAUNTLET_TSAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define GAUNTLET_ASAN 1
#endif

#if defined(GAUNTLET_ASAN)
#include <sanitizer/asan_interface.h>
#elif defined(GAUNTLET_TSAN)
#include <sanitizer/tsan_interface.h>
#endif
#ifdef GAUNTLET_MSAN
#include <sanitizer/msan_interface.h>
#elif !defined(GAUNTLET_ASAN) && !defined(GAUNTLET_TSAN) && __has_include(<valgrind/memcheck.h>)
// The requests need nothing of it but this header.
#include <valgrind/memcheck.h>
#define GAUNTLET_MEMCHECK 1
#endif

#ifdef GAUNTLET_MEMCHECK
namespace gauntlet::detail {

/// Asked once: a request costs some nanoseconds where no Valgrind runs.
inline bool under_valgrind() noexcept {
  static const bool is = RUNNING_ON_VALGRIND != 0;
  return is;
}

}  // namespace gauntlet::detail
#endif
