/* C on liburing, as a careful programmer writes it: what has ended is looked at in one go, what follows is
 * queued at once, and one call into the kernel submits it all and waits for more. A ring has the sizes and
 * flags that the wrapper's has. */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "contender.h"

/* Of newer kernels than the liburing of Debian 12 knows. */
enum { SETUP_SINGLE_ISSUER = 1U << 12, SETUP_DEFER_TASKRUN = 1U << 13 };

/* The file's own position, or that of something that has none. */
static const uint64_t current_position = UINT64_MAX;

static int set_up(struct io_uring* ring, const struct job* job) {
  struct io_uring_params params = {0};
  if (job->deferred) params.flags = SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;
  if (io_uring_queue_init_params(entries_of(job), ring, &params) != 0) return 0;
  return !job->registered || io_uring_register_ring_fd(ring) == 1;
}

/* The queue has room for all that is in flight. */
static struct io_uring_sqe* next_entry(struct io_uring* ring, void* user) {
  struct io_uring_sqe* const sqe = io_uring_get_sqe(ring);
  io_uring_sqe_set_data(sqe, user);
  return sqe;
}

static int submit_and_wait(struct io_uring* ring) {
  const int status = io_uring_submit_and_wait(ring, 1);
  return status >= 0 || status == -EINTR;
}

/* ---- nops ---- */

static void queue_nops(struct io_uring* ring, long count) {
  for (long i = 0; i < count; ++i) io_uring_prep_nop(next_entry(ring, NULL));
}

static int raw_nops(const struct job* job, struct observer* observer) {
  struct io_uring ring;
  long done = 0;
  int good = 1;
  if (!set_up(&ring, job)) return 0;
  observer->begin(observer);
  queue_nops(&ring, job->width);
  for (long queued = job->width; good && done < job->count;) {
    unsigned head;
    unsigned seen = 0;
    struct io_uring_cqe* cqe;
    good = submit_and_wait(&ring);
    io_uring_for_each_cqe(&ring, head, cqe) {
      good &= cqe->res == 0;
      ++seen;
    }
    io_uring_cq_advance(&ring, seen);
    done += seen;
    const long next = job->count - queued < (long)seen ? job->count - queued : (long)seen;
    queue_nops(&ring, next);
    queued += next;
  }
  observer->end(observer);
  io_uring_queue_exit(&ring);
  return good;
}

/* ---- reads ---- */

struct read {
  void* memory;
  uint64_t block;
};

static void queue_read(struct io_uring* ring, const struct job* job, struct read* read, uint32_t* random) {
  read->block = next_block(random);
  io_uring_prep_read(next_entry(ring, read), job->file, read->memory, BLOCK_BYTES, read->block * BLOCK_BYTES);
}

static int is_block(const struct read* read, int32_t size) {
  uint64_t number;
  memcpy(&number, read->memory, sizeof number);
  return size == BLOCK_BYTES && number == read->block;
}

static int read_all(struct io_uring* ring, const struct job* job, struct read* reads) {
  uint32_t random = 1;
  long queued = 0;
  int good = 1;
  for (; queued < job->width; ++queued) queue_read(ring, job, &reads[queued], &random);
  for (long done = 0; good && done < job->count;) {
    unsigned head;
    unsigned seen = 0;
    struct io_uring_cqe* cqe;
    good = submit_and_wait(ring);
    io_uring_for_each_cqe(ring, head, cqe) {
      struct read* const read = io_uring_cqe_get_data(cqe);
      good &= is_block(read, cqe->res);
      ++seen;
      if (queued == job->count) continue;
      queue_read(ring, job, read, &random);
      ++queued;
    }
    io_uring_cq_advance(ring, seen);
    done += seen;
  }
  return good;
}

static int raw_reads(const struct job* job, struct observer* observer) {
  const size_t width = (size_t)job->width;
  struct io_uring ring;
  struct read* const reads = calloc(width, sizeof *reads);
  char* const memory = aligned_alloc(BLOCK_BYTES, width * BLOCK_BYTES);
  int done = reads != NULL && memory != NULL && set_up(&ring, job);
  if (done) {
    for (size_t i = 0; i < width; ++i) reads[i].memory = memory + i * BLOCK_BYTES;
    observer->begin(observer);
    done = read_all(&ring, job, reads);
    observer->end(observer);
    io_uring_queue_exit(&ring);
  }
  free(memory);
  free(reads);
  return done;
}

/* ---- echo ---- */

struct end {
  int socket;
  int writes; /* what is in flight */
  int is_client;
  size_t from; /* what is still to be written of the buffer, or has been read of a message */
  size_t to;
  long left; /* bytes that are still to be echoed, or to come back */
  char buffer[ECHO_BUFFER];
};

static void queue_write(struct io_uring* ring, struct end* end) {
  end->writes = 1;
  io_uring_prep_write(next_entry(ring, end), end->socket, end->buffer + end->from,
                      (unsigned)(end->to - end->from), current_position);
}

static void queue_receive(struct io_uring* ring, struct end* end) {
  end->writes = 0;
  io_uring_prep_read(next_entry(ring, end), end->socket, end->buffer, sizeof end->buffer, current_position);
}

static void send_message(struct io_uring* ring, struct end* client) {
  client->from = 0;
  client->to = MESSAGE_BYTES;
  queue_write(ring, client);
}

static void on_written(struct io_uring* ring, struct end* end, size_t size) {
  end->from += size;
  if (end->from < end->to) {
    queue_write(ring, end);
    return;
  }
  end->from = 0;
  if (!end->is_client) end->left -= (long)end->to;
  if (end->left > 0) queue_receive(ring, end);
}

static void on_read(struct io_uring* ring, struct end* end, size_t size) {
  if (!end->is_client) {
    end->from = 0;
    end->to = size;
    queue_write(ring, end);
    return;
  }
  end->left -= (long)size;
  end->from += size;
  if (end->from < MESSAGE_BYTES)
    queue_receive(ring, end);
  else if (end->left > 0)
    send_message(ring, end);
}

static int echo_all(struct io_uring* ring, struct end* ends, int count) {
  int good = 1;
  for (int i = 0; i < count; ++i) {
    if (ends[i].is_client)
      send_message(ring, &ends[i]);
    else
      queue_receive(ring, &ends[i]);
  }
  for (int open = count; good && open > 0;) {
    unsigned head;
    unsigned seen = 0;
    struct io_uring_cqe* cqe;
    good = submit_and_wait(ring);
    io_uring_for_each_cqe(ring, head, cqe) {
      struct end* const end = io_uring_cqe_get_data(cqe);
      ++seen;
      if (cqe->res <= 0) {
        good = 0;
        break;
      }
      if (end->writes)
        on_written(ring, end, (size_t)cqe->res);
      else
        on_read(ring, end, (size_t)cqe->res);
      open -= end->left == 0;
    }
    io_uring_cq_advance(ring, seen);
  }
  return good;
}

static int raw_echo(const struct job* job, struct observer* observer) {
  const int count = 2 * job->width;
  struct io_uring ring;
  struct end* const ends = calloc((size_t)count, sizeof *ends);
  if (ends == NULL || !set_up(&ring, job)) {
    free(ends);
    return 0;
  }
  for (int i = 0; i < count; ++i) {
    ends[i].socket = job->pairs[i / 2].ends[i % 2];
    ends[i].is_client = i % 2;
    ends[i].left = job->count / job->width * MESSAGE_BYTES;
  }
  observer->begin(observer);
  const int done = echo_all(&ring, ends, count);
  observer->end(observer);
  io_uring_queue_exit(&ring);
  free(ends);
  return done;
}

const struct contender raw_contender = {.name = "raw",
                                        .nops = raw_nops,
                                        .reads = raw_reads,
                                        .batched_nops = raw_nops,
                                        .batched_reads = raw_reads,
                                        .echo = raw_echo};
