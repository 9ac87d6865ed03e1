/* What every contender does: round trips through a queue that the kernel shares, reads of a file, echoes over
 * sockets. C, because one of them is C.
 *
 * An operation sets up what it needs, says begin, does the work, says end, and gives everything back: what is
 * measured lies between the two. */
#ifndef GAUNTLET_BENCHMARKS_URING_CONTENDER_H
#define GAUNTLET_BENCHMARKS_URING_CONTENDER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BLOCK_BYTES = 4096, FILE_BLOCKS = 4096 };
enum { MESSAGE_BYTES = 64, ECHO_BUFFER = 4096 };

struct pair {
  int ends[2]; /* of a connection: the one that echoes, the other one */
};

struct job {
  long count;     /* of operations, a multiple of width */
  int width;      /* of them in flight, or connections */
  int file;       /* FILE_BLOCKS blocks, each begins with its own number, 64 bits; to be closed by nobody */
  int deferred;   /* the ring has IORING_SETUP_SINGLE_ISSUER and IORING_SETUP_DEFER_TASKRUN */
  int registered; /* raw C registers its ring with the thread, as the wrapper does by itself */
  /* width pairs of TCP sockets on the loopback, connected with each other, which block; to be closed by
   * nobody: who closes what it works on takes a dup(). */
  const struct pair* pairs;
};

struct observer {
  void (*begin)(struct observer* self);
  void (*end)(struct observer* self);
};

/* 1 if all of it was done and came out as it must, 0 if not. */
typedef int operation(const struct job* job, struct observer* observer);

/* NULL: the library has nothing of that kind. */
struct contender {
  const char* name;
  /* count nops, width of them in flight: one that ends is followed by another. */
  operation* nops;
  /* count blocks of the file are read, each checked for its number, width of them in flight. Which ones says
   * next_block(). */
  operation* reads;
  /* The same two, where a library has something of its own for many operations that are awaited together. */
  operation* batched_nops;
  operation* batched_reads;
  /* count round trips of MESSAGE_BYTES bytes, as many on each pair: one end writes a message and waits until
   * it has come back, the other one echoes what it reads. Both are of the contender's own, in one ring or
   * loop. */
  operation* echo;
};

extern const struct contender raw_contender; /* C on liburing: what the others are compared with */
extern const struct contender wrapper_contender;
extern const struct contender uv_contender; /* C on libuv */
extern const struct contender asio_contender;

/* Of the submission queue: all that a job has in flight fits. */
static inline unsigned entries_of(const struct job* job) {
  const unsigned both_ends = 2U * (unsigned)job->width;
  return both_ends > 256U ? both_ends : 256U;
}

/* The same random blocks for all; state is not 0. */
static inline uint64_t next_block(uint32_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state % FILE_BLOCKS;
}

#ifdef __cplusplus
}
#endif

#endif
