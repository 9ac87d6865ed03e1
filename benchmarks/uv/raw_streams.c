/* TCP on the loopback: a client that plays ping-pong, one that writes all at once, and an echo server. */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "raw.h"

/* What libuv suggests for a read, and what the wrapper reads into. */
enum { READ_SIZE = 65536 };

static int loopback(int port, struct sockaddr_in* address) {
  return uv_ip4_addr("127.0.0.1", port, address) == 0;
}

/* ---- echo server ---- */

/* A read into it and the write of the same bytes; connections that are idle hold none. */
struct buffer {
  struct buffer* next;
  char data[READ_SIZE];
};

struct server {
  uv_tcp_t tcp;
  struct buffer* spare;
  long echoed;
  long wanted; /* so many echoes stop the loop */
  int failed;
};

struct connection {
  uv_tcp_t tcp;     /* data: its server */
  uv_write_t write; /* data: the buffer that is being written, or NULL */
};

static void give_back(struct server* server, struct buffer* buffer) {
  if (buffer == NULL) return;
  buffer->next = server->spare;
  server->spare = buffer;
}

static void on_connection_closed(uv_handle_t* handle) {
  struct connection* self = (struct connection*)handle;
  give_back(self->tcp.data, self->write.data);
  free(self);
}

static void drop(struct connection* self) {
  if (!uv_is_closing((uv_handle_t*)&self->tcp)) uv_close((uv_handle_t*)&self->tcp, on_connection_closed);
}

/* While its last bytes are being written, a connection has no buffer for more: libuv answers with UV_ENOBUFS.
 */
static void on_echo_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* to) {
  struct connection* self = (struct connection*)handle;
  struct server* server = self->tcp.data;
  struct buffer* buffer = NULL;
  (void)suggested;
  if (self->write.data == NULL) {
    buffer = server->spare;
    if (buffer != NULL)
      server->spare = buffer->next;
    else
      buffer = malloc(sizeof *buffer);
  }
  self->write.data = buffer != NULL ? buffer : self->write.data;
  *to = uv_buf_init(buffer != NULL ? buffer->data : NULL, buffer != NULL ? READ_SIZE : 0);
}

static void on_echo_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* from);

static void on_echo_written(uv_write_t* request, int status) {
  struct connection* self = (struct connection*)request->handle;
  struct server* server = self->tcp.data;
  if (status == UV_ECANCELED) return; /* closing, which gives the buffer back */
  give_back(server, request->data);
  request->data = NULL;
  if (status != 0) {
    drop(self);
    return;
  }
  ++server->echoed;
  if (server->echoed == server->wanted) uv_stop(request->handle->loop);
  if (!uv_is_active((uv_handle_t*)&self->tcp)) uv_read_start(request->handle, on_echo_alloc, on_echo_read);
}

static void on_echo_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* from) {
  struct connection* self = (struct connection*)stream;
  if (size == UV_ENOBUFS) {
    uv_read_stop(stream);
  } else if (size > 0) {
    const uv_buf_t bytes = uv_buf_init(from->base, (unsigned)size);
    if (uv_write(&self->write, stream, &bytes, 1, on_echo_written) != 0) drop(self);
  } else if (size < 0) {
    drop(self);
  } else {
    give_back(self->tcp.data, self->write.data);
    self->write.data = NULL;
  }
}

static void on_connection(uv_stream_t* stream, int status) {
  struct server* server = (struct server*)stream;
  struct connection* self = status == 0 ? malloc(sizeof *self) : NULL;
  if (self == NULL || uv_tcp_init(stream->loop, &self->tcp) != 0) {
    free(self);
    server->failed = 1;
    return;
  }
  self->tcp.data = server;
  self->write.data = NULL;
  if (uv_accept(stream, (uv_stream_t*)&self->tcp) != 0 ||
      uv_read_start((uv_stream_t*)&self->tcp, on_echo_alloc, on_echo_read) != 0)
    drop(self);
}

static int listen_on_loopback(struct server* self, uv_loop_t* loop, int backlog, int* port) {
  struct sockaddr_in address;
  int size = sizeof address;
  if (uv_tcp_init(loop, &self->tcp) != 0) return 0;
  self->tcp.data = NULL;
  if (!loopback(0, &address) || uv_tcp_bind(&self->tcp, (const struct sockaddr*)&address, 0) != 0 ||
      uv_listen((uv_stream_t*)&self->tcp, backlog, on_connection) != 0 ||
      uv_tcp_getsockname(&self->tcp, (struct sockaddr*)&address, &size) != 0)
    return 0;
  *port = ntohs(address.sin_port);
  return 1;
}

static void close_one(uv_handle_t* handle, void* server) {
  if (handle->data == server)
    drop((struct connection*)handle);
  else if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

/* Closes what is open on the loop, runs it to its end and frees the server's buffers. */
static int close_all(uv_loop_t* loop, struct server* server) {
  int done;
  uv_walk(loop, close_one, server);
  done = uv_run(loop, UV_RUN_DEFAULT) == 0;
  while (server->spare != NULL) {
    struct buffer* buffer = server->spare;
    server->spare = buffer->next;
    free(buffer);
  }
  return uv_loop_close(loop) == 0 && done;
}

/* ---- serve ---- */

int raw_serve(const struct job* job, struct observer* observer) {
  struct server server = {.wanted = job->count};
  uv_loop_t loop;
  int port;
  int done;
  if (uv_loop_init(&loop) != 0) return 0;
  done = listen_on_loopback(&server, &loop, 128, &port);
  observer->begin(observer);
  if (done) {
    observer->listening(observer, port);
    uv_run(&loop, UV_RUN_DEFAULT);
  }
  observer->end(observer);
  done = close_all(&loop, &server) && done;
  return done && !server.failed && server.echoed == job->count;
}

/* ---- ping_pongs and echo ---- */

static char ping[] = {'P', 'I', 'N', 'G', '\n'}; /* not const only for uv_buf_t */

struct pinger {
  uv_tcp_t tcp;
  uv_connect_t connect;
  uv_write_t write;
  struct observer* observer;
  size_t matched; /* bytes of the ping that have come back */
  long pongs;
  long wanted;
  int failed;
  char data[READ_SIZE];
};

static void stop_pinging(struct pinger* self, int failed) {
  self->failed |= failed;
  uv_stop(self->tcp.loop);
}

static void on_ping_written(uv_write_t* request, int status) {
  if (status != 0 && status != UV_ECANCELED) stop_pinging(request->handle->data, 1);
}

/* The request is free again: with one connection on the loop, a ping's callback has run before its pong is
 * read. */
static void write_ping(struct pinger* self) {
  const uv_buf_t bytes = uv_buf_init(ping, sizeof ping);
  if (uv_write(&self->write, (uv_stream_t*)&self->tcp, &bytes, 1, on_ping_written) != 0)
    stop_pinging(self, 1);
}

static void on_pong_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* to) {
  struct pinger* self = handle->data;
  (void)suggested;
  *to = uv_buf_init(self->data, sizeof self->data);
}

static void on_pong(struct pinger* self) {
  if (++self->pongs < self->wanted) {
    write_ping(self);
    return;
  }
  self->observer->end(self->observer);
  stop_pinging(self, 0);
}

static void on_pong_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* from) {
  struct pinger* self = stream->data;
  if (size < 0) stop_pinging(self, 1);
  for (ssize_t i = 0; i < size; ++i) {
    if (from->base[i] != ping[self->matched]) stop_pinging(self, 1);
    if (++self->matched == sizeof ping) {
      self->matched = 0;
      on_pong(self);
    }
  }
}

static void on_pinger_connected(uv_connect_t* request, int status) {
  struct pinger* self = request->handle->data;
  if (status != 0 || uv_read_start(request->handle, on_pong_alloc, on_pong_read) != 0) {
    stop_pinging(self, 1);
    return;
  }
  self->observer->begin(self->observer);
  write_ping(self);
}

static int connect_pinger(struct pinger* self, uv_loop_t* loop, int port) {
  struct sockaddr_in address;
  if (uv_tcp_init(loop, &self->tcp) != 0) return 0;
  self->tcp.data = self;
  return loopback(port, &address) &&
         uv_tcp_connect(&self->connect, &self->tcp, (const struct sockaddr*)&address, on_pinger_connected) ==
             0;
}

/* Without a port, the echo server is one of this loop's own. */
static int play(const struct job* job, struct observer* observer) {
  struct server server = {.wanted = -1};
  struct pinger* self = calloc(1, sizeof *self);
  uv_loop_t loop;
  int port = job->port;
  int done;
  if (self == NULL || uv_loop_init(&loop) != 0) {
    free(self);
    return 0;
  }
  self->observer = observer;
  self->wanted = job->count;
  done = (port != 0 || listen_on_loopback(&server, &loop, 1, &port)) && connect_pinger(self, &loop, port);
  if (done) uv_run(&loop, UV_RUN_DEFAULT);
  done = close_all(&loop, &server) && done && !self->failed && self->pongs == job->count;
  free(self);
  return done && !server.failed;
}

int raw_ping_pongs(const struct job* job, struct observer* observer) { return play(job, observer); }

int raw_echo(const struct job* job, struct observer* observer) { return play(job, observer); }

/* ---- tcp_write_batch ---- */

static char greeting[] = {'H', 'e', 'l', 'l', 'o', ',', ' ', 'w', 'o', 'r', 'l', 'd', '.'};

struct batch {
  uv_tcp_t tcp;
  uv_connect_t connect;
  uv_shutdown_t shutdown;
  uv_write_t* requests;
  struct observer* observer;
  long wanted;
  long written;
  int failed;
};

static void on_batch_written(uv_write_t* request, int status) {
  struct batch* self = request->handle->data;
  self->failed |= status != 0;
  ++self->written;
}

static void on_batch_shut_down(uv_shutdown_t* request, int status) {
  struct batch* self = request->handle->data;
  self->failed |= status != 0;
  free(self->requests);
  self->requests = NULL;
  self->observer->end(self->observer);
  uv_close((uv_handle_t*)request->handle, NULL);
}

static void on_batch_connected(uv_connect_t* request, int status) {
  struct batch* self = request->handle->data;
  const uv_buf_t bytes = uv_buf_init(greeting, sizeof greeting);
  self->failed |= status != 0;
  self->observer->begin(self->observer);
  for (long i = 0; !self->failed && i < self->wanted; ++i)
    self->failed |= uv_write(&self->requests[i], request->handle, &bytes, 1, on_batch_written) != 0;
  if (self->failed || uv_shutdown(&self->shutdown, request->handle, on_batch_shut_down) != 0) {
    self->failed = 1;
    uv_close((uv_handle_t*)request->handle, NULL);
  }
}

static int connect_batch(struct batch* self, uv_loop_t* loop, int port) {
  struct sockaddr_in address;
  if (uv_tcp_init(loop, &self->tcp) != 0) return 0;
  self->tcp.data = self;
  if (loopback(port, &address) &&
      uv_tcp_connect(&self->connect, &self->tcp, (const struct sockaddr*)&address, on_batch_connected) == 0)
    return 1;
  uv_close((uv_handle_t*)&self->tcp, NULL);
  return 0;
}

int raw_tcp_write_batch(const struct job* job, struct observer* observer) {
  struct batch self = {.observer = observer, .wanted = job->count};
  uv_loop_t loop;
  int done;
  self.requests = malloc((size_t)job->count * sizeof *self.requests);
  if (self.requests == NULL || uv_loop_init(&loop) != 0) {
    free(self.requests);
    return 0;
  }
  done = connect_batch(&self, &loop, job->port);
  done = uv_run(&loop, UV_RUN_DEFAULT) == 0 && done;
  done = uv_loop_close(&loop) == 0 && done && !self.failed && self.written == job->count;
  free(self.requests);
  return done;
}
