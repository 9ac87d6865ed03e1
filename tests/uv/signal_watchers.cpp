#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

void raise_here(int signum) { REQUIRE(::kill(getpid(), signum) == 0); }

bool is_caught(int signum) {
  struct sigaction now{};
  REQUIRE(sigaction(signum, nullptr, &now) == 0);
  return now.sa_handler != SIG_DFL;
}

TEST_CASE("we_get_signal") {
  loop loop;
  signal watcher{loop};
  int caught = 0;
  watcher.start(SIGUSR1, [&](int signum) {
    CHECK(signum == SIGUSR1);
    if (++caught < 10)
      raise_here(SIGUSR1);
    else
      watcher.close();
  });
  raise_here(SIGUSR1);
  run_to_the_end(loop);
  CHECK(caught == 10);
  CHECK_FALSE(is_caught(SIGUSR1));
}

TEST_CASE("we_get_signals") {
  loop loop;
  std::vector<int> caught;
  std::vector<std::unique_ptr<signal>> watchers;
  for (const int signum : {SIGUSR1, SIGUSR2, SIGUSR1, SIGUSR2}) {
    watchers.push_back(std::make_unique<signal>(loop));
    watchers.back()->start(signum, [&, &own = *watchers.back()](int got) {
      caught.push_back(got);
      own.stop();
    });
  }
  raise_here(SIGUSR1);
  raise_here(SIGUSR2);
  CHECK_FALSE(loop.run());
  CHECK(std::ranges::count(caught, SIGUSR1) == 2);
  CHECK(std::ranges::count(caught, SIGUSR2) == 2);
  watchers.clear();
  run_to_the_end(loop);
}

TEST_CASE("we_get_signal_one_shot") {
  loop loop;
  signal watcher{loop};
  int caught = 0;

  SECTION("once, and no more") {
    watcher.start_oneshot(SIGUSR1, [&](int) { ++caught; });
    raise_here(SIGUSR1);
    CHECK_FALSE(loop.run());  // nothing waits any more
    CHECK(caught == 1);
    CHECK_FALSE(watcher.is_active());
    CHECK_FALSE(is_caught(SIGUSR1));
  }
  SECTION("again, from its own callback") {
    watcher.start_oneshot(SIGUSR1, [&](int) {
      ++caught;
      watcher.start_oneshot(SIGUSR1, [&](int) { caught += 10; });
      raise_here(SIGUSR1);
    });
    raise_here(SIGUSR1);
    CHECK_FALSE(loop.run());
    CHECK(caught == 11);
  }
  SECTION("again, while others have yet to be told") {
    signal other{loop};
    const auto again = [&](signal& own) {
      return [&](int) {
        ++caught;
        own.start_oneshot(SIGUSR1, [&](int) { caught += 10; });
      };
    };
    watcher.start_oneshot(SIGUSR1, again(watcher));
    other.start_oneshot(SIGUSR1, again(other));
    raise_here(SIGUSR1);
    while (caught < 2) loop.run(run_mode::once);
    raise_here(SIGUSR1);
    CHECK_FALSE(loop.run());
    CHECK(caught == 22);
    CHECK_FALSE(is_caught(SIGUSR1));
    other.close();
  }
  SECTION("then an ordinary one") {
    watcher.start_oneshot(SIGUSR1, [&](int) { ++caught; });
    raise_here(SIGUSR1);
    CHECK_FALSE(loop.run());
    watcher.unref();
    watcher.start(SIGUSR1, [&](int) {
      if (++caught == 4) return;
      raise_here(SIGUSR1);
    });
    CHECK_FALSE(watcher.has_ref());
    raise_here(SIGUSR1);
    const auto guard = loop.keep_alive();
    while (caught < 4) loop.run(run_mode::once);
    CHECK(watcher.is_active());
  }
  SECTION("out of an ordinary one, of the same signal") {
    watcher.start(SIGUSR1, [&](int) { caught += 100; });
    watcher.start_oneshot(SIGUSR1, [&](int) { ++caught; });
    raise_here(SIGUSR1);
    CHECK_FALSE(loop.run());
    CHECK(caught == 1);
  }
  watcher.close();
  run_to_the_end(loop);
}

TEST_CASE("signal_multiple_loops") {
  constexpr int loops = 2;
  constexpr int rounds = 50;
  int caught[loops] = {};
  std::atomic<int> ready{0};
  std::atomic<int> told{0};
  std::vector<std::thread> threads;
  for (int& mine : caught)
    threads.emplace_back([&] {
      loop loop;
      signal watcher{loop};
      watcher.start(SIGUSR1, [&](int) {
        ++mine;
        if (mine == rounds) watcher.close();
        ++told;
      });
      ++ready;
      loop.run();
    });
  while (ready != loops) std::this_thread::yield();
  for (int round = 1; round <= rounds; ++round) {
    raise_here(SIGUSR1);
    while (told != round * loops) std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  for (const int mine : caught) CHECK(mine == rounds);
}

TEST_CASE("signal_close_loop_alive") {
  int caught = 0;
  {
    loop loop;
    signal watcher{loop};
    watcher.start(SIGUSR1, [&](int) { ++caught; });
    signal own{loop};
    own.start(SIGUSR2, [&](int) { own.close(); });
    // Both are on their way when the loop ends.
    raise_here(SIGUSR1);
    raise_here(SIGUSR2);
  }
  CHECK(caught == 0);
  CHECK_FALSE(is_caught(SIGUSR1));
  CHECK_FALSE(is_caught(SIGUSR2));
}

TEST_CASE("a signal that cannot be caught is refused, and what was not said as well") {
  loop loop;
  signal watcher{loop};
  for (const int impossible : {0, -1, SIGKILL, SIGSTOP, 4711}) try {
      watcher.start(impossible, [](int) {});
      FAIL("signal " << impossible << " was taken");
    } catch (const error& refused) {
      CHECK(refused.code() == std::errc::invalid_argument);
    }
  CHECK(misuse_of([&] { watcher.start(SIGUSR1, {}); }).find("nothing to call") != std::string::npos);
  watcher.start(SIGUSR1, [](int) {});
  watcher.close();
  CHECK(misuse_of([&] { watcher.stop(); }).find("closed") != std::string::npos);
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
