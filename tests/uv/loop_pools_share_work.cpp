#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "tasks_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

task<> answer(tcp peer) {
  std::array<std::byte, 16> buffer{};
  while (const std::size_t size = co_await peer.read_some(buffer))
    co_await peer.write(std::span(buffer).first(size));
}

/// A round trip with a server that answers.
task<> ask(loop& on, address server) {
  tcp client{on};
  co_await client.connect(server);
  co_await client.write(bytes_of("ping"));
  std::array<std::byte, 4> buffer{};
  const std::size_t size = co_await client.read_exactly(buffer);
  if (size != 4) throw std::runtime_error("there was no answer");
}

}  // namespace

TEST_CASE("each loop of a pool runs the program on a thread of its own") {
  loop_pool pool{3};
  CHECK(pool.size() == 3);
  for (int again = 0; again < 2; ++again) {
    std::mutex mutex;
    std::set<std::thread::id> threads;
    std::atomic<std::size_t> indexes = 0;
    std::atomic<int> take_signals = 0;
    pool.run([&](loop&, std::size_t index) -> task<> {
      co_await sleep_for(1ms);
      indexes += index;
      sigset_t blocked;
      pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
      if (sigismember(&blocked, SIGUSR1) != 1) ++take_signals;
      const std::scoped_lock lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
    CHECK(threads.size() == 3);
    CHECK(indexes == 3);
    CHECK(take_signals == 0);
  }
}

TEST_CASE("work is posted and tasks are spawned from loop to loop, and all of it ends before run() does") {
  loop_pool pool{2};
  std::atomic<int> ran = 0;
  pool.run([&](loop& own, std::size_t index) -> task<> {
    if (index != 0) co_return;  // and waits for what the other one has for it
    const std::thread::id here = std::this_thread::get_id();
    co_await sleep_for(2ms);
    pool.post(1, [&, here](loop& there) {
      if (&there != &own && std::this_thread::get_id() != here) ++ran;
    });
    pool.spawn(1, [&](loop&) -> task<> {
      co_await sleep_for(5ms);
      ++ran;
    });
  });
  CHECK(ran == 2);
}

TEST_CASE("an error on one loop cancels the others and comes out of run()") {
  loop_pool pool{3};
  std::atomic<int> cancelled = 0;
  const auto program = [&](loop&, std::size_t index) -> task<> {
    if (index == 1) {
      co_await sleep_for(1ms);
      throw std::runtime_error("from a loop");
    }
    const std::error_code ended = co_await code_of(sleep_for(1h));
    if (ended == std::errc::operation_canceled) ++cancelled;
  };
  CHECK(thrown_by<std::runtime_error>([&] { pool.run(program); }) == "from a loop");
  CHECK(cancelled == 2);

  const auto throwing_callback = [&](loop&, std::size_t index) -> task<> {
    if (index == 0) pool.post(1, [](loop&) { throw std::runtime_error("from a callback"); });
    co_await sleep_for(1h);
  };
  CHECK(thrown_by<std::runtime_error>([&] { pool.run(throwing_callback); }) == "from a callback");
}

TEST_CASE("request_stop() from any thread ends a pool as if it had ended by itself") {
  loop_pool pool{2};
  std::atomic<int> waiting = 0;
  std::thread stops([&] {
    while (waiting != 2) std::this_thread::sleep_for(1ms);
    pool.request_stop();
  });
  pool.run([&](loop&, std::size_t) -> task<> {
    ++waiting;
    co_await sleep_for(1h);
  });
  stops.join();
  pool.request_stop();  // nothing runs
  std::atomic<int> ended = 0;
  pool.run([&](loop&, std::size_t) -> task<> {
    co_await sleep_for(1ms);
    ++ended;
  });
  CHECK(ended == 2);
}

TEST_CASE("listeners of several loops share a port") {
  loop_pool pool{2};
  const address here = [] {
    loop first;
    return tcp_listener(first, any_port(), {.reuse_port = true}).local_address();
  }();
  std::atomic<int> served = 0;
  std::atomic<int> listening = 0;
  pool.run([&](loop& own, std::size_t index) -> task<> {
    tcp_listener listener{own, here, {.reuse_port = true}};
    listener.listen(16);
    ++listening;
    const auto serves = [&]() -> task<> {
      const auto accepts = [&](scope& peers) -> task<> {
        for (;;) {
          peers.spawn(answer(co_await listener.accept()));
          ++served;
        }
      };
      co_await with_scope(accepts);
    };
    const auto asks = [&]() -> task<> {
      while (listening != 2) co_await sleep_for(1ms);
      if (index == 0) {
        for (int i = 0; i < 20; ++i) co_await ask(own, here);
        pool.request_stop();
      } else {
        co_await sleep_for(1h);
      }
    };
    co_await when_all(serves(), asks());
  });
  CHECK(served == 20);
}

TEST_CASE("a connection is handed over to another loop, and goes on there") {
  loop_pool pool{2};
  std::atomic<bool> elsewhere = false;
  pool.run([&](loop& own, std::size_t index) -> task<> {
    if (index != 0) co_return;
    const std::thread::id here = std::this_thread::get_id();
    tcp_listener listener{own, any_port()};
    const auto accepts = [&]() -> task<> {
      tcp peer = co_await listener.accept();
      pool.hand_over(1, std::move(peer), [&, here](tcp taken) -> task<> {
        elsewhere = std::this_thread::get_id() != here;
        co_await answer(std::move(taken));
      });
    };
    co_await when_all(accepts(), ask(own, listener.local_address()));
  });
  CHECK(elsewhere);
}

namespace {

/// While one lives, no thread can be started: there is no room for its stack.
class no_threads {
 public:
  no_threads() {
    REQUIRE(::pthread_getattr_default_np(&before_) == 0);
    pthread_attr_t huge;
    REQUIRE(::pthread_attr_init(&huge) == 0);
    REQUIRE(::pthread_attr_setstacksize(&huge, std::size_t{1} << 47) == 0);  // all there is
    REQUIRE(::pthread_setattr_default_np(&huge) == 0);
    ::pthread_attr_destroy(&huge);
  }
  no_threads(const no_threads&) = delete;
  no_threads& operator=(const no_threads&) = delete;
  ~no_threads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_{};
};

}  // namespace

TEST_CASE("a pool whose threads cannot start says so, and runs when they can") {
  loop_pool pool{3};
  std::atomic<int> ran = 0;
  const auto program = [&](loop&, std::size_t) -> task<> {
    ++ran;
    co_return;
  };
  {
    const no_threads while_here;
    CHECK_THROWS_AS(pool.run(program), std::system_error);
  }
  CHECK(ran == 0);
  pool.run(program);
  CHECK(ran == 3);
}

TEST_CASE("misuse of a pool is refused") {
  loop_pool pool{1};
  CHECK(misuse_of([&] { pool.post(1, [](loop&) {}); }).find("below size()") != std::string::npos);
  CHECK(misuse_of([&] { pool.post(0, {}); }).find("nothing to run") != std::string::npos);
  CHECK(misuse_of([&] { pool.run({}); }).find("nothing to run") != std::string::npos);
  std::string again;
  pool.run([&](loop&, std::size_t) -> task<> {
    again = misuse_of([&] { pool.run([](loop&, std::size_t) -> task<> { co_return; }); });
    co_return;
  });
  CHECK(again.find("runs already") != std::string::npos);
}

}  // namespace gauntlet::uv::test
