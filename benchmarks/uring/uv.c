/* The same echo in C on libuv, whose loop asks epoll. */
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "contender.h"

struct end {
  uv_tcp_t tcp;
  uv_write_t write;
  int* open; /* ends that are not done */
  int is_client;
  size_t came; /* of a message */
  size_t size; /* of what is written */
  long left;   /* bytes that are still to be echoed, or to come back */
  char buffer[ECHO_BUFFER];
};

static void finish(struct end* end) {
  if (--*end->open == 0) uv_stop(end->tcp.loop);
}

/* libuv hands over no error here that would not come from a read, too. */
static void on_written(uv_write_t* request, int status) {
  struct end* const end = request->data;
  if (end->is_client || status != 0) return;
  end->left -= (long)end->size;
  if (end->left == 0) finish(end);
}

static void write_bytes(struct end* end, size_t size) {
  const uv_buf_t bytes = uv_buf_init(end->buffer, (unsigned)size);
  end->size = size;
  if (uv_write(&end->write, (uv_stream_t*)&end->tcp, &bytes, 1, on_written) != 0) uv_stop(end->tcp.loop);
}

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* into) {
  struct end* const end = handle->data;
  (void)suggested;
  *into = uv_buf_init(end->buffer, sizeof end->buffer);
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* from) {
  struct end* const end = stream->data;
  (void)from;
  if (size < 0) uv_stop(stream->loop);
  if (size <= 0) return;
  if (!end->is_client) {
    write_bytes(end, (size_t)size);
    return;
  }
  end->left -= (long)size;
  end->came += (size_t)size;
  if (end->came < MESSAGE_BYTES) return;
  end->came = 0;
  if (end->left > 0)
    write_bytes(end, MESSAGE_BYTES);
  else
    finish(end);
}

static int open_end(uv_loop_t* loop, struct end* end, int socket) {
  const int own = dup(socket);
  if (own < 0 || uv_tcp_init(loop, &end->tcp) != 0) return 0;
  end->tcp.data = end;
  end->write.data = end;
  return uv_tcp_open(&end->tcp, own) == 0;
}

static void close_handle(uv_handle_t* handle, void* unused) {
  (void)unused;
  uv_close(handle, NULL);
}

static int uv_echo(const struct job* job, struct observer* observer) {
  const int count = 2 * job->width;
  int open = count;
  int good = 1;
  uv_loop_t loop;
  struct end* const ends = calloc((size_t)count, sizeof *ends);
  if (ends == NULL || uv_loop_init(&loop) != 0) {
    free(ends);
    return 0;
  }
  for (int i = 0; good && i < count; ++i) {
    struct end* const end = &ends[i];
    end->open = &open;
    end->is_client = i % 2;
    end->left = job->count / job->width * MESSAGE_BYTES;
    good = open_end(&loop, end, job->pairs[i / 2].ends[i % 2]);
  }
  observer->begin(observer);
  for (int i = 0; good && i < count; ++i) {
    good = uv_read_start((uv_stream_t*)&ends[i].tcp, on_alloc, on_read) == 0;
    if (ends[i].is_client) write_bytes(&ends[i], MESSAGE_BYTES);
  }
  if (good) uv_run(&loop, UV_RUN_DEFAULT);
  observer->end(observer);
  good = good && open == 0;
  uv_walk(&loop, close_handle, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  good = uv_loop_close(&loop) == 0 && good;
  free(ends);
  return good;
}

const struct contender uv_contender = {.name = "libuv", .echo = uv_echo};
