#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a loop with nothing to do returns at once") {
  loop loop;
  CHECK_FALSE(loop.alive());
  run_to_the_end(loop);
}

TEST_CASE("what a callback throws comes out of run, itself, and later callbacks are not lost") {
  loop loop;
  timer first{loop};
  timer second{loop};
  timer third{loop};
  int calls = 0;
  first.start(0ms, [] { throw std::runtime_error("first"); });
  second.start(0ms, [] { throw std::out_of_range("second"); });
  third.start(0ms, [&] { ++calls; });
  CHECK(thrown_by<std::runtime_error>([&] { loop.run(); }) == "first");
  CHECK(calls == 1);
  CHECK(thrown_by<std::out_of_range>([&] { loop.run(); }) == "second");
  CHECK_FALSE(loop.run());
}

TEST_CASE("posted work runs on the loop's thread, in order, and what was done before is visible") {
  loop loop;
  std::vector<int> seen;
  auto guard = loop.keep_alive();
  std::thread poster([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&] { guard.reset(); });
  });
  loop.run();
  poster.join();
  REQUIRE(seen.size() == 1000);
  for (int i = 0; i < 1000; ++i) CHECK(seen[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("a handle may own itself through its callback and is gone with the loop") {
  auto witness = std::make_shared<int>(1);
  {
    loop loop;
    auto own = std::make_shared<timer>(loop);
    own->start(1h, [own, witness] {});
    CHECK(witness.use_count() == 2);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("a loop may be destroyed inside its own callback") {
  auto loop = std::make_unique<uv::loop>();
  timer late{*loop};
  bool late_called = false;
  late.start(1h, [&] { late_called = true; });
  timer now{*loop};
  now.start(0ms, [&] { loop.reset(); });
  loop->run();
  CHECK_FALSE(late_called);
  CHECK(misuse_of([&] { now.stop(); }).find("closed together with its loop") != std::string::npos);
}

TEST_CASE("the owner of a handle may end on another thread") {
  loop loop;
  auto timer = std::make_unique<uv::timer>(loop);
  timer->start(1h, [] {});
  std::thread([&] { timer.reset(); }).join();
  CHECK_FALSE(loop.run());  // closed by the loop
  CHECK(loop.pending().empty());
}

TEST_CASE("work on the pool answers a value, or what it threw") {
  loop loop;
  int answer = 0;
  queue_work(loop, [] { return 42; }, [&](int value) { answer = value; });
  queue_work(loop, []() -> int { throw std::runtime_error("on the pool"); });
  CHECK(thrown_by<std::runtime_error>([&] {
          while (loop.run()) {
          }
        }) == "on the pool");
  loop.run();
  CHECK(answer == 42);
}

TEST_CASE("tcp_ping_pong") {
  loop loop;
  tcp_listener listener{loop, any_port()};
  std::optional<tcp> served;
  listener.listen([&](tcp peer) {
    served = std::move(peer);
    served->read_start([&](std::span<std::byte> data) {
      if (data.empty()) {
        served->close();
        listener.close();
        return;
      }
      served->write(buffer_of(text_of(data)));
    });
  });
  tcp client{loop};
  int pongs = 0;
  client.connect(listener.local_address(), [&] {
    client.read_start([&](std::span<std::byte> data) {
      REQUIRE(text_of(data) == "PING");
      if (++pongs == 100)
        client.close();
      else
        client.write(owned_buffer::of_static(std::as_bytes(std::span("PING", 4))));
    });
    client.write(buffer_of("PING"), [](outcome<> ended, owned_buffer back) {
      ended.value();
      CHECK(back.take<std::string>() == "PING");
    });
  });
  run_to_the_end(loop);
  CHECK(pongs == 100);
}

TEST_CASE("writing to who has gone is an error, not the end of the process") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  right.close();
  loop.run();
  std::error_code code;
  left.write(buffer_of("hello"), [&](outcome<> ended) { code = ended.error()->code(); });
  loop.run();
  CHECK(code == std::errc::broken_pipe);
}

TEST_CASE("a handle tells a foreign thread whose it is") {
  loop loop;
  timer timer{loop};
  std::string said;
  std::thread([&] { said = misuse_of([&] { timer.stop(); }); }).join();
  CHECK(said.find("timer::stop: called on thread ") == 0);
  CHECK(said.find("but the loop belongs to thread ") != std::string::npos);
}

}  // namespace
}  // namespace gauntlet::uv::test
