// Why there is no io_uring: the sentences that a user reads.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>

#include "needs.hpp"
#include "pipes.hpp"
#include "sockets_support.hpp"
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

/// In a child, from now on: kernel.io_uring_disabled reads as the file does. Nobody else sees it.
bool show_as_switch(const std::string& file) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount(file.c_str(), "/proc/sys/kernel/io_uring_disabled", nullptr, MS_BIND, nullptr) == 0;
}

constexpr std::string_view not_prepared = "not prepared";

/// What tell says in a child that has been prepared.
template <class Prepare, class Tell>
std::string said_by(Prepare prepare, Tell tell) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  REQUIRE(child != -1);
  if (child == 0) {
    const std::string said = prepare() ? tell() : std::string(not_prepared);
    static_cast<void>(!write(ends[1], said.data(), said.size()));
    _exit(0);
  }
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
  return said_by(prepare, [] {
    const availability here = available();
    std::string said = here.usable ? "usable" : std::to_string(here.error_number) + ": " + here.reason;
    try {
      const ring own;
    } catch (const error& failure) {
      if (std::string(failure.what()).find(here.reason) == std::string::npos)
        said.append("; but ").append(failure.what());
    }
    return said;
  });
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

/// What a child says that has a ring, and is forbidden these calls while a task waits, if one does, and
/// another one works.
std::string told_when_shut_out(std::initializer_list<std::uint32_t> forbidden, bool waits) {
  return said_by([] { return true; },
                 [&] {
                   std::string said;
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
                   return said + "; closed with " + std::to_string(own.close().size());
                 });
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

TEST_CASE("switched off by sysctl, io_uring says by which value, and what switches it on") {
  require_io_uring();
  const temporary_folder folder;
  const std::string file = folder / "io_uring_disabled";
  const auto said_with = [&](int value) {
    std::ofstream(file) << value << '\n';
    std::string said = told_after([&] { return show_as_switch(file) && forbid(SYS_io_uring_setup, EPERM); });
    if (said == not_prepared) SKIP("nothing can be mounted over kernel.io_uring_disabled here");
    return said;
  };
  const std::string for_some = said_with(1);
  CAPTURE(for_some);
  CHECK(for_some.starts_with("1: kernel.io_uring_disabled is 1: only members of the group"));
  CHECK(for_some.contains("`sysctl kernel.io_uring_disabled=0`"));
  CHECK_FALSE(for_some.contains("; but"));
  const std::string for_all = said_with(2);
  CAPTURE(for_all);
  CHECK(for_all.starts_with("1: kernel.io_uring_disabled is 2: it is off for everybody until `sysctl"));
  CHECK_FALSE(for_all.contains("; but"));
  CHECK(said_with(0).contains("by seccomp or a security module"));
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

std::string kernel_release() {
  utsname name{};
  REQUIRE(uname(&name) == 0);
  return name.release;
}

/// What the error of a ring says where the kernel answers this.
std::string told_by_kernel(int error_number, ring_options options) {
  const auto forbids = [=] { return forbid(SYS_io_uring_setup, error_number); };
  return said_by(forbids, [=] { return refused(options); });
}

TEST_CASE("a kernel that does not know an option is named, with the one that does") {
  require_io_uring();
  const std::string kernel = "this kernel is " + kernel_release();
  const auto told = [](ring_options options) { return told_by_kernel(EINVAL, options); };
  CHECK(told({.coop_taskrun = true}).contains(kernel + ", and coop_taskrun is there since 5.19"));
  CHECK(told({.single_issuer = true, .coop_taskrun = true})
            .contains(kernel + ", and single_issuer is there since 6.0"));
  CHECK(told({.single_issuer = true, .defer_taskrun = true, .coop_taskrun = true})
            .contains(kernel + ", and defer_taskrun is there since 6.1"));
  CHECK(told({}).contains(kernel + ", which does not know these options together"));
}

TEST_CASE("a ring that is not made says why, whatever the kernel answers") {
  require_io_uring();
  const auto told = [](int error_number) { return told_by_kernel(error_number, {}); };
  CHECK(told(EACCES).contains("it is not permitted here, by seccomp or a security module"));
  CHECK(told(ENFILE).contains("the system has no descriptor left"));
  CHECK(told(EBADF).contains("attach_to is no ring's descriptor"));
  CHECK(told(EIO).contains("Input/output error; called from"));  // which says all
}

/// What the error of work on a ring says where the kernel registers nothing of what the ring is asked.
template <class Work>
std::string told_unregistered(Work work) {
  return said_by([] { return forbid(SYS_io_uring_register, EINVAL); },
                 [=]() -> std::string {
                   ring own;
                   try {
                     work(own);
                   } catch (const error& failure) {
                     return failure.what();
                   }
                   return "done";
                 });
}

TEST_CASE("where the kernel knows no rings of buffers they are given to it by submissions") {
  require_io_uring();
  CHECK(told_unregistered([](ring& own) {
          buffer_ring buffers(own, {.count = 2, .size = 8});
          std::string got;
          gauntlet::run(own, [&]() -> task<> {
            auto [left, right] = socket_pair(own);
            co_await left.write(bytes_of("there"));
            const provided_buffer taken = co_await right.read_some(buffers);
            got = text_of(taken.bytes());
          }());
          if (got != "there") throw error(-EIO, "read_some", "nothing", {});
        }) == "done");
}

TEST_CASE("who registers polling that the kernel does not know is told which one does") {
  require_io_uring();
  require_liburing(6);
  CHECK(told_unregistered([](ring& own) {
          own.register_napi({.at_most = std::chrono::microseconds(1)});
        }).contains("it needs Linux 6.9"));
}

TEST_CASE("the kernel's operations are in the order in which it got them") {
  double before = 0;
  for (int code = 0; code <= static_cast<int>(operation_code::uring_cmd128); ++code) {
    const std::string since_when(since(static_cast<operation_code>(code)));
    CAPTURE(code, since_when);
    const std::size_t dot = since_when.find('.');
    REQUIRE(dot != std::string::npos);
    const double version = std::stoi(since_when) + std::stoi(since_when.substr(dot + 1)) / 100.0;
    CHECK(version >= before);
    before = version;
  }
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
