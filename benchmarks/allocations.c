/* Counts calls of the allocator, those of the C libraries included: the program's own definitions come before
 * the C library's. operator new comes through malloc, and through aligned_alloc for what is aligned to more.
 * Pages that come from the system itself are counted as one allocation each time, and as bytes.
 */
#include "allocations.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's own names for what is replaced here. */
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* memory, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

static atomic_long allocations;
static atomic_long mapped; /* bytes, but for those of malloc, which maps by a name of its own */

struct heap heap_now(void) {
  const struct mallinfo2 info = mallinfo2();
  return (struct heap){allocations, (long)(info.uordblks + info.hblkhd) + mapped};
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

void* mmap(void* address, size_t size, int protection, int flags, int descriptor, off_t offset) {
  void* const memory = (void*)syscall(SYS_mmap, address, size, protection, flags, descriptor, offset);
  if (memory == MAP_FAILED || (flags & MAP_ANONYMOUS) == 0) return memory;
  ++allocations;
  mapped += (long)size;
  return memory;
}

/* What is unmapped was anonymous memory in what is measured. */
int munmap(void* memory, size_t size) {
  const int status = (int)syscall(SYS_munmap, memory, size);
  if (status == 0) mapped -= (long)size;
  return status;
}
