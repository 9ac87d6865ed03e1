#include "server.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <utility>

namespace example {
namespace uv = gauntlet::uv;
using namespace std::chrono_literals;

namespace {

bool is_shortage(const std::error_code& code) {
  return code == std::errc::too_many_files_open || code == std::errc::too_many_files_open_in_system ||
         code == std::errc::not_enough_memory || code == std::errc::no_buffer_space;
}

gauntlet::task<> interrupted(uv::loop& loop) {
  uv::signal interrupt{loop};
  uv::signal terminate{loop};
  interrupt.start(SIGINT);
  terminate.start(SIGTERM);
  co_await gauntlet::when_any(interrupt.next(), terminate.next());
}

}  // namespace

gauntlet::task<uv::tcp> accept(uv::tcp_listener& listener) {
  for (;;) {
    auto accepted = co_await gauntlet::as_expected<uv::error>(listener.accept());
    if (accepted) co_return std::move(*accepted);
    if (!is_shortage(accepted.error().code())) throw uv::error(accepted.error());
    std::fprintf(stderr, "%s\n", accepted.error().what());
    co_await gauntlet::sleep_for(100ms);
  }
}

void run_until_interrupted(uv::loop& loop, uv::tcp_listener& listener, gauntlet::task<> server) {
  listener.listen(511);  // so that it does when it says so
  std::printf("listening on %s\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);
  const uv::signal dumps = uv::dump_on_signal(loop);
  const auto program = [&]() -> gauntlet::task<> {
    co_await gauntlet::when_any(gauntlet::named("server", std::move(server)),
                                gauntlet::named("until interrupted", interrupted(loop)));
  };
  gauntlet::run(loop, program());
}

}  // namespace example
