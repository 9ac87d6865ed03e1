/* Submissions: liburing's prep functions one to one, and each again as one step from the ring to the filled
 * entry. */
#include "inline_queue.h"

/* io_uring_prep_fallocate takes off_t in 2.3 and __u64 later: no cast says both. idtype_t is an enum that has
 * no sign. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* With the newest liburing nobody calls it. */
__attribute__((unused)) static int no_such_function(int ignored, ...) {
  (void)ignored;
  return -ENOSYS;
}

#define UNPACK(...) __VA_ARGS__

#define QUEUE(name, parameters, call) GAUNTLET_URING_QUEUE(gauntlet_uring_queue_##name, parameters, call)

#define PREP_THERE(name, parameters, arguments)                                  \
  void gauntlet_uring_prep_##name(struct io_uring_sqe* sqe, UNPACK parameters) { \
    io_uring_prep_##name(sqe, UNPACK arguments);                                 \
  }                                                                              \
  QUEUE(name, parameters, io_uring_prep_##name(sqe, UNPACK arguments))
#define PREP_MISSING(name, parameters, arguments)                                           \
  int gauntlet_uring_queue_##name(struct io_uring* ring, struct gauntlet_uring_entry entry, \
                                  UNPACK parameters) {                                      \
    return no_such_function(0, ring, entry, UNPACK arguments);                              \
  }

#define DOES(since, name, parameters, arguments)
#define ANSWERS(since, type, name, parameters, arguments)
#define PREP(since, name, parameters, arguments) \
  SINCE_##since(PREP_THERE, PREP_MISSING)(name, parameters, arguments)
#define WRITTEN_OUT(since, name)
#include "functions.inc"

/* ---- those that have no parameter behind the sqe, or one before it, or fill half an entry ---- */
void gauntlet_uring_prep_nop(struct io_uring_sqe* sqe) { io_uring_prep_nop(sqe); }

int gauntlet_uring_queue_nop(struct io_uring* ring, struct gauntlet_uring_entry entry) {
  return gauntlet_uring_inline_nop(ring, entry);
}

void gauntlet_uring_prep_rw(int op, struct io_uring_sqe* sqe, int fd, const void* addr, unsigned len,
                            uint64_t offset) {
  io_uring_prep_rw(op, sqe, fd, addr, len, offset);
}

QUEUE(rw, (int op, int fd, const void* addr, unsigned len, uint64_t offset),
      io_uring_prep_rw(op, sqe, fd, addr, len, offset))

void gauntlet_uring_prep_send_set_addr(struct io_uring_sqe* sqe, const struct sockaddr* dest_addr,
                                       uint16_t addr_len) {
  io_uring_prep_send_set_addr(sqe, dest_addr, addr_len);
}

QUEUE(send_zc_to,
      (int sockfd, const void* buf, size_t len, int flags, unsigned zc_flags,
       const struct sockaddr* dest_addr, uint16_t addr_len),
      io_uring_prep_send_zc(sqe, sockfd, buf, len, flags, zc_flags);
      io_uring_prep_send_set_addr(sqe, dest_addr, addr_len))

QUEUE(send_zc_fixed_to,
      (int sockfd, const void* buf, size_t len, int flags, unsigned zc_flags, unsigned buf_index,
       const struct sockaddr* dest_addr, uint16_t addr_len),
      io_uring_prep_send_zc_fixed(sqe, sockfd, buf, len, flags, zc_flags, buf_index);
      io_uring_prep_send_set_addr(sqe, dest_addr, addr_len))
