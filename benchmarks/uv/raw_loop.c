/* Timers, wake-ups from other threads, and the loop itself. */
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "raw.h"

/* ---- million_timers ---- */

struct timers {
  long fired;
  long closed;
};

static void on_timer(uv_timer_t* timer) { ++((struct timers*)timer->data)->fired; }

static void on_timer_closed(uv_handle_t* timer) { ++((struct timers*)timer->data)->closed; }

static int start_timers(uv_loop_t* loop, uv_timer_t* timers, long count, struct timers* self) {
  uint64_t milliseconds = 0;
  for (long i = 0; i < count; ++i) {
    if (i % 1000 == 0) ++milliseconds;
    if (uv_timer_init(loop, &timers[i]) != 0) return 0;
    timers[i].data = self;
    if (uv_timer_start(&timers[i], on_timer, milliseconds, 0) != 0) return 0;
  }
  return 1;
}

int raw_million_timers(const struct job* job, struct observer* observer) {
  struct timers self = {0, 0};
  uv_loop_t loop;
  int done;
  uv_timer_t* timers;
  if (uv_loop_init(&loop) != 0) return 0;
  observer->begin(observer);
  timers = calloc((size_t)job->count, sizeof *timers);
  done =
      timers != NULL && start_timers(&loop, timers, job->count, &self) && uv_run(&loop, UV_RUN_DEFAULT) == 0;
  for (long i = 0; done && i < job->count; ++i) uv_close((uv_handle_t*)&timers[i], on_timer_closed);
  done = done && uv_run(&loop, UV_RUN_DEFAULT) == 0;
  free(timers);
  observer->end(observer);
  done = uv_loop_close(&loop) == 0 && done;
  return done && self.fired == job->count && self.closed == job->count;
}

/* ---- async_pummel ---- */

enum { MOST_THREADS = 8 };

struct pummel {
  uv_async_t async;
  atomic_int stopped;
  long callbacks;
  const struct job* job;
  struct observer* observer;
};

static void on_async(uv_async_t* async) {
  struct pummel* self = async->data;
  ++self->callbacks;
  if (self->callbacks == self->job->count) {
    self->observer->end(self->observer);
    atomic_store(&self->stopped, 1);
    uv_stop(async->loop);
  } else if (self->job->width == 0) {
    uv_async_send(async);
  }
}

static void pummel(void* argument) {
  struct pummel* self = argument;
  while (atomic_load_explicit(&self->stopped, memory_order_relaxed) == 0) uv_async_send(&self->async);
}

static int pummel_by_threads(uv_loop_t* loop, struct pummel* self) {
  uv_thread_t threads[MOST_THREADS];
  int started = 0;
  while (started < self->job->width && uv_thread_create(&threads[started], pummel, self) == 0) ++started;
  if (started == self->job->width) {
    self->observer->begin(self->observer);
    if (self->job->width == 0) uv_async_send(&self->async);
    uv_run(loop, UV_RUN_DEFAULT); /* until on_async stops it */
  }
  atomic_store(&self->stopped, 1);
  for (int i = 0; i < started; ++i) uv_thread_join(&threads[i]);
  return started == self->job->width;
}

int raw_async_pummel(const struct job* job, struct observer* observer) {
  struct pummel self = {.job = job, .observer = observer};
  uv_loop_t loop;
  int done = 0;
  if (job->width > MOST_THREADS || uv_loop_init(&loop) != 0) return 0;
  if (uv_async_init(&loop, &self.async, on_async) == 0) {
    self.async.data = &self;
    done = pummel_by_threads(&loop, &self);
    uv_close((uv_handle_t*)&self.async, NULL); /* nobody sends any more */
    done = uv_run(&loop, UV_RUN_DEFAULT) == 0 && done;
  }
  return uv_loop_close(&loop) == 0 && done && self.callbacks >= job->count;
}

/* ---- loop_count ---- */

struct ticks {
  long left;
};

static void on_idle(uv_idle_t* idle) {
  struct ticks* self = idle->data;
  if (--self->left == 0) uv_idle_stop(idle);
}

int raw_loop_count(const struct job* job, struct observer* observer) {
  struct ticks self = {job->count};
  uv_loop_t loop;
  uv_idle_t idle;
  int done;
  if (uv_loop_init(&loop) != 0) return 0;
  done = uv_idle_init(&loop, &idle) == 0;
  idle.data = &self;
  done = done && uv_idle_start(&idle, on_idle) == 0;
  observer->begin(observer);
  done = done && uv_run(&loop, UV_RUN_DEFAULT) == 0;
  observer->end(observer);
  if (done) {
    uv_close((uv_handle_t*)&idle, NULL);
    done = uv_run(&loop, UV_RUN_DEFAULT) == 0;
  }
  return uv_loop_close(&loop) == 0 && done && self.left == 0;
}
