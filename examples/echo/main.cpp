// Echoes what TCP connections send: echo [ADDRESS]. SIGUSR1 prints what it waits for; SIGINT ends it.
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uv.hpp>
#include <span>

namespace uv = gauntlet::uv;

namespace {

gauntlet::task<> echo(uv::tcp peer) try {
  std::array<std::byte, 65536> buffer;  // NOLINT(*-member-init): what is not read is not shown
  while (const std::size_t size = co_await peer.read_some(buffer))  // 0 is the end of the stream
    co_await peer.write(std::span(buffer).first(size));
  co_await peer.shutdown();
} catch (const uv::error&) {
  // The other side has gone: no reason for the others to end.
}

gauntlet::task<> serve(uv::tcp_listener& listener) {
  const auto accept_all = [&](gauntlet::scope& peers) -> gauntlet::task<> {
    for (;;) peers.spawn(gauntlet::named("peer", echo(co_await listener.accept())));
  };
  co_await gauntlet::with_scope(accept_all);
}

gauntlet::task<> until_interrupted(uv::loop& loop) {
  uv::signal interrupt{loop};
  interrupt.start(SIGINT);
  co_await interrupt.next();
}

}  // namespace

int main(int count, char** arguments) try {
  uv::loop loop;
  uv::tcp_listener listener(loop, uv::address::parse(count > 1 ? arguments[1] : "127.0.0.1:0"));
  std::printf("listening on %s\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);
  const uv::signal dumps = uv::dump_on_signal(loop);
  const auto program = [&]() -> gauntlet::task<> {
    co_await gauntlet::when_any(serve(listener), until_interrupted(loop));
  };
  gauntlet::run(loop, program());
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
