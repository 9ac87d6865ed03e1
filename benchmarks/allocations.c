/* Counts calls of the allocator, those of the C libraries included: the program's own definitions come before
 * the C library's. operator new comes through malloc, and through aligned_alloc for what is aligned to more.
 */
#include "allocations.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

/* glibc's own names for what is replaced here. */
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

static atomic_long allocations;

struct heap heap_now(void) {
  const struct mallinfo2 info = mallinfo2();
  return (struct heap){allocations, (long)(info.uordblks + info.hblkhd)};
}

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}

void* realloc(void* memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
