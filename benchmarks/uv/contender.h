/* What every contender does: libuv's own benchmarks, and connections that stay idle. C, because one of them
 * is C.
 *
 * An operation sets up what it needs, says begin, does the work, says end, and gives everything back: what is
 * measured lies between the two. */
#ifndef GAUNTLET_BENCHMARKS_UV_CONTENDER_H
#define GAUNTLET_BENCHMARKS_UV_CONTENDER_H

#ifdef __cplusplus
extern "C" {
#endif

struct job {
  long count; /* of operations */
  int width;  /* threads that send, requests in flight: what an operation says below */
  int port;   /* on the loopback, of the process at the other end; 0 where there is none */
};

struct observer {
  void (*begin)(struct observer* self);
  void (*end)(struct observer* self);
  /* A server waits for connections on this port of the loopback. */
  void (*listening)(struct observer* self, int port);
};

/* 1 if all of it was done and came out as it must, 0 if not. */
typedef int operation(const struct job* job, struct observer* observer);

/* NULL: the library has nothing of that kind. */
struct contender {
  const char* name;
  /* "PING\n" to the echo server at the port, again when it has come back: count round trips. */
  operation* ping_pongs;
  /* The same with an echo server of the contender's own at the other end, both in one loop. */
  operation* echo;
  /* The same two by coroutines, where the language has them: C is what it is. */
  operation* tasks_ping_pongs;
  operation* tasks_echo;
  /* count writes of 13 bytes to the port, asked for at once, until the last one is done. */
  operation* tcp_write_batch;
  /* count timers, a thousand for each millisecond, are started, run out and are closed. */
  operation* million_timers;
  /* width threads wake the loop for as long as it takes until count callbacks have run; with a width of 0,
   * each callback sends for the next one. */
  operation* async_pummel;
  /* count turns of a loop that is never idle. */
  operation* loop_count;
  /* count pieces of work for the thread pool, width of them at a time. */
  operation* queue_work;
  /* count times stat of ".", width of them at a time. */
  operation* fs_stat;
  /* An echo server answers its visitors until it has echoed count times; end is said while it holds their
   * connections. */
  operation* serve;
  operation* tasks_serve;
};

extern const struct contender raw_contender; /* C on libuv: what the others are compared with */
extern const struct contender wrapper_contender;
extern const struct contender asio_contender;

#ifdef __cplusplus
}
#endif

#endif
