#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <exception>
#include <gauntlet/uv/os.hpp>
#include <limits>
#include <thread>
#include <vector>

#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::string_view_literals;

// What is asked of a thread changes that thread alone: it is one that ends. Catch2 is told only after that.
template <class Work>
auto in_a_thread(Work work) {
  std::exception_ptr failure;
  decltype(work()) result{};
  std::thread thread([&] {
    try {
      result = work();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  thread.join();
  if (failure) std::rethrow_exception(failure);
  return result;
}

TEST_CASE("a process knows itself and its parent") {
  CHECK(os::getpid() == ::getpid());
  CHECK(os::getppid() == ::getppid());
}

TEST_CASE("a signal reaches its process, and none is an error") {
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  REQUIRE(::pthread_sigmask(SIG_BLOCK, &signals, &before) == 0);
  os::kill(::getpid(), SIGUSR1);
  int received = 0;
  CHECK(::sigwait(&signals, &received) == 0);
  CHECK(received == SIGUSR1);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  os::kill(::getpid(), 0);
  CHECK(is_refused(
      [] {
        os::kill(std::numeric_limits<int>::max(), 0);
        return 0;
      },
      std::errc::no_such_process, "process 2147483647"));
  CHECK(is_refused(
      [] {
        os::kill(::getpid(), 100'000);
        return 0;
      },
      std::errc::invalid_argument));
}

TEST_CASE("priorities are read, and lowered") {
  CHECK(os::getpriority(0) == ::getpriority(PRIO_PROCESS, 0));
  CHECK(os::getpriority(::getpid()) == ::getpriority(PRIO_PROCESS, static_cast<id_t>(::getpid())));
  const int lower = std::min(os::getpriority(0) + 1, os::priority::low);
  CHECK(in_a_thread([=] {
          os::setpriority(0, lower);
          return os::getpriority(0);
        }) == lower);
  CHECK(is_refused(
      [] {
        os::setpriority(0, os::priority::low + 1);
        return 0;
      },
      std::errc::invalid_argument));
  CHECK(is_refused(
      [] {
        os::setpriority(0, os::priority::highest - 1);
        return 0;
      },
      std::errc::invalid_argument));
  CHECK(is_refused([] { return os::getpriority(std::numeric_limits<int>::max()); },
                   std::errc::no_such_process));
}

TEST_CASE("what a process used is counted") {
  const os::rusage before = os::getrusage();
  std::vector<char> memory(std::size_t{1} << 24U, 'x');  // its pages are touched, for the first time
  CHECK(std::ranges::count(memory, 'x') == std::int64_t{1} << 24U);
  const os::rusage after = os::getrusage();
  CHECK(after.maxrss > 0);
  CHECK(after.minflt >= before.minflt);
  CHECK(after.utime + after.stime >= before.utime + before.stime);
  CHECK(after.utime + after.stime > std::chrono::microseconds(0));
  CHECK(os::resident_set_memory() > 0);
}

TEST_CASE("what a thread used is counted") {
  if (lacks(0x013200, "1.50", [] { return os::getrusage_thread(); })) return;
  const os::rusage thread = os::getrusage_thread();
  const os::rusage process = os::getrusage();
  CHECK(thread.minflt <= process.minflt);
  CHECK(thread.utime <= process.utime);
}

// ---- the calling thread

TEST_CASE("a thread can be bound to a processor") {
  if (lacks(0x012D00, "1.45", [] { return os::cpumask_size(); })) {
    CHECK(lacks(0x012D00, "1.45", [] { return os::thread_getaffinity(); }));
    CHECK(lacks(0x012D00, "1.45", [] { return os::thread_setaffinity({}); }));
    CHECK(lacks(0x012D00, "1.45", [] { return os::thread_getcpu(); }));
    return;
  }
  const std::vector<std::uint32_t> all = os::thread_getaffinity();
  REQUIRE_FALSE(all.empty());
  CHECK(std::ranges::is_sorted(all));
  CHECK(all.back() < os::cpumask_size());
  const std::vector<std::uint32_t> one{all.back()};
  struct answers {
    std::vector<std::uint32_t> former{};
    std::vector<std::uint32_t> now{};
    std::uint32_t cpu = 0;
  };
  const answers bound = in_a_thread([&] {
    answers told{.former = os::thread_setaffinity(one)};
    told.now = os::thread_getaffinity();
    told.cpu = os::thread_getcpu();
    return told;
  });
  CHECK(bound.former == all);
  CHECK(bound.now == one);
  CHECK(bound.cpu == one.front());
  CHECK(os::thread_getaffinity() == all);  // of this thread nothing was said

  const std::vector<std::uint32_t> beyond{os::cpumask_size()};
  CHECK(is_misuse([&] { return os::thread_setaffinity(beyond); }, "there is no processor"));
  CHECK(is_refused([&] { return os::thread_setaffinity({}); }, std::errc::invalid_argument));
}

TEST_CASE("a thread can be given a lower priority") {
  if (lacks(0x013000, "1.48", [] {
        os::thread_setpriority(os::thread_priority::lowest);
        return 0;
      })) {
    CHECK(lacks(0x013000, "1.48", [] { return os::thread_getpriority(); }));
    return;
  }
  CHECK(in_a_thread([] {
          os::thread_setpriority(os::thread_priority::lowest);
          return os::thread_getpriority();
        }) == 4);
  CHECK(is_refused(
      [] {
        os::thread_setpriority(static_cast<os::thread_priority>(3));
        return 0;
      },
      std::errc::invalid_argument));
}

TEST_CASE("a thread can be given a name") {
  const auto set_name = [](std::string_view name) {
    os::thread_setname(name);
    return 0;
  };
  if (lacks(0x013200, "1.50", [&] { return set_name("gauntlet"); })) {
    CHECK(lacks(0x013200, "1.50", [] { return os::thread_getname(); }));
    return;
  }
  const auto named = [&](std::string_view name) {
    return in_a_thread([&] {
      set_name(name);
      return os::thread_getname();
    });
  };
  CHECK(named("gauntlet") == "gauntlet");
  CHECK(named("a name that is too long for it") == "a name that is ");
  CHECK(is_misuse([&] { return set_name("a\0b"sv); }, "the name has a NUL at byte 1"));
}

}  // namespace
}  // namespace gauntlet::uv::test
