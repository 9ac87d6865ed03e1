#include <gauntlet/uv.hpp>
#include <cstdio>
namespace uv = gauntlet::uv;

int main() try {
  uv::loop loop;
  uv::tcp_listener listener{loop, uv::address::parse("127.0.0.1:0")};
  listener.listen([&](uv::tcp peer) {  // closed at the end of the callback, as all that goes out of scope
    peer.try_write(std::as_bytes(std::span("hello\n", 6)));
    listener.close();
  });
  uv::tcp client{loop};
  client.connect(listener.local_address(), [&] {
    client.read_start([](std::span<std::byte> data) { std::fwrite(data.data(), 1, data.size(), stdout); });
  });
  loop.run();
} catch (const uv::error& problem) { std::fprintf(stderr, "%s\n", problem.what()); return 1; }
