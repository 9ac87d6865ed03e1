/* The inline functions that fill no submission, one to one, and what liburing has as macros only. */
#include "library.h"

#define UNPACK(...) __VA_ARGS__

#define DOES_THERE(name, parameters, arguments) \
  void gauntlet_uring_##name(UNPACK parameters) { io_uring_##name arguments; }
#define ANSWERS_THERE(type, name, parameters, arguments) \
  type gauntlet_uring_##name(UNPACK parameters) { return io_uring_##name arguments; }
#define NOT_HERE(...)

#define DOES(since, name, parameters, arguments) \
  SINCE_##since(DOES_THERE, NOT_HERE)(name, parameters, arguments)
#define ANSWERS(since, type, name, parameters, arguments) \
  SINCE_##since(ANSWERS_THERE, NOT_HERE)(type, name, parameters, arguments)
#define PREP(since, name, parameters, arguments)
#define WRITTEN_OUT(since, name)
#include "functions.inc"

unsigned gauntlet_uring_version_major(void) { return LIBURING_MAJOR; }
unsigned gauntlet_uring_version_minor(void) { return LIBURING_MINOR; }

bool gauntlet_uring_check_version(int major, int minor) {
  return major > LIBURING_MAJOR || (major == LIBURING_MAJOR && minor > LIBURING_MINOR);
}

uint64_t gauntlet_uring_udata_timeout(void) { return LIBURING_UDATA_TIMEOUT; }

unsigned gauntlet_uring_cqe_shift(const struct io_uring* ring) { return (unsigned)io_uring_cqe_shift(ring); }

unsigned gauntlet_uring_cqe_index(const struct io_uring* ring, unsigned ptr, unsigned mask) {
  return io_uring_cqe_index(ring, ptr, mask);
}

unsigned gauntlet_uring_read_once(const unsigned* var) { return IO_URING_READ_ONCE(*var); }
void gauntlet_uring_write_once(unsigned* var, unsigned value) { IO_URING_WRITE_ONCE(*var, value); }
unsigned gauntlet_uring_smp_load_acquire(const unsigned* p) { return io_uring_smp_load_acquire(p); }
void gauntlet_uring_smp_store_release(unsigned* p, unsigned value) { io_uring_smp_store_release(p, value); }
void gauntlet_uring_smp_mb(void) { io_uring_smp_mb(); }
