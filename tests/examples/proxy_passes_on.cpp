#include "proxy.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "echo.hpp"
#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

std::string service_of(const address& server) { return std::to_string(server.port()); }

/// A loop with a listener for the proxy and one for the upstream, and what the proxy told.
struct scene {
  scene() { options.to = {.host = "127.0.0.1", .service = service_of(upstream.local_address())}; }

  /// What happens behind the proxy, and in front of it.
  template <class Clients>
  void run(task<> behind, Clients clients) {
    options.on_failure = [this](const std::string&, const std::exception& reason) {
      // SAFETY: on_failure tells of system_errors.
      failures.push_back(dynamic_cast<const std::system_error&>(reason).code());
    };
    const address here = front.local_address();
    const auto all = [&]() -> task<> {
      co_await served(std::move(behind), [&] { return clients(here); });
      upstream.close();
    };
    run_served(loop, front, proxy::serve(loop, front, options), all);
  }
  bool failed_only_with(std::errc expected) const {
    for (const std::error_code& failure : failures)
      if (failure != expected) return false;
    return !failures.empty();
  }

  uv::loop loop;
  tcp_listener front{loop, any_port()};
  tcp_listener upstream{loop, any_port()};
  proxy::options options;
  std::vector<std::error_code> failures;
};

/// A server of one connection, that does with it what it is told, and then waits.
template <class Work>
task<> once(tcp_listener& listener, Work work) {
  tcp peer = co_await listener.accept();
  co_await work(peer);
  gauntlet::event never("the end of the test");
  co_await never.wait();
}

task<> nothing(tcp&) { co_return; }

/// Two connections through the proxy, from end to end.
task<std::pair<tcp, tcp>> joined(scene& in, address front) {
  tcp client = co_await connected(in.loop, front);
  tcp server = co_await in.upstream.accept();
  co_return std::pair(std::move(client), std::move(server));
}

/// A scene in which the test is at both ends: ends(client, server).
template <class Ends>
void between(scene& in, Ends ends) {
  const auto waits = [](scene&) -> task<> {
    gauntlet::event never("the end of the test");
    co_await never.wait();
  };
  in.run(waits(in), [&](address front) -> task<> {
    auto [client, server] = co_await joined(in, front);
    co_await ends(client, server);
  });
}

task<std::error_code> end_of(tcp& peer) {
  std::array<std::byte, 1024> buffer{};
  const auto reads = [&]() -> task<> {
    while (co_await peer.read_some(buffer) != 0) continue;
  };
  co_return co_await code_of(reads());
}

}  // namespace

TEST_CASE("proxy: many clients at once talk to an echo behind it; what some do disturbs no other") {
  scene in;
  in.run(echo::serve(in.upstream), [&](address front) -> task<> {
    co_await be_many_clients(in.loop, front, many_clients);
    tcp last = co_await connected(in.loop, front);
    const pattern bytes(1);
    auto [sent, come] = co_await when_all(send_all(last, bytes, 1000), receive_all(last, bytes));
    CHECK(come == 1000);
  });
}

TEST_CASE("proxy: much passes in both directions at once, every byte in its place") {
  scene in;
  between(in, [](tcp& client, tcp& server) -> task<> {
    const pattern up(11);
    const pattern down(22);
    auto [a, b, came_up, came_down] =
        co_await when_all(send_all(client, up, mebibytes), send_all(server, down, mebibytes / 2 + 1),
                          receive_all(server, up), receive_all(client, down));
    CHECK(came_up == mebibytes);
    CHECK(came_down == mebibytes / 2 + 1);
  });
  CHECK(in.failures.empty());
}

TEST_CASE("proxy: the end of one direction is passed on, and the other one goes on, whichever is first") {
  for (const bool client_first : {true, false}) {
    INFO("the client ends first: " << client_first);
    scene in;
    between(in, [&](tcp& client, tcp& server) -> task<> {
      tcp& first = client_first ? client : server;
      tcp& second = client_first ? server : client;
      const pattern question(1);
      const pattern answer(2);
      co_await send_all(first, question, 3000);
      const std::size_t asked = co_await receive_all(second, question);  // to the end, which has come
      CHECK(asked == 3000);
      auto [sent, come] = co_await when_all(send_all(second, answer, 300'000), receive_all(first, answer));
      CHECK(come == 300'000);
    });
    CHECK(in.failures.empty());
  }
}

TEST_CASE("proxy: a reset on one side becomes a reset on the other, not an end of stream") {
  for (const bool by_client : {true, false}) {
    INFO("by the client: " << by_client);
    scene in;
    between(in, [&](tcp& client, tcp& server) -> task<> {
      tcp& resets = by_client ? client : server;
      tcp& other = by_client ? server : client;
      co_await send(resets, pattern(1), 1000);
      std::vector<std::byte> come(1000);
      const std::size_t size = co_await other.read_exactly(come);
      CHECK(size == 1000);
      resets.close_reset();
      const std::error_code ended = co_await end_of(other);
      CHECK(ended == std::errc::connection_reset);
    });
    CHECK(in.failed_only_with(std::errc::connection_reset));
  }
}

TEST_CASE("proxy: when it is ended, what is cut off is reset, not ended as if it were whole") {
  scene in;
  std::error_code ended;
  const address front = in.front.local_address();
  const auto program = [&]() -> task<> {
    std::optional<std::pair<tcp, tcp>> ends;
    const auto clients = [&]() -> task<> {
      ends = co_await joined(in, front);
      // More than is taken: the proxy is in the midst of a write when it ends.
      static_cast<void>(co_await write_until_it_stalls(ends->second, std::size_t{64} << 20));
    };
    co_await served(proxy::serve(in.loop, in.front, in.options), clients);
    ended = co_await end_of(ends->first);
  };
  gauntlet::run(in.loop, program());
  CHECK(ended == std::errc::connection_reset);
  in.front.close();
  in.upstream.close();
  in.loop.run();
  closes_clean(in.loop);
}

TEST_CASE("proxy: an upstream that refuses: the client is reset, and the next one is served") {
  scene in;
  std::optional<tcp_listener> closed(std::in_place, in.loop, any_port());
  const std::string taken = service_of(closed->local_address());
  closed.reset();
  in.options.to.service = taken;
  in.run(once(in.upstream, nothing), [&](address front) -> task<> {
    for (int i = 0; i < 3; ++i) {
      tcp client = co_await connected(in.loop, front);
      const std::error_code ended = co_await end_of(client);
      CHECK(ended == std::errc::connection_reset);
    }
  });
  CHECK(in.failures.size() == 3);
  CHECK(in.failed_only_with(std::errc::connection_refused));
}

TEST_CASE("proxy: an upstream of no such name: the client is reset") {
  scene in;
  in.options.to.host = "no.such.name.invalid";
  in.run(once(in.upstream, nothing), [&](address front) -> task<> {
    tcp client = co_await connected(in.loop, front);
    const std::error_code ended = co_await end_of(client);
    CHECK(ended == std::errc::connection_reset);
  });
  CHECK(in.failures.size() == 1);
}

TEST_CASE("proxy: of several addresses the first that answers is taken, or the last one's error told") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  const address here = listener.local_address();
  const address nobody = [&] { return tcp_listener{loop, any_port()}.local_address(); }();
  const std::vector<address_info> refused{{.address = nobody}};
  const std::vector<address_info> third{{.address = nobody}, {.address = nobody}, {.address = here}};
  const auto program = [&]() -> task<> {
    tcp found = co_await proxy::connect_to_first(loop, third);
    CHECK(found.peer_address() == here);
    const std::error_code said = co_await code_of(proxy::connect_to_first(loop, refused));
    CHECK(said == std::errc::connection_refused);
  };
  listener.listen(1);
  gauntlet::run(loop, program());
  listener.close();
  loop.run();
  closes_clean(loop);
}

TEST_CASE("proxy: an upstream may be a name") {
  scene in;
  in.options.to.host = "localhost";
  in.run(echo::serve(in.upstream), [&](address front) -> task<> {
    tcp client = co_await connected(in.loop, front);
    const pattern bytes(3);
    auto [sent, come] = co_await when_all(send_all(client, bytes, 5000), receive_all(client, bytes));
    CHECK(come == 5000);
  });
}

namespace {

/// A listener that answers nobody: its queue is full, and the system drops who else wants to connect.
class full_listener {
 public:
  full_listener() {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    const address any = any_port();
    REQUIRE(::bind(listener_, any.native(), static_cast<socklen_t>(any.size())) == 0);
    REQUIRE(::listen(listener_, 0) == 0);
    // SAFETY: a sockaddr_storage may be used as any sockaddr.
    auto* const native = reinterpret_cast<sockaddr*>(&name);
    REQUIRE(::getsockname(listener_, native, &size) == 0);
    where_ = address::from_native(native, size);
    for (int i = 0; i < 4; ++i) {
      waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      static_cast<void>(::connect(waiting_.back(), native, size));
    }
  }
  full_listener(const full_listener&) = delete;
  full_listener& operator=(const full_listener&) = delete;
  ~full_listener() {
    for (const int descriptor : waiting_) ::close(descriptor);
    ::close(listener_);
  }
  const address& where() const { return where_; }

 private:
  int listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::vector<int> waiting_;
  address where_;
};

}  // namespace

TEST_CASE("proxy: an upstream that does not answer is given up after the time to connect") {
  const full_listener silent;
  scene in;
  in.options.to.service = service_of(silent.where());
  in.options.connect_timeout = 50ms;
  in.run(once(in.upstream, nothing), [&](address front) -> task<> {
    tcp client = co_await connected(in.loop, front);
    const std::error_code ended = co_await end_of(client);
    CHECK(ended == std::errc::connection_reset);
  });
  CHECK(in.failures.size() == 1);
  CHECK(in.failed_only_with(std::errc::timed_out));
}

TEST_CASE("proxy: a connection on which nothing passes is reset on both sides") {
  scene in;
  in.options.idle_timeout = 50ms;
  between(in, [&](tcp& client, tcp& server) -> task<> {
    auto [one, other] = co_await when_all(end_of(client), end_of(server));
    CHECK(one == std::errc::connection_reset);
    CHECK(other == std::errc::connection_reset);
  });
  CHECK(in.failed_only_with(std::errc::timed_out));
}

TEST_CASE("proxy: a connection that is used in one direction only is not idle") {
  using clock = execution_context::clock;
  scene in;
  in.options.idle_timeout = 300ms;
  between(in, [&](tcp& client, tcp& server) -> task<> {
    const auto start = clock::now();
    auto used = start;
    bool busy = false;  // this machine is too busy to tell
    const auto talks = [&]() -> task<> {
      std::array<std::byte, 1> byte{};
      while (clock::now() < start + 900ms && !busy) {
        co_await server.write(std::span(byte));
        co_await client.read_exactly(byte);
        busy = clock::now() > used + 150ms;
        used = clock::now();
        co_await sleep_for(20ms);
      }
    };
    const std::error_code ended = co_await code_of(talks());
    if (!busy && clock::now() < used + 150ms) CHECK_FALSE(ended);
  });
}

TEST_CASE("proxy: for a side that never reads it holds two buffers, and the others are served") {
  constexpr std::size_t most = std::size_t{64} << 20;
  for (const bool client_reads : {false, true}) {
    scene in;
    between(in, [&](tcp& client, tcp& server) -> task<> {
      const std::size_t taken = co_await write_until_it_stalls(client_reads ? client : server, most);
      CHECK(taken < most);
      auto [another, behind] = co_await joined(in, in.front.local_address());
      const pattern bytes(4);
      auto [sent, come] = co_await when_all(send_all(another, bytes, 100'000), receive_all(behind, bytes));
      CHECK(come == 100'000);
    });
  }
}

TEST_CASE("proxy: no more connections than it may have; the next is served when one has ended") {
  scene in;
  in.options.max_connections = 2;
  between(in, [&](tcp& first, tcp& first_behind) -> task<> {
    const address front = in.front.local_address();
    auto [second, second_behind] = co_await joined(in, front);
    tcp third = co_await connected(in.loop, front);  // the system has it
    co_await third.write(bytes_of("third"));
    bool served = false;
    const auto accepts = [&]() -> task<> {
      tcp third_behind = co_await in.upstream.accept();
      served = true;
      std::array<std::byte, 5> text{};
      const std::size_t size = co_await third_behind.read_exactly(text);
      CHECK(size == 5);
    };
    const auto ends = [&]() -> task<> {
      for (int i = 0; i < 20; ++i) co_await sleep_for(1ms);
      CHECK_FALSE(served);
      co_await first.shutdown();
      co_await first_behind.shutdown();
    };
    co_await when_all(accepts(), ends());
    CHECK(served);
  });
}

TEST_CASE("proxy: cancelled at every suspension, it ends clean") {
  const auto program = [](loop& loop) -> task<> {
    tcp_listener front{loop, any_port()};
    tcp_listener behind{loop, any_port()};
    const address here = front.local_address();
    proxy::options options;
    options.to = {.host = "127.0.0.1", .service = service_of(behind.local_address())};
    const auto clients = [&]() -> task<> {
      tcp one = co_await connected(loop, here);
      tcp two = co_await connected(loop, here);
      const pattern bytes(2);
      co_await when_all(send_all(one, bytes, 60'000), receive_all(one, bytes), send_all(two, bytes, 10),
                        receive_all(two, bytes));
    };
    const auto all_clients = [&]() -> task<> { co_await served(echo::serve(behind), clients); };
    co_await served(proxy::serve(loop, front, options), all_clients);
  };
  cancelled_everywhere_ends_clean(program, 20);
}

}  // namespace gauntlet::uv::test
