#ifndef GAUNTLET_BENCHMARKS_ALLOCATIONS_H
#define GAUNTLET_BENCHMARKS_ALLOCATIONS_H

#ifdef __cplusplus
extern "C" {
#endif

struct heap {
  long allocations; /* since the program began, from any library and thread */
  long bytes;       /* that are allocated now, the allocator's own part of each block and mapped pages included */
};

struct heap heap_now(void);

#ifdef __cplusplus
}
#endif

#endif
