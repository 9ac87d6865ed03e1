/* A ring's life. */
#include <stdlib.h>

#include "library.h"

static struct io_uring_params to_liburing(const struct gauntlet_uring_params* params) {
  const struct io_uring_params value = {.flags = params->flags,
                                        .cq_entries = params->cq_entries,
                                        .sq_thread_cpu = params->sq_thread_cpu,
                                        .sq_thread_idle = params->sq_thread_idle,
                                        .wq_fd = params->wq_fd};
  return value;
}

static void tell(struct gauntlet_uring_params* params, const struct io_uring_params* made) {
  params->flags = made->flags;
  params->sq_entries = made->sq_entries;
  params->cq_entries = made->cq_entries;
  params->features = made->features;
}

int gauntlet_uring_create(struct io_uring** out, unsigned entries, struct gauntlet_uring_params* params) {
  struct gauntlet_uring_params none = {0};
  struct gauntlet_uring_params* const asked = params != NULL ? params : &none;
  struct io_uring_params made = to_liburing(asked);
  *out = NULL;
  struct io_uring* const ring = malloc(sizeof *ring);
  if (ring == NULL) return -ENOMEM;
  const int status = io_uring_queue_init_params(entries, ring, &made);
  if (status < 0) {
    free(ring);
    return status;
  }
  tell(asked, &made);
  *out = ring;
  return 0;
}

void gauntlet_uring_destroy(struct io_uring* ring) {
  if (ring == NULL) return;
  io_uring_queue_exit(ring);
  free(ring);
}

int gauntlet_uring_fd(const struct io_uring* ring) { return ring->ring_fd; }
unsigned gauntlet_uring_flags(const struct io_uring* ring) { return ring->flags; }
unsigned gauntlet_uring_features(const struct io_uring* ring) { return ring->features; }
