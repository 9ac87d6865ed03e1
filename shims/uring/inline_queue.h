/* From the ring to the filled entry in one step. prep.c makes the shim's functions of this; those that are
 * called so often that the call itself is felt are here once more, for the C++ wrapper to have inline. */
#ifndef GAUNTLET_SHIM_URING_INLINE_QUEUE_H
#define GAUNTLET_SHIM_URING_INLINE_QUEUE_H

#include <errno.h>
#include <string.h>

#include "library.h"

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif

/* An entry of which gauntlet_uring_finish() and the prep function between them leave nothing of the
 * submission before it. All of it but user_data is cleared by liburing, up to 2.5 by the prep functions and
 * then by io_uring_get_sqe; the second half of an entry of 128 bytes by nobody. */
static inline struct io_uring_sqe* gauntlet_uring_acquire(struct io_uring* ring) {
  struct io_uring_sqe* const sqe = io_uring_get_sqe(ring);
  if (sqe != NULL && (ring->flags & IORING_SETUP_SQE128) != 0) memset(sqe + 1, 0, sizeof *sqe);
  return sqe;
}

/* Comes after the prep function: liburing's clear the flags up to 2.5, and set some themselves. */
static inline int gauntlet_uring_finish(struct io_uring_sqe* sqe, struct gauntlet_uring_entry entry) {
  const int selected_itself = (sqe->flags & IOSQE_BUFFER_SELECT) != 0;
  if ((entry.flags & IOSQE_BUFFER_SELECT) != 0 && !selected_itself) sqe->buf_group = entry.buf_group;
  sqe->flags = (uint8_t)(sqe->flags | entry.flags);
  sqe->ioprio = (uint16_t)(sqe->ioprio | entry.ioprio);
  sqe->personality = entry.personality;
  sqe->user_data = entry.user_data;
  return 0;
}

#define GAUNTLET_URING_UNPACK(...) __VA_ARGS__

/* A function: parameters come behind the ring and the entry, and call fills sqe. */
#define GAUNTLET_URING_QUEUE(function, parameters, call)                                                     \
  int function(struct io_uring* ring, struct gauntlet_uring_entry entry, GAUNTLET_URING_UNPACK parameters) { \
    struct io_uring_sqe* const sqe = gauntlet_uring_acquire(ring);                                           \
    if (sqe == NULL) return -EAGAIN;                                                                         \
    call;                                                                                                    \
    return gauntlet_uring_finish(sqe, entry);                                                                \
  }

static inline int gauntlet_uring_inline_nop(struct io_uring* ring, struct gauntlet_uring_entry entry) {
  struct io_uring_sqe* const sqe = gauntlet_uring_acquire(ring);
  if (sqe == NULL) return -EAGAIN;
  io_uring_prep_nop(sqe);
  return gauntlet_uring_finish(sqe, entry);
}
/* clang-format off */
static inline GAUNTLET_URING_QUEUE(gauntlet_uring_inline_read, (int fd, void* buf, unsigned nbytes, uint64_t offset),
                                   io_uring_prep_read(sqe, fd, buf, nbytes, offset))
static inline GAUNTLET_URING_QUEUE(gauntlet_uring_inline_write, (int fd, const void* buf, unsigned nbytes, uint64_t offset),
                                   io_uring_prep_write(sqe, fd, buf, nbytes, offset))
static inline GAUNTLET_URING_QUEUE(gauntlet_uring_inline_recv, (int sockfd, void* buf, size_t len, int flags),
                                   io_uring_prep_recv(sqe, sockfd, buf, len, flags))
static inline GAUNTLET_URING_QUEUE(gauntlet_uring_inline_send, (int sockfd, const void* buf, size_t len, int flags),
                                   io_uring_prep_send(sqe, sockfd, buf, len, flags))
/* clang-format on */

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif
