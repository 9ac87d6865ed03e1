#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::chrono_literals;

/// What work answers in a child of fork(), 0 being well. A child that throws answers 98, one that hangs is
/// ended by a signal.
template <class Work>
int in_child(Work&& work) {
  const pid_t child = fork();
  REQUIRE(child != -1);
  if (child == 0) {
    alarm(120);
    int answer = 98;
    try {
      answer = work();
    } catch (...) {
      answer = 98;
    }
    _exit(answer);  // what the parent has on its mind is not the child's to end
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST_CASE("fork_timer") {
  loop loop;
  timer before{loop};
  int expired = 0;
  before.start(1ms, [&] { ++expired; });
  CHECK(in_child([&] {
          loop.fork();
          timer after{loop};
          after.start(1ms, [&] { expired += 10; });
          loop.run();
          before.close();
          after.close();
          loop.run();
          loop.close();
          return expired == 11 ? 0 : 1;
        }) == 0);
  CHECK_FALSE(loop.run());
  CHECK(expired == 1);
  before.close();
  run_to_the_end(loop);
}

TEST_CASE("fork_socketpair") {
  loop loop;
  auto [left, right] = socket_pair(loop);
  std::string parents;
  std::string childs;
  left.read_start([&](std::span<std::byte> bytes) {
    parents += text_of(bytes);
    if (parents == "from the child") left.close();
  });
  left.write(buffer_of("from the parent"));
  loop.run(run_mode::nowait);  // both are in the parent's epoll
  CHECK(in_child([&] {
          loop.fork();
          left.close();  // its copy; else it would read itself what it writes
          right.read_start([&](std::span<std::byte> bytes) {
            childs += text_of(bytes);
            if (childs == "from the parent")
              right.write(buffer_of("from the child"), [&right] { right.close(); });
          });
          loop.run();
          loop.close();
          return childs == "from the parent" ? 0 : 1;
        }) == 0);
  while (!left.is_closing()) loop.run(run_mode::once);
  CHECK(parents == "from the child");
  right.close();
  run_to_the_end(loop);
}

TEST_CASE("fork_signal_to_child") {
  loop loop;
  signal watcher{loop};
  int caught = 0;
  watcher.start(SIGUSR1, [&](int) {
    ++caught;
    watcher.close();
  });
  CHECK(in_child([&] {
          loop.fork();
          if (::kill(getpid(), SIGUSR1) != 0) return 2;
          loop.run();
          loop.close();
          return caught == 1 ? 0 : 1;
        }) == 0);
  CHECK(caught == 0);
  loop.run(run_mode::nowait);
  CHECK(caught == 0);  // the child's signal is the child's
  watcher.close();
  run_to_the_end(loop);
}

// ThreadSanitizer ends a child of a process with threads that starts threads of its own (die_after_fork):
// https://github.com/google/sanitizers/wiki/ThreadSanitizerFlags
#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if !__has_feature(thread_sanitizer)
TEST_CASE("a child's threads of the pool are new, and take no signals either") {
  loop loop;
  queue_work(
      loop, [] {}, [] {});
  loop.run();
  CHECK(in_child([&] {
          loop.fork();
          bool taken = true;
          queue_work(
              loop,
              [] {
                sigset_t blocked;
                pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
                return sigismember(&blocked, SIGUSR1) != 1;
              },
              [&](bool said) { taken = said; });
          loop.run();
          loop.close();
          library_shutdown();  // which joins the pool's threads
          return taken ? 1 : 0;
        }) == 0);
  run_to_the_end(loop);
}
#endif

TEST_CASE("a child that spawns and ends its copy of the loop leaves the parent's alone") {
  loop loop;
  timer parents{loop};
  bool expired = false;
  parents.start(1ms, [&] { expired = true; });
  CHECK(in_child([&] {
          loop.fork();
          int done = 0;
          process grandchild{loop, {.file = "true"}, [&](exit_status status) {
                               done += status.code == 0 ? 1 : 100;
                               grandchild.close();
                             }};
          loop.run();
          loop.close();
          return done == 1 ? 0 : 1;
        }) == 0);
  CHECK_FALSE(loop.run());
  CHECK(expired);
  parents.close();
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
