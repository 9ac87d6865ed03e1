// Echoes what TCP connections send: uring_echo [ADDRESS] [PORT]. SIGINT or SIGTERM ends it.
#include <sys/signalfd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "uring_echo.hpp"

namespace uring = gauntlet::uring;

namespace {

constexpr const char* usage =
    "uring_echo [ADDRESS] [PORT]\n"
    "\n"
    "Sends back what TCP connections send, by io_uring. ADDRESS is an IPv4 or IPv6 address, 127.0.0.1 if it\n"
    "is left out; PORT is a number, and 0, or nothing, takes a free one. SIGINT or SIGTERM ends it.\n";

std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument(std::string(text).append(": a port is a number from 0 to 65535"));
  return port;
}

/// A descriptor that is readable when somebody wants the program to end.
int open_interrupts() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  if (sigprocmask(SIG_BLOCK, &ends, nullptr) != 0)
    throw std::system_error(errno, std::system_category(), "sigprocmask");
  const int made = signalfd(-1, &ends, SFD_CLOEXEC);
  if (made < 0) throw std::system_error(errno, std::system_category(), "signalfd");
  return made;
}

gauntlet::task<> interrupted(const uring::file& interrupts) {
  co_await uring::poll_multishot(interrupts, uring::poll_events::readable).next();
}

}  // namespace

int main(int count, char** arguments) try {
  const std::string_view host = count > 1 ? arguments[1] : "127.0.0.1";
  if (host == "--help") {
    std::fputs(usage, stdout);
    return 0;
  }
  if (count > 3) throw std::invalid_argument("there are too many words; see --help");
  const auto at = gauntlet::address::ip(host, count > 2 ? port_of(arguments[2]) : std::uint16_t{0});

  uring::ring ring({.entries = 1024});
  const uring::file interrupts(ring, open_interrupts());
  uring::buffer_ring buffers(ring, {.count = 1024, .size = 16384});
  uring::listener listener(ring, at);
  std::printf("listening on %s\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);
  const auto program = [&]() -> gauntlet::task<> {
    co_await gauntlet::when_any(gauntlet::named("server", uring_echo::serve(listener, buffers)),
                                gauntlet::named("until interrupted", interrupted(interrupts)));
  };
  gauntlet::run(ring, program());
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
