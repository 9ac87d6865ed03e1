// As files_are_the_systems.cpp, of what liburing, the kernel or Valgrind may not know yet.

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "needs.hpp"
#include "operation_cases.hpp"

namespace gauntlet::uring::test {
namespace {

long openat2_and_close(const std::string& path, int folder, const ::open_how& how) {
  return open_and_close(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

const operation_case openings[] = {
    {"openat2 creates",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(
           open(on, in / "new2",
                open_how{.flags = write_only | open_flags::create, .mode = static_cast<permissions>(0604)}));
     },
     [](const tree& in) -> long {
       return openat2_and_close(in / "new2", AT_FDCWD, {O_WRONLY | O_CREAT, 0604, 0});
     }},
    {"openat2 refuses links",
     [](ring& on, const tree& in) -> task<long> {
       return result_of(open(on, in / "s", open_how{.resolve = resolve::no_symlinks}));
     },
     [](const tree& in) -> long {
       return openat2_and_close(in / "s", AT_FDCWD, {0, 0, RESOLVE_NO_SYMLINKS});
     }},
    {"openat2 stays beneath",
     [](ring& on, const tree& in) -> task<long> {
       const file folder = co_await open(on, in / "d", read_only | open_flags::directory);
       co_return co_await result_of(open(folder, "../a", open_how{.resolve = resolve::beneath}));
     },
     [](const tree& in) -> long {
       const opened folder(in / "d", O_RDONLY | O_DIRECTORY);
       return openat2_and_close("../a", folder, {0, 0, RESOLVE_BENEATH});
     }},
    {"openat2 takes the folder for the root",
     [](ring& on, const tree& in) -> task<long> {
       const file folder = co_await open(on, in / "", read_only | open_flags::directory);
       co_return co_await result_of(open(folder, "/a", open_how{.resolve = resolve::in_root}));
     },
     [](const tree& in) -> long {
       const opened folder(in / "", O_RDONLY | O_DIRECTORY);
       return openat2_and_close("/a", folder, {0, 0, RESOLVE_IN_ROOT});
     }},
};

const operation_case truncations[] = {
    {"ftruncate shortens",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", write_only);
       co_return co_await result_of(to.ftruncate(50'000));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_WRONLY);
       return result_of_system(::ftruncate(to, 50'000));
     }},
    {"ftruncate of what is only to be read",
     [](ring& on, const tree& in) -> task<long> {
       file to = co_await open(on, in / "b", read_only);
       co_return co_await result_of(to.ftruncate(0));
     },
     [](const tree& in) -> long {
       const opened to(in / "b", O_RDONLY);
       return result_of_system(::ftruncate(to, 0));
     }},
};

}  // namespace

TEST_CASE("opening with rules for the way answers and does what openat2 does") {
  require_io_uring();
  if (openat2_and_close("/", AT_FDCWD, {O_RDONLY, 0, 0}) == -ENOSYS)
    SKIP("there is no openat2(2) here; Valgrind 3.19 lets none through");
  compare(openings);
}

TEST_CASE("cutting a file answers and does what ftruncate does") {
  require_io_uring();
  require_prepared("io_uring_prep_ftruncate");
  require_operation(operation_code::ftruncate);
  compare(truncations);
}

}  // namespace gauntlet::uring::test
