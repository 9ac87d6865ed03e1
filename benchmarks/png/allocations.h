#ifndef GAUNTLET_BENCHMARKS_PNG_ALLOCATIONS_H
#define GAUNTLET_BENCHMARKS_PNG_ALLOCATIONS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Calls of malloc, calloc and realloc since the program began, from any library. */
long allocations_so_far(void);

#ifdef __cplusplus
}
#endif

#endif
