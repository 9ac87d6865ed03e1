#include "chat.hpp"

#include <array>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string_view>

#include "command_line.hpp"
#include "server.hpp"

namespace uv = gauntlet::uv;

namespace {

constexpr const char* usage =
    "usage: chat [OPTION VALUE]...\n"
    "A chat of lines over TCP: connect with `nc` or telnet. SIGINT and SIGTERM end it; SIGUSR1 prints what "
    "it\n"
    "waits for.\n"
    "  --listen ADDRESS         where to listen (127.0.0.1:0, which is any free port)\n"
    "  --max-members N          at a time; others wait (1000)\n"
    "  --queue N                lines that wait for a member who reads slowly (64)\n"
    "  --longest-line N         in bytes, with its end (1024)\n"
    "  --login-timeout S        seconds to say a name (30)\n"
    "  --write-timeout S        who takes nothing for so long has to go (30)\n";

struct command {
  uv::address listen = uv::address::parse("127.0.0.1:0");
  chat::options options{};
};

/// False: help was asked for.
bool parse(std::span<char* const> words, command& into) {
  chat::options& options = into.options;
  using text = std::string_view;
  const std::array<example::option, 6> known{{
      {"--listen", [&](text value) { into.listen = uv::address::parse(value); }},
      {"--max-members", [&](text value) { options.max_members = example::parse_count(value); }},
      {"--queue", [&](text value) { options.queue = example::parse_count(value); }},
      {"--longest-line", [&](text value) { options.longest_line = example::parse_count(value); }},
      {"--login-timeout", [&](text value) { options.login_timeout = example::parse_seconds(value); }},
      {"--write-timeout", [&](text value) { options.write_timeout = example::parse_seconds(value); }},
  }};
  return example::parse(words, known);
}

}  // namespace

int main(int count, char** arguments) try {
  command given;
  if (!parse({arguments, static_cast<std::size_t>(count)}, given)) {
    std::fputs(usage, stdout);
    return 0;
  }
  uv::loop loop;
  uv::tcp_listener listener(loop, given.listen);
  example::run_until_interrupted(loop, listener, chat::serve(listener, given.options));
} catch (const std::invalid_argument& mistake) {
  std::fprintf(stderr, "%s\n", mistake.what());
  return 2;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
