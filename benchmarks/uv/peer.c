/* The process at the other end of a connection, without any of the libraries that are compared: blocking
 * sockets, and a thread for each connection that is served.
 *
 * peer_uv echo        sends back what comes
 * peer_uv sink        takes what comes
 * peer_uv visit PORT COUNT
 *                     makes so many connections, one after the other, each of which has one byte echoed, and
 * keeps them
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
#include <sys/resource.h>
#include <sys/socket.h>
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

static void visit(int port, long count) {
  const struct sockaddr_in address = loopback(port);
  const struct rlimit most = {.rlim_cur = (rlim_t)count + 16, .rlim_max = (rlim_t)count + 16};
  char byte = 'x';
  must(setrlimit(RLIMIT_NOFILE, &most) == 0, "setrlimit");
  for (long i = 0; i < count; ++i) {
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    must(connection >= 0 && connect(connection, (const struct sockaddr*)&address, sizeof address) == 0,
         "connect");
    must(write(connection, &byte, 1) == 1 && read(connection, &byte, 1) == 1, "echo");
  }
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
}

int main(int argc, char** argv) {
  if (argc == 2 && (strcmp(argv[1], "echo") == 0 || strcmp(argv[1], "sink") == 0)) {
    sends_back = strcmp(argv[1], "echo") == 0;
    serve_all();
    return 0;
  }
  if (argc == 4 && strcmp(argv[1], "visit") == 0) {
    visit(atoi(argv[2]), atol(argv[3]));
    return 0;
  }
  fputs("usage: peer_uv echo | sink | visit PORT COUNT\n", stderr);
  return 2;
}
