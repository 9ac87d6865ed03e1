/* What comes back. */
#include "library.h"

/* Valid for the i-th of those that are ready. */
static const struct io_uring_cqe* completion_at(const struct io_uring* ring, unsigned i) {
  const unsigned at = (unsigned)((uint64_t)*ring->cq.khead + i); /* the head counts on past 2^32 */
  return &ring->cq.cqes[io_uring_cqe_index(ring, at, ring->cq.ring_mask)];
}

/* Kernels before 5.11 cannot wait with a timeout: there liburing submits one of its own, whose completion is
 * nobody's. */
static bool is_liburings_own(const struct io_uring* ring, const struct io_uring_cqe* cqe) {
  return (ring->features & IORING_FEAT_EXT_ARG) == 0 && cqe->user_data == LIBURING_UDATA_TIMEOUT;
}

void gauntlet_uring_cqe_copy(const struct io_uring_cqe* cqe, struct gauntlet_uring_completion* into) {
  into->user_data = cqe->user_data;
  into->res = cqe->res;
  into->flags = cqe->flags;
}

unsigned gauntlet_uring_reap(struct io_uring* ring, struct gauntlet_uring_completion* into, unsigned count) {
  const unsigned ready = io_uring_cq_ready(ring);
  unsigned seen = 0;
  unsigned copied = 0;
  for (; seen < ready && copied < count; ++seen) {
    const struct io_uring_cqe* const cqe = completion_at(ring, seen);
    if (!is_liburings_own(ring, cqe)) gauntlet_uring_cqe_copy(cqe, &into[copied++]);
  }
  io_uring_cq_advance(ring, seen);
  return copied;
}

struct gauntlet_uring_run gauntlet_uring_peek_run(const struct io_uring* ring) {
  const unsigned ready = io_uring_cq_ready(ring);
  const unsigned until_the_end = ring->cq.ring_mask + 1 - (*ring->cq.khead & ring->cq.ring_mask);
  const unsigned count = ready < until_the_end ? ready : until_the_end;
  const struct gauntlet_uring_run run = {
      .first = completion_at(ring, 0), .count = count, .left = ready - count};
  return run;
}

unsigned gauntlet_uring_for_each_cqe(const struct io_uring* ring,
                                     int (*visit)(void* user, const struct io_uring_cqe* cqe), void* user) {
  const unsigned ready = io_uring_cq_ready(ring);
  for (unsigned i = 0; i < ready; ++i) {
    if (visit(user, completion_at(ring, i)) != 0) return i + 1;
  }
  return ready;
}
