// The run-time options of the sanitizers, compiled into every program of a lane: run by hand, it behaves as
// in the lane. (Catch2's discovery keeps only the first environment variable of a test, so the environment
// would not do.) ASAN_OPTIONS and its like still come after these and win.

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

// The runtime looks these functions up by name. C wants a declaration before an external function.
#define OPTIONS_OF(tool)                        \
  const char* __##tool##_default_options(void); \
  __attribute__((used, visibility("default"))) const char* __##tool##_default_options(void)

// Without it reports have addresses instead of names. The toolchain file found it.
#ifdef GAUNTLET_SYMBOLIZER
#define SYMBOLIZER ":external_symbolizer_path='" GAUNTLET_SYMBOLIZER "'"
#else
#define SYMBOLIZER ""
#endif

// The first finding ends the program, with a status that no test returns by itself (as in Valgrind's lane).
#define COMMON "halt_on_error=1:exitcode=99" SYMBOLIZER

#if __has_feature(address_sanitizer)
OPTIONS_OF(asan) {
  return COMMON
      // Blocks that nothing points to when the program ends (LeakSanitizer).
      ":detect_leaks=1"
      // Locals of a function that has returned: frames live on the heap and are poisoned afterwards.
      ":detect_stack_use_after_return=1"
      // The unused part of a std::vector.
      ":detect_container_overflow=1"
      // strlen and its like check the whole string, also where they could have stopped early.
      ":strict_string_checks=1"
      // A static object that uses one of another file before its turn, also where link order is kind.
      ":check_initialization_order=1:strict_init_order=1"
      // new and free, new[] and delete, delete of another size.
      ":alloc_dealloc_mismatch=1:new_delete_type_mismatch=1";
}
#endif

#if __has_feature(undefined_behavior_sanitizer)
OPTIONS_OF(ubsan) {
  return COMMON
      // A line alone says what, a stack says how it came to that.
      ":print_stacktrace=1"
      // The summary names the check instead of "undefined-behavior".
      ":report_error_type=1";
}
#endif

#if __has_feature(thread_sanitizer)
OPTIONS_OF(tsan) {
  return COMMON
      // Lock inversions, with the stacks of both locks.
      ":detect_deadlocks=1:second_deadlock_stack=1"
      // A mutex that is destroyed while it is held.
      ":report_destroy_locked=1"
      // Remembers more accesses of each thread: otherwise the older side of a race often has lost its stack.
      ":history_size=4";
}
#endif

#if __has_feature(memory_sanitizer)
OPTIONS_OF(msan) {
  return COMMON
      // Members are uninitialised again once their destructor has run, freed blocks are, too.
      ":poison_in_dtor=1:poison_in_free=1";
}
#endif

// A lane without a sanitizer has no options, and ISO C has no empty translation unit.
extern int gauntlet_sanitizer_options;
