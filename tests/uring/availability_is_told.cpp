// Why there is no io_uring: the sentences that a user reads.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <string>

#include "pipes.hpp"
#include "support.hpp"

namespace gauntlet::uring::test {
namespace {

/// In a child, from now on: this system call answers this errno.
bool forbid(std::uint32_t system_call, int error_number) {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error_number)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// What a child has written into a pipe.
std::string said_by(pid_t child, const std::array<int, 2>& ends) {
  close(ends[1]);
  std::string said(4096, '\0');
  const ssize_t size = read(ends[0], said.data(), said.size());
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(size > 0);
  said.resize(static_cast<std::size_t>(size));
  return said;
}

/// What available() says in a child, and what the error of a ring, if that is another sentence.
template <class Prepare>
std::string told_after(Prepare prepare) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  REQUIRE(child != -1);
  if (child == 0) {
    std::string said = "not prepared";
    if (prepare()) {
      const availability here = available();
      said = here.usable ? "usable" : std::to_string(here.error_number) + ": " + here.reason;
      try {
        const ring own;
      } catch (const error& failure) {
        if (std::string(failure.what()).find(here.reason) == std::string::npos)
          said.append("; but ").append(failure.what());
      }
    }
    static_cast<void>(!write(ends[1], said.data(), said.size()));
    _exit(0);
  }
  return said_by(child, ends);
}

TEST_CASE("forbidden by seccomp, io_uring says who forbids it") {
  require_io_uring();
  const std::string said = told_after([] { return forbid(SYS_io_uring_setup, EPERM); });
  CAPTURE(said);
  CHECK(said.contains("1: it is not permitted here, by seccomp or a security module"));
  CHECK_FALSE(said.contains("; but"));
}

TEST_CASE("allowed to make a ring and not to use it, io_uring says so when it is made") {
  require_io_uring();
  const std::string said = told_after([] { return forbid(SYS_io_uring_enter, EPERM); });
  CAPTURE(said);
  CHECK(said.contains("1: it is not permitted here, by seccomp or a security module"));
  CHECK(said.contains("io_uring_enter"));
  CHECK_FALSE(said.contains("; but"));
}

/// What a child says that has a ring, and is forbidden to use it while a task waits and another one works.
std::string told_when_shut_out(std::initializer_list<std::uint32_t> forbidden, bool waits) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  REQUIRE(child != -1);
  if (child == 0) {
    std::string said;
    {
      ring own;
      pipe_of idle(own);
      const auto work = [&](scope& all) -> task<> {
        if (waits)
          all.spawn([&]() -> task<> {
            std::array<std::byte, 1> memory{};
            const std::error_code ended = co_await code_of(idle.in.read_some(memory));
            said += ended == std::errc::operation_canceled ? "cancelled; " : "not cancelled; ";
          });
        co_await own.nop();
        for (const std::uint32_t each : forbidden)
          if (!forbid(each, EPERM)) said += "not forbidden; ";
        const std::error_code ended = co_await code_of(own.nop());
        said += ended == std::errc::operation_not_permitted ? "refused; " : "not refused; ";
      };
      try {
        gauntlet::run(own, with_scope(work));
      } catch (const error& failure) {
        said += failure.what();
      }
      said += "; closed with " + std::to_string(own.close().size());
    }
    static_cast<void>(!write(ends[1], said.data(), said.size()));
    _exit(0);
  }
  return said_by(child, ends);
}

TEST_CASE("a ring that may be used no more ends what it has, and says why") {
  require_io_uring();
  const std::string said = told_when_shut_out({SYS_io_uring_enter}, true);
  CAPTURE(said);
  CHECK(said.starts_with("refused; cancelled; "));
  CHECK(said.contains("the ring was usable, and is no more; it is not permitted here, by seccomp"));
  CHECK(said.ends_with("; closed with 0"));
}

TEST_CASE("a ring that may neither be used nor changed any more says why") {
  require_io_uring();
  const std::string said = told_when_shut_out({SYS_io_uring_enter, SYS_io_uring_register}, false);
  CAPTURE(said);
  CHECK(said.starts_with("refused; "));
  CHECK(said.contains("the ring was usable, and is no more"));
  CHECK(said.ends_with("; closed with 0"));
}

TEST_CASE("without memory for its queues, io_uring says what limits it") {
  require_io_uring();
  const std::string said = told_after([] { return forbid(SYS_io_uring_setup, ENOMEM); });
  CAPTURE(said);
  CHECK(said.contains("KiB are allowed (raise `ulimit -l`, or ask for fewer entries)"));
}

TEST_CASE("hidden by seccomp, io_uring says that the kernel may have none") {
  require_io_uring();
  const std::string said = told_after([] { return forbid(SYS_io_uring_setup, ENOSYS); });
  CAPTURE(said);
  CHECK(said.contains("has no io_uring: it is there since 5.1"));
  CHECK(said.contains("seccomp hides it"));
}

std::string refused(ring_options options) {
  try {
    const ring own{options};
  } catch (const gauntlet::error& failure) {
    return failure.what();
  }
  return "made";
}

TEST_CASE("without descriptors a ring says which limit to raise") {
  require_io_uring();
  // UBSan's check of types needs descriptors of its own (sanitizer_common, LLVM 19: a pipe) when it sees one
  // first.
  CHECK(refused({}) == "made");
  CHECK(refused({.entries = 0}).contains("entries must be"));
  const std::string said = told_after([] {
    rlimit none{};
    if (getrlimit(RLIMIT_NOFILE, &none) != 0) return false;
    none.rlim_cur = 0;  // Valgrind refuses to lower the other one
    return setrlimit(RLIMIT_NOFILE, &none) == 0;
  });
  CAPTURE(said);
  CHECK(said.contains("no descriptor left: raise `ulimit -n`"));
}

TEST_CASE("options that cannot be are refused with what is wrong about them") {
  require_io_uring();
  CHECK(refused({.entries = 0}).contains("entries must be 1 to 32768, but are 0"));
  CHECK(refused({.entries = 1U << 30}).contains("entries must be 1 to 32768"));
  CHECK(refused({.entries = 64, .completion_entries = 2}).contains("completion_entries must be no less"));
  CHECK(refused({.defer_taskrun = true}).contains("defer_taskrun needs single_issuer"));
  CHECK(refused({.submission_thread_cpu = 0}).contains("submission_thread_cpu needs submission_thread_idle"));
  CHECK(refused({.submission_thread_idle = 1, .single_issuer = true, .defer_taskrun = true})
            .contains("exclude each other"));
  CHECK(refused({.submission_thread_idle = 1, .submission_thread_cpu = 100000}).contains("processor"));
  CHECK(refused({.attach_to = 99999}).contains("attach_to"));
}

}  // namespace
}  // namespace gauntlet::uring::test
