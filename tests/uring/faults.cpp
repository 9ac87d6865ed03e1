// The linker puts these functions in front of liburing's, and of the library's that tells the time
// (CMakeLists.txt).
#include "faults.hpp"

#include <liburing.h>

namespace {

using time_point = std::chrono::steady_clock::time_point;

int failures_left = 0;
int failure = 0;
int failed = 0;
int batches = 0;
std::chrono::seconds each_takes{};
std::chrono::seconds taken{};

bool fails() {
  if (failures_left == 0) return false;
  --failures_left;
  ++failed;
  taken += each_takes;
  return true;
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
extern "C" {
int __real_io_uring_submit(io_uring*);
int __real_io_uring_submit_and_wait(io_uring*, unsigned);
int __real_io_uring_submit_and_get_events(io_uring*);
int __real_io_uring_submit_and_wait_timeout(io_uring*, io_uring_cqe**, unsigned, __kernel_timespec*,
                                            sigset_t*);

int __wrap_io_uring_submit(io_uring* ring) { return fails() ? failure : __real_io_uring_submit(ring); }
int __wrap_io_uring_submit_and_wait(io_uring* ring, unsigned count) {
  return fails() ? failure : __real_io_uring_submit_and_wait(ring, count);
}
int __wrap_io_uring_submit_and_get_events(io_uring* ring) {
  return fails() ? failure : __real_io_uring_submit_and_get_events(ring);
}
int __wrap_io_uring_submit_and_wait_timeout(io_uring* ring, io_uring_cqe** first, unsigned count,
                                            __kernel_timespec* span, sigset_t* mask) {
  return fails() ? failure : __real_io_uring_submit_and_wait_timeout(ring, first, count, span, mask);
}
#ifdef IO_URING_VERSION_MAJOR  // of the two versions that there are lanes of, the one that has it
int __real_io_uring_submit_and_wait_min_timeout(io_uring*, io_uring_cqe**, unsigned, __kernel_timespec*,
                                                unsigned, sigset_t*);
int __wrap_io_uring_submit_and_wait_min_timeout(io_uring* ring, io_uring_cqe** first, unsigned count,
                                                __kernel_timespec* span, unsigned at_least, sigset_t* mask) {
  ++batches;
  return __real_io_uring_submit_and_wait_min_timeout(ring, first, count, span, at_least, mask);
}
#endif
}
// NOLINTEND(bugprone-reserved-identifier)

#ifdef _LIBCPP_VERSION
#define NOW "_ZNSt3__16chrono12steady_clock3nowEv"
#else
#define NOW "_ZNSt6chrono3_V212steady_clock3nowEv"
#endif
time_point real_now() __asm__("__real_" NOW);
time_point now_and_what_was_taken() __asm__("__wrap_" NOW);
time_point now_and_what_was_taken() { return real_now() + taken; }

namespace gauntlet::uring {

void test::let_fail(int calls, int error_number, std::chrono::seconds each) {
  failures_left = calls;
  failure = -error_number;
  failed = 0;
  each_takes = each;
}

int test::failures() noexcept { return failed; }
int test::waits_for_batches() noexcept { return batches; }

}  // namespace gauntlet::uring
