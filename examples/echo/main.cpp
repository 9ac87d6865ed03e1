// Echoes what TCP connections send: echo [ADDRESS]. SIGUSR1 prints what it waits for; SIGINT ends it.
#include <cstdio>
#include <exception>

#include "echo.hpp"
#include "server.hpp"

namespace uv = gauntlet::uv;

int main(int count, char** arguments) try {
  uv::loop loop;
  uv::tcp_listener listener(loop, uv::address::parse(count > 1 ? arguments[1] : "127.0.0.1:0"));
  example::run_until_interrupted(loop, listener, echo::serve(listener));
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
