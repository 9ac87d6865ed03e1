/* Counts calls of the allocator, libpng's and zlib's included: the program's own definitions come before the
 * C library's. operator new comes through malloc. */
#include "allocations.h"

#include <stdlib.h>

/* glibc's own names for what is replaced here. */
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);

static long allocations;

long allocations_so_far(void) { return allocations; }

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
