// The programs of docs/uv.md. `scripts/gauntlet lanes --write-docs` copies there what stands between [shown]
// and [end].

#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <gauntlet/coroutines.hpp>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "temporary_folder.hpp"

// [shown]
#include <gauntlet/uv.hpp>
namespace uv = gauntlet::uv;
using namespace std::chrono_literals;
// [end]

namespace {

TEST_CASE("docs: a loop and a timer") {
  int ticks = 0;
  // [shown]
  uv::loop loop;
  uv::timer tick{loop};
  tick.start(10ms, 10ms, [&] {
    if (++ticks == 3) tick.stop();
  });
  loop.run();  // until nothing is left to wait for
  // [end]
  CHECK(ticks == 3);
}

TEST_CASE("docs: a server and a client") {
  std::string answer;
  // [shown]
  uv::loop loop;
  uv::tcp_listener listener{loop, uv::address::parse("127.0.0.1:0")};
  std::optional<uv::tcp> peer;
  listener.listen([&](uv::tcp accepted) {
    peer = std::move(accepted);
    peer->read_start([&](std::span<std::byte> data) {  // the bytes are there as long as the callback runs
      if (data.empty())                                // the end of the stream
        peer.reset();                                  // closes it
      else
        peer->write(std::vector(data.begin(), data.end()));
    });
    listener.close();
  });

  uv::tcp client{loop};
  client.connect(listener.local_address(), [&] {
    client.write(std::string("hello"));
    client.shutdown(uv::no_callback());
    client.read_start([&](std::span<std::byte> data) {
      for (const std::byte byte : data) answer += static_cast<char>(byte);
      if (data.empty()) client.close();
    });
  });
  loop.run();
  // [end]
  CHECK(answer == "hello");
}

TEST_CASE("docs: errors") {
  uv::loop loop;
  bool refused = false;
  std::string nobody_there;
  {
    const uv::tcp_listener gone{loop, uv::address::parse("127.0.0.1:0")};
    nobody_there = gone.local_address().to_string();
  }
  // [shown]
  uv::tcp client{loop};
  client.connect(uv::address::parse(nobody_there), [&](uv::outcome<> connected) {
    if (connected.error() && connected.error()->code() == std::errc::connection_refused) refused = true;
  });
  loop.run();

  uv::tcp another{loop};
  another.connect(uv::address::parse(nobody_there),
                  [] {});  // takes no outcome: a failure leaves through run()
  try {
    loop.run();
  } catch (const uv::error& problem) {
    // "127.0.0.1:36123: tcp::connect: connection refused; called from main.cpp:12"
    refused = refused && problem.name() == "ECONNREFUSED";
  }
  // [end]
  CHECK(refused);
}

TEST_CASE("docs: buffers come back") {
  uv::loop loop;
  auto [left, right] = uv::socket_pair(loop);
  std::vector<std::byte> kept;
  // [shown]
  left.write(std::vector<std::byte>(4096), [&](uv::outcome<> written, gauntlet::owned_buffer buffer) {
    written.value();                               // throws if it failed
    kept = buffer.take<std::vector<std::byte>>();  // the very vector, to be filled again
  });
  // [end]
  right.read_start([&](std::span<std::byte>) { right.close(); });
  loop.run();
  CHECK(kept.size() == 4096);
}

TEST_CASE("docs: no more than the other side takes") {
  uv::loop loop;
  auto [left, right] = uv::socket_pair(loop);
  std::size_t sent = 0;
  std::size_t most = 0;
  constexpr std::size_t enough = 4 << 20;
  // [shown]
  left.set_write_marks({.high = 1 << 20, .low = 1 << 18});
  const auto send_more = [&] {
    for (bool may_go_on = true; may_go_on && sent < enough; sent += 65536)
      may_go_on = left.write(std::vector<std::byte>(65536));
  };
  left.on_drain(send_more);  // when only the low mark waits
  send_more();
  // [end]
  std::size_t received = 0;
  right.read_start([&](std::span<std::byte> data) {
    received += data.size();
    most = std::max(most, left.write_queue_size());
    if (received >= enough) right.close();
  });
  loop.run();
  CHECK(received >= enough);
  CHECK(most <= (1 << 20) + 65536);
}

TEST_CASE("docs: files") {
  const uv::test::temporary_folder folder;
  const std::string path = folder / "greeting";
  uv::loop loop;
  std::string read;
  // [shown]
  uv::fs::file file = uv::fs::open(path, uv::fs::open_flags::read_write | uv::fs::open_flags::create);
  file.write(std::as_bytes(std::span("hello", 5)), 0);  // without a loop: done when it returns

  file.read(loop, 4096, 0, [&](uv::outcome<uv::fs::read_result> result) {
    for (const std::byte byte : result.value().bytes())
      read += static_cast<char>(byte);  // what was read, no more
  });
  uv::fs::stat(loop, "missing", [&](uv::outcome<uv::fs::file_status> status) {
    if (!status) read += ", and " + status.error()->name();
  });
  loop.run();
  // [end]
  CHECK(read.find("hello") != std::string::npos);
  CHECK(read.find(", and ENOENT") != std::string::npos);
}

TEST_CASE("docs: a child process") {
  uv::loop loop;
  std::string said;
  uv::exit_status how;
  // [shown]
  uv::pipe output{loop};
  const uv::process child{loop,
                          {.file = "echo",
                           .args = {"echo", "hello"},
                           .stdio = {uv::stdio_container::ignore(),
                                     uv::stdio_container::create_pipe(output, uv::pipe_end::writable)}},
                          [&](uv::exit_status ended) { how = ended; }};
  output.read_start([&](std::span<std::byte> data) {
    for (const std::byte byte : data) said += static_cast<char>(byte);
  });
  loop.run();
  // [end]
  CHECK(said == "hello\n");
  CHECK(how.code == 0);
}

TEST_CASE("docs: names and datagrams") {
  uv::loop loop;
  std::string heard;
  // [shown]
  uv::udp receiver{loop};
  receiver.bind(uv::address::parse("127.0.0.1:0"));
  receiver.recv_start([&](uv::datagram received) {
    for (const std::byte byte : received.bytes) heard += static_cast<char>(byte);
    receiver.close();
  });

  uv::udp sender{loop};
  uv::getaddrinfo(loop, "127.0.0.1", "", {.socket_type = uv::socket_type::datagram},
                  [&](const std::vector<uv::address_info>& found) {
                    sender.send(std::string("hello"),
                                found.at(0).address.with_port(receiver.local_address().port()));
                  });
  loop.run();
  // [end]
  CHECK(heard == "hello");
}

TEST_CASE("docs: other threads") {
  uv::loop loop;
  bool done = false;
  // [shown]
  uv::loop::work_guard open = loop.keep_alive();  // run() waits for what is posted
  std::thread other([&] {
    loop.post([&] {
      done = true;
      open.reset();
    });
  });
  loop.run();
  other.join();
  // [end]
  CHECK(done);
}

TEST_CASE("docs: the thread pool") {
  uv::loop loop;
  std::string said;
  const auto slow_sum = [](int from, int to) {
    int sum = 0;
    for (int number = from; number <= to; ++number) sum += number;
    return sum;
  };
  // [shown]
  uv::request sum = uv::queue_work(
      loop, [&] { return slow_sum(1, 100); },  // on a thread of the pool
      [&](int value) { said += std::to_string(value); });
  uv::queue_work(
      loop, []() -> int { throw std::runtime_error("no luck"); },
      [&](uv::work_result<int> result) {
        if (!result) said += " and one failed";
      });
  loop.run();
  // [end]
  CHECK(sum.done());
  CHECK(said.find("5050") != std::string::npos);
  CHECK(said.find("one failed") != std::string::npos);
}

TEST_CASE("docs: coroutines") {
  std::string answer;
  // [shown]
  const auto echo = [](uv::tcp peer) -> gauntlet::task<> {
    std::array<std::byte, 4096> buffer;
    while (const std::size_t size = co_await peer.read_some(buffer))  // 0 is the end of the stream
      co_await peer.write(std::span(buffer).first(size));
  };
  const auto serve = [&](uv::tcp_listener& listener) -> gauntlet::task<> {
    co_await echo(co_await listener.accept());
  };
  const auto ask = [&](uv::loop& loop, const uv::address& server) -> gauntlet::task<> {
    uv::tcp client{loop};
    co_await client.connect(server);
    co_await client.write(std::as_bytes(std::span("hello\n", 6)));
    co_await client.shutdown();
    const std::size_t size = co_await gauntlet::with_timeout(2s, client.read_until(answer, "\n"));
    answer.resize(size);
  };

  uv::loop loop;
  uv::tcp_listener listener{loop, uv::address::parse("127.0.0.1:0")};
  const auto program = [&]() -> gauntlet::task<> {
    co_await gauntlet::when_all(serve(listener), ask(loop, listener.local_address()));
  };
  gauntlet::run(loop, program());  // until the task has ended; throws what it threw
  // [end]
  CHECK(answer == "hello\n");
}

TEST_CASE("docs: loops on several threads") {
  std::atomic<int> answered = 0;
  // [shown]
  uv::loop_pool pool{2};
  pool.run([&](uv::loop& loop, std::size_t index) -> gauntlet::task<> {
    if (index != 0) co_return;  // it waits for what the other one has for it
    auto [left, right] = uv::socket_pair(loop);
    pool.hand_over(1, std::move(right), [&](uv::tcp peer) -> gauntlet::task<> {
      std::array<std::byte, 16> buffer;
      if (co_await peer.read_some(buffer) != 0) ++answered;
    });
    co_await left.write(std::as_bytes(std::span("hello", 5)));
  });
  // [end]
  CHECK(answered == 1);
}

TEST_CASE("docs: exceptions") {
  std::string said;
  // [shown]
  uv::loop loop;
  uv::timer first{loop};
  uv::timer second{loop};
  first.start(0ms, [] { throw std::runtime_error("first"); });
  second.start(0ms, [] { throw std::runtime_error("second"); });
  for (bool more = true; more;) {
    try {
      more = loop.run();
    } catch (const std::runtime_error& thrown) {
      said += thrown.what();  // each as it was thrown, in order; nothing is lost
    }
  }
  // [end]
  CHECK(said == "firstsecond");
}

TEST_CASE("docs: what is pending") {
  uv::loop loop;
  uv::timer late{loop};
  late.start(1h, [] {});
  std::ostringstream log;
  // [shown]
  loop.dump(log);  // "timer, active, for 3 ms, from main.cpp:10"
  std::size_t active = 0;
  for (const uv::pending_operation& operation : loop.pending()) active += operation.active ? 1 : 0;
  // [end]
  CHECK(active == 1);
  CHECK(log.str().find("timer, active, for ") == 0);
}

TEST_CASE("docs: what was still open") {
  std::vector<std::string> forgotten;
  std::optional<uv::timer> left_open;
  {
    // [shown]
    uv::loop loop{{.on_still_open = [&](std::span<const uv::pending_operation> open) {
      for (const uv::pending_operation& operation : open) forgotten.emplace_back(operation.kind);
    }}};
    // [end]
    left_open.emplace(loop);
  }
  CHECK(forgotten == std::vector<std::string>{"timer"});
}

}  // namespace
