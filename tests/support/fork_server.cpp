#include "fork_server.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace gauntlet::test {
namespace {

// Not by a stream: what it reads ahead would be read again by each child.
std::optional<std::string> read_line(int descriptor) {
  std::string line;
  for (char c = 0; read(descriptor, &c, 1) == 1;) {
    if (c == '\n') return line;
    line += c;
  }
  return std::nullopt;
}

int wait_for(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) == -1) std::abort();
  return status;
}

}  // namespace

std::optional<std::string> next_forked_case(int control) {
  while (std::optional<std::string> name = read_line(control)) {
    const pid_t child = fork();
    if (child == -1) std::abort();
    if (child == 0) {
      close(control);
      return name;
    }
    dprintf(control, "%d\n", wait_for(child));
  }
  return std::nullopt;
}

}  // namespace gauntlet::test
