// Echoes what TCP connections send: echo [ADDRESS]
#include <cstdio>
#include <gauntlet/uv.hpp>
#include <list>
#include <vector>

namespace uv = gauntlet::uv;

namespace {

class echo_server {
 public:
  echo_server(uv::loop& loop, const uv::address& at) : listener_(loop, at) {
    listener_.listen([this](uv::tcp peer) { serve(std::move(peer)); });
  }

  uv::address address() const { return listener_.local_address(); }

 private:
  using place = std::list<uv::tcp>::iterator;

  void serve(uv::tcp accepted) {
    const place peer = peers_.insert(peers_.end(), std::move(accepted));
    peer->on_drain([peer] { peer->read_again(); });
    peer->read_start([this, peer](uv::outcome<std::span<std::byte>> data) {
      if (!data)
        peers_.erase(peer);  // reset by the other side; destroying it closes it
      else if (data.value().empty())
        peer->shutdown([this, peer](uv::outcome<>) { peers_.erase(peer); });  // after all that still waits
      else
        echo(peer, data.value());
    });
  }

  void echo(place peer, std::span<const std::byte> data) {
    const bool may_go_on = peer->write(std::vector(data.begin(), data.end()),
                                       [](uv::outcome<>) {});  // its end comes to read_start, too
    if (!may_go_on) peer->read_stop();                         // a slow reader, and we hold its data
  }

  uv::tcp_listener listener_;
  std::list<uv::tcp> peers_;
};

}  // namespace

int main(int count, char** arguments) try {
  uv::loop loop;
  const echo_server server(loop, uv::address::parse(count > 1 ? arguments[1] : "127.0.0.1:0"));
  std::printf("listening on %s\n", server.address().to_string().c_str());
  std::fflush(stdout);
  loop.run();
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 1;
}
