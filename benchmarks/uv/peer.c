/* The process at the other end of a connection, without any of the libraries that are compared: blocking
 * sockets, and a thread for each connection that is served.
 *
 * peer_uv echo        sends back what comes
 * peer_uv sink        takes what comes
 * peer_uv visit PORT COUNT
 *                     makes so many connections, one after the other, each of which has one byte echoed, and
 * keeps them
 * peer_uv load PORT COUNT ROUNDS
 *                     the same; then each sends 64 bytes as soon as those before have come back, so many
 * times, all connections at once. Says how long a round trip takes at the 50th, 99th and 99.9th percentile,
 * in microseconds, and how many there are in a second
 *
 * The first two say on which port of the loopback. All end with their standard input, so none outlives who
 * started it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void must(int condition, const char* what) {
  if (condition) return;
  perror(what);
  exit(1);
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static int sends_back;

static void* serve(void* argument) {
  const int connection = *(int*)argument;
  char bytes[65536];
  ssize_t size;
  free(argument);
  while ((size = read(connection, bytes, sizeof bytes)) > 0)
    if (sends_back && write(connection, bytes, (size_t)size) != size) break;
  close(connection);
  return NULL;
}

static void serve_next(int listener) {
  pthread_t thread;
  int* connection = malloc(sizeof *connection);
  must(connection != NULL, "malloc");
  *connection = accept(listener, NULL, NULL);
  must(*connection >= 0, "accept");
  must(pthread_create(&thread, NULL, serve, connection) == 0, "pthread_create");
  pthread_detach(thread);
}

static void serve_all(void) {
  struct sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct pollfd wanted[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
  must(listener >= 0 && bind(listener, (const struct sockaddr*)&address, sizeof address) == 0 &&
           listen(listener, 128) == 0 && getsockname(listener, (struct sockaddr*)&address, &size) == 0,
       "listen");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  while (poll(wanted, 2, -1) > 0 && wanted[0].revents == 0)
    if (wanted[1].revents != 0) serve_next(listener);
}

/* Connected, each with one byte echoed, so that none waits to be accepted any more. */
static void connect_all(int port, int* connections, long count) {
  const struct sockaddr_in address = loopback(port);
  const struct rlimit most = {.rlim_cur = (rlim_t)count + 16, .rlim_max = (rlim_t)count + 16};
  char byte = 'x';
  must(setrlimit(RLIMIT_NOFILE, &most) == 0, "setrlimit");
  for (long i = 0; i < count; ++i) {
    connections[i] = socket(AF_INET, SOCK_STREAM, 0);
    must(
        connections[i] >= 0 && connect(connections[i], (const struct sockaddr*)&address, sizeof address) == 0,
        "connect");
    must(write(connections[i], &byte, 1) == 1 && read(connections[i], &byte, 1) == 1, "echo");
  }
}

static void wait_for_the_end(void) {
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
}

/* ---- load ---- */

enum { MESSAGE_SIZE = 64, MOST_EVENTS = 256 };

struct client {
  int connection;
  long left;       /* round trips */
  size_t come;     /* bytes of the message that is on its way */
  int64_t sent_at; /* ns */
};

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void send_message(struct client* self) {
  static const char message[MESSAGE_SIZE] = {'x'};
  self->come = 0;
  self->sent_at = now();
  must(write(self->connection, message, sizeof message) == (ssize_t)sizeof message, "write");
}

/* True when a round trip is done: it took so many ns. */
static int receive(struct client* self, int64_t* took) {
  char bytes[MESSAGE_SIZE];
  const ssize_t size = read(self->connection, bytes, sizeof bytes - self->come);
  must(size > 0, "read");
  self->come += (size_t)size;
  if (self->come < MESSAGE_SIZE) return 0;
  *took = now() - self->sent_at;
  return 1;
}

static int compare(const void* left, const void* right) {
  const int64_t one = *(const int64_t*)left;
  const int64_t other = *(const int64_t*)right;
  return (one > other) - (one < other);
}

static void tell(int64_t* took, long count, int64_t lasted) {
  qsort(took, (size_t)count, sizeof *took, compare);
  printf("%.1f %.1f %.1f %.0f\n", (double)took[count / 2] / 1e3, (double)took[count * 99 / 100] / 1e3,
         (double)took[count * 999 / 1000] / 1e3, (double)count / ((double)lasted / 1e9));
  fflush(stdout);
}

static void play(int epoll, long count, int64_t* took) {
  struct epoll_event events[MOST_EVENTS];
  for (long done = 0; done < count;) {
    const int ready = epoll_wait(epoll, events, MOST_EVENTS, -1);
    must(ready > 0, "epoll_wait");
    for (int i = 0; i < ready; ++i) {
      struct client* client = events[i].data.ptr;
      if (!receive(client, &took[done])) continue;
      ++done;
      if (--client->left > 0)
        send_message(client);
      else /* the server may close it before the others are done */
        must(epoll_ctl(epoll, EPOLL_CTL_DEL, client->connection, NULL) == 0, "epoll_ctl");
    }
  }
}

static void load(const int* connections, long count, long rounds) {
  const int epoll = epoll_create1(0);
  struct client* clients = calloc((size_t)count, sizeof *clients);
  int64_t* took = calloc((size_t)(count * rounds), sizeof *took);
  int64_t began;
  must(epoll >= 0 && clients != NULL && took != NULL, "load");
  for (long i = 0; i < count; ++i) {
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = &clients[i]};
    clients[i] = (struct client){.connection = connections[i], .left = rounds};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i], &wanted) == 0, "epoll_ctl");
  }
  began = now();
  for (long i = 0; i < count; ++i) send_message(&clients[i]);
  play(epoll, count * rounds, took);
  tell(took, count * rounds, now() - began);
  free(took);
  free(clients);
  close(epoll);
}

static void visit(int port, long count, long rounds) {
  int* connections = calloc((size_t)count, sizeof *connections);
  must(connections != NULL, "calloc");
  connect_all(port, connections, count);
  if (rounds > 0) load(connections, count, rounds);
  wait_for_the_end();
  free(connections);
}

int main(int argc, char** argv) {
  if (argc == 2 && (strcmp(argv[1], "echo") == 0 || strcmp(argv[1], "sink") == 0)) {
    sends_back = strcmp(argv[1], "echo") == 0;
    serve_all();
    return 0;
  }
  if (argc == 4 && strcmp(argv[1], "visit") == 0) {
    visit(atoi(argv[2]), atol(argv[3]), 0);
    return 0;
  }
  if (argc == 5 && strcmp(argv[1], "load") == 0) {
    visit(atoi(argv[2]), atol(argv[3]), atol(argv[4]));
    return 0;
  }
  fputs("usage: peer_uv echo | sink | visit PORT COUNT | load PORT COUNT ROUNDS\n", stderr);
  return 2;
}
