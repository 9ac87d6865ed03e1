/* Work for libuv's thread pool: requests that are used again as soon as they are done. */
#include <uv.h>

#include "raw.h"

enum { MOST_REQUESTS = 32 };

/* ---- queue_work ---- */

struct work {
  long left; /* to be asked for */
  long done;
  int failed;
};

struct piece {
  uv_work_t request;
  unsigned result;
};

static void on_work(uv_work_t* request) {
  struct piece* piece = request->data;
  piece->result = piece->result * 214013 + 2531011;
}

static void after_work(uv_work_t* request, int status);

static void ask_for_work(uv_loop_t* loop, struct work* self, uv_work_t* request) {
  if (self->left == 0) return;
  --self->left;
  if (uv_queue_work(loop, request, on_work, after_work) != 0) self->failed = 1;
}

static void after_work(uv_work_t* request, int status) {
  struct work* self = request->loop->data;
  self->failed |= status != 0;
  ++self->done;
  ask_for_work(request->loop, self, request);
}

int raw_queue_work(const struct job* job, struct observer* observer) {
  struct work self = {job->count, 0, 0};
  struct piece pieces[MOST_REQUESTS] = {0};
  uv_loop_t loop;
  if (job->width > MOST_REQUESTS || uv_loop_init(&loop) != 0) return 0;
  loop.data = &self;
  observer->begin(observer);
  for (int i = 0; i < job->width; ++i) {
    pieces[i].request.data = &pieces[i];
    ask_for_work(&loop, &self, &pieces[i].request);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  observer->end(observer);
  return uv_loop_close(&loop) == 0 && !self.failed && self.done == job->count;
}

/* ---- fs_stat ---- */

static void on_stat(uv_fs_t* request);

static void ask_for_stat(uv_loop_t* loop, struct work* self, uv_fs_t* request) {
  if (self->left == 0) return;
  --self->left;
  if (uv_fs_stat(loop, request, ".", on_stat) != 0) self->failed = 1;
}

static void on_stat(uv_fs_t* request) {
  uv_loop_t* loop = request->loop;
  struct work* self = loop->data;
  self->failed |= request->result != 0 || (request->statbuf.st_mode & 0170000) != 0040000; /* a folder */
  ++self->done;
  uv_fs_req_cleanup(request);
  ask_for_stat(loop, self, request);
}

int raw_fs_stat(const struct job* job, struct observer* observer) {
  struct work self = {job->count, 0, 0};
  uv_fs_t requests[MOST_REQUESTS];
  uv_loop_t loop;
  if (job->width > MOST_REQUESTS || uv_loop_init(&loop) != 0) return 0;
  loop.data = &self;
  observer->begin(observer);
  for (int i = 0; i < job->width; ++i) ask_for_stat(&loop, &self, &requests[i]);
  uv_run(&loop, UV_RUN_DEFAULT);
  observer->end(observer);
  return uv_loop_close(&loop) == 0 && !self.failed && self.done == job->count;
}
