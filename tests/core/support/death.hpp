#pragma once
/// How a program ends that must not go on.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace gauntlet::test {

/// What work says on standard error before it aborts, in a process of its own; "" if it does not abort.
template <class Work>
std::string last_words_of(Work&& work) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  std::fflush(nullptr);  // or the child would write it again
  const pid_t child = fork();
  REQUIRE(child != -1);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // Catch2's handler would report a failed test
#ifdef VALGRIND_CLO_CHANGE
    VALGRIND_CLO_CHANGE("--leak-check=no");  // who dies so has given nothing back
#endif
    const rlimit no_core{};
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(ends[1], STDERR_FILENO);
    try {
      std::forward<Work>(work)();
    } catch (const std::exception& thrown) {
      std::fprintf(stderr, "thrown instead: %s\n", thrown.what());
    }
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  std::array<char, 4096> part{};
  for (ssize_t got = 0; (got = read(ends[0], part.data(), part.size())) != 0;) {
    if (got == -1 && errno == EINTR) continue;
    REQUIRE(got > 0);
    said.append(part.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  UNSCOPED_INFO("it said: " << said);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) return said;
  return "";
}

}  // namespace gauntlet::test
