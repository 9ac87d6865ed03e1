#include <array>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "command_line.hpp"
#include "proxy.hpp"
#include "server.hpp"

namespace uv = gauntlet::uv;

namespace {

constexpr const char* usage =
    "usage: proxy --upstream HOST:PORT [OPTION VALUE]...\n"
    "Passes TCP connections on to HOST:PORT, both ways. SIGINT and SIGTERM end it; SIGUSR1 prints what it\n"
    "waits for.\n"
    "  --listen ADDRESS         where to listen (127.0.0.1:0, which is any free port)\n"
    "  --upstream HOST:PORT     name or address; an IPv6 address as [::1]:80\n"
    "  --connect-timeout S      seconds to connect to the upstream (10)\n"
    "  --idle-timeout S         a connection on which nothing passes for so long is reset (300)\n"
    "  --max-connections N      at a time; others wait (1000)\n";

struct command {
  uv::address listen = uv::address::parse("127.0.0.1:0");
  proxy::options options{};
};

/// False: help was asked for.
bool parse(std::span<char* const> words, command& into) {
  proxy::options& options = into.options;
  const std::array<example::option, 5> known{{
      {"--listen", [&](std::string_view text) { into.listen = uv::address::parse(text); }},
      {"--upstream", [&](std::string_view text) { options.to = proxy::parse_upstream(text); }},
      {"--connect-timeout",
       [&](std::string_view text) { options.connect_timeout = example::parse_seconds(text); }},
      {"--idle-timeout", [&](std::string_view text) { options.idle_timeout = example::parse_seconds(text); }},
      {"--max-connections",
       [&](std::string_view text) { options.max_connections = example::parse_count(text); }},
  }};
  if (!example::parse(words, known)) return false;
  if (options.to.host.empty()) throw std::invalid_argument("--upstream HOST:PORT is missing; see --help");
  return true;
}

}  // namespace

int main(int count, char** arguments) try {
  command given;
  if (!parse({arguments, static_cast<std::size_t>(count)}, given)) {
    std::fputs(usage, stdout);
    return 0;
  }
  given.options.on_failure = [](const std::string& client, const std::exception& reason) {
    std::fprintf(stderr, "%s: %s\n", client.c_str(), reason.what());
  };
  uv::loop loop;
  uv::tcp_listener listener(loop, given.listen);
  example::run_until_interrupted(loop, listener, proxy::serve(loop, listener, given.options));
} catch (const std::invalid_argument& mistake) {
  std::fprintf(stderr, "%s\n", mistake.what());
  return 2;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
