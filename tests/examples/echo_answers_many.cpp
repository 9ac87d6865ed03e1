#include "echo.hpp"

#include "support.hpp"

namespace gauntlet::uv::test {

TEST_CASE("echo: many clients at once get back what they sent; what some of them do disturbs no other") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  const address here = listener.local_address();
  run_served(loop, listener, echo::serve(listener), [&]() -> task<> {
    co_await be_many_clients(loop, here, many_clients);
    tcp last = co_await connected(loop, here);  // and it still answers
    const pattern bytes(1);
    auto [sent, come] = co_await when_all(send_all(last, bytes, 1000), receive_all(last, bytes));
    CHECK(come == 1000);
  });
}

TEST_CASE(
    "echo: from a peer that never reads it takes no more than the system holds, and others are served") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  const address here = listener.local_address();
  constexpr std::size_t most = std::size_t{64} << 20;
  run_served(loop, listener, echo::serve(listener), [&]() -> task<> {
    tcp peer = co_await connected(loop, here);
    const std::size_t taken = co_await write_until_it_stalls(peer, most);
    CHECK(taken < most);
    co_await be_many_clients(loop, here, 5);
  });
}

TEST_CASE("echo: cancelled at every suspension, it ends clean") {
  const auto program = [](loop& loop) -> task<> {
    tcp_listener listener{loop, any_port()};
    const address here = listener.local_address();
    const auto clients = [&]() -> task<> {
      tcp one = co_await connected(loop, here);
      tcp two = co_await connected(loop, here);
      const pattern bytes(2);
      co_await when_all(send_all(one, bytes, 100'000), receive_all(one, bytes), send_all(two, bytes, 10),
                        receive_all(two, bytes));
    };
    co_await served(echo::serve(listener), clients);
  };
  cancelled_everywhere_ends_clean(program, 20);
}

}  // namespace gauntlet::uv::test
