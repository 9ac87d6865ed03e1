#pragma once

// A canary is a fault committed on purpose. A lane that claims to catch it must report it, by name, on every
// run: a lane whose tool is off, or does not reach the code in question, goes red instead of silently green.

// Every canary, once. Each is a function canary_NAME(bool faulty): with true it commits the fault, with false
// it takes the same path and does it right (its clean twin, which no tool may report).
//
// The general ones are faults of this program's own code: they go with the lane into other projects.
#define GAUNTLET_GENERAL_CANARIES(X) \
  X(heap_overflow)                   \
  X(stack_overflow)                  \
  X(use_after_free)                  \
  X(use_after_return)                \
  X(container_overflow)              \
  X(leak)                            \
  X(uninitialised_branch)            \
  X(library_assertion)               \
  X(signed_overflow)                 \
  X(bad_shift)                       \
  X(misaligned_access)               \
  X(implicit_conversion)             \
  X(data_race)                       \
  X(lock_inversion)                  \
  X(double_close)                    \
  X(leaked_descriptor)

// Of the program that has all. In another project's lane the build says that there are only the general ones.
#ifndef GAUNTLET_CANARIES
#define GAUNTLET_CANARIES(X)                \
  GAUNTLET_GENERAL_CANARIES(X)              \
  X(heap_overflow_in_shim)                  \
  X(misaligned_access_in_shim)              \
  X(data_race_in_shim)                      \
  X(uninitialised_branch_in_shim)           \
  X(heap_overflow_in_zlib)                  \
  X(data_race_in_zlib)                      \
  X(uninitialised_branch_in_zlib)           \
  X(heap_overflow_in_libpng)                \
  X(signed_overflow_in_libpng)              \
  X(data_race_in_libpng)                    \
  X(uninitialised_branch_in_libpng)         \
  X(heap_overflow_in_libuv)                 \
  X(misaligned_access_in_libuv)             \
  X(data_race_in_libuv)                     \
  X(uninitialised_branch_in_libuv)          \
  X(heap_overflow_in_llhttp)                \
  X(misaligned_access_in_llhttp)            \
  X(data_race_in_llhttp)                    \
  X(uninitialised_branch_in_llhttp)         \
  X(heap_overflow_in_liburing)              \
  X(misaligned_access_in_liburing)          \
  X(data_race_in_liburing)                  \
  X(uninitialised_branch_in_liburing)       \
  X(kernel_write_into_freed_memory)         \
  X(uninitialised_branch_behind_short_read) \
  X(touching_lent_memory)                   \
  X(writing_to_memory_lent_for_reading)
#endif

// Not inlined, so that the stack of a report names it.
#define GAUNTLET_DECLARE(name) [[gnu::noinline]] void canary_##name(bool faulty);
GAUNTLET_CANARIES(GAUNTLET_DECLARE)
#undef GAUNTLET_DECLARE

// The same value, of which the compiler knows nothing any more: it can neither fold the fault away nor warn.
template <class T>
[[nodiscard]] T opaque(T value) {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}

// Keeps the branch it stands in: without it the compiler would drop the decision.
inline void reached() { asm volatile("" : : : "memory"); }
