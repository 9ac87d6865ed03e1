// A ring is made as it was asked for, or the answer is an errno that says why not.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>

#include "support.hpp"

namespace {
io_uring_params seen_by_liburing;
}

// The linker's --wrap sends the shim's call here.
// NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names
extern "C" {
int __real_io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* params);
int __wrap_io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* params);

int __wrap_io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* params) {
  seen_by_liburing = *params;
  return __real_io_uring_queue_init_params(entries, ring, params);
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace gauntlet::uring_shim::test {
namespace {

// What creating a ring answers; and whether *out says the same.
int creating(unsigned entries, gauntlet_uring_params params) {
  // SAFETY: only compared; it stands for garbage that a caller may have in *out.
  auto* ring = reinterpret_cast<io_uring*>(&params);
  const int status = gauntlet_uring_create(&ring, entries, &params);
  CHECK((status == 0) == (ring != nullptr));
  gauntlet_uring_destroy(ring);
  return status;
}

gauntlet_uring_params with_flags(std::uint32_t flags) {
  gauntlet_uring_params params = {};
  params.flags = flags;
  return params;
}

TEST_CASE("a ring tells what it became") {
  const ring_owner probe = make_ring(1);
  gauntlet_uring_params params = with_flags(IORING_SETUP_CQSIZE);
  params.cq_entries = 100;
  io_uring* ring = nullptr;
  REQUIRE(gauntlet_uring_create(&ring, 5, &params) == 0);
  CHECK(params.sq_entries == 8);
  CHECK(params.cq_entries == 128);
  CHECK((params.flags & IORING_SETUP_CQSIZE) != 0);
  CHECK((params.features & IORING_FEAT_SINGLE_MMAP) != 0);
  CHECK(gauntlet_uring_flags(ring) == params.flags);
  CHECK(gauntlet_uring_features(ring) == params.features);
  CHECK(gauntlet_uring_fd(ring) >= 0);
  CHECK(gauntlet_uring_sq_space_left(ring) == 8);
  gauntlet_uring_destroy(ring);
}

TEST_CASE("a ring needs no params, and nothing is a ring to destroy") {
  const ring_owner probe = make_ring(1);
  io_uring* ring = nullptr;
  REQUIRE(gauntlet_uring_create(&ring, 1, nullptr) == 0);
  gauntlet_uring_destroy(ring);
  gauntlet_uring_destroy(nullptr);
}

TEST_CASE("all that params ask for reaches liburing, and nothing else does") {
  gauntlet_uring_params params = {};
  params.flags = 1U << 31U;  // no ring has it
  params.sq_entries = 1;
  params.cq_entries = 2;
  params.sq_thread_cpu = 3;
  params.sq_thread_idle = 4;
  params.wq_fd = 5;
  params.features = 6;
  CHECK(creating(4, params) < 0);
  CHECK(seen_by_liburing.flags == 1U << 31U);
  CHECK(seen_by_liburing.sq_entries == 0);
  CHECK(seen_by_liburing.cq_entries == 2);
  CHECK(seen_by_liburing.sq_thread_cpu == 3);
  CHECK(seen_by_liburing.sq_thread_idle == 4);
  CHECK(seen_by_liburing.wq_fd == 5);
  CHECK(seen_by_liburing.features == 0);
}

TEST_CASE("a ring may share the workers of another") {
  const ring_owner other = make_ring(1);
  gauntlet_uring_params attached = with_flags(IORING_SETUP_ATTACH_WQ);
  attached.wq_fd = static_cast<std::uint32_t>(gauntlet_uring_fd(other.get()));
  CHECK(creating(4, attached) == 0);
}

TEST_CASE("a ring that cannot be is -EINVAL and none") {
  const ring_owner probe = make_ring(1);
  CHECK(creating(0, {}) == -EINVAL);
  CHECK(creating(1U << 31U, {}) == -EINVAL);
  CHECK(creating(UINT_MAX, {}) == -EINVAL);
  CHECK(creating(4, with_flags(1U << 31U)) == -EINVAL);
  gauntlet_uring_params smaller = with_flags(IORING_SETUP_CQSIZE);
  smaller.cq_entries = 2;
  CHECK(creating(4, smaller) == -EINVAL);
}

// The exit status of a child that ran work, which answers its own.
template <class Work>
int in_child(Work work) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(work());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

// Lets io_uring_setup answer that errno in this process, as a container's filter does.
bool forbid_io_uring(unsigned error) {
  std::array program{sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                     sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

constexpr int no_filter = 250;

int errno_where_forbidden(unsigned error) {
  return in_child([error] {
    if (!forbid_io_uring(error)) return no_filter;
    io_uring* ring = nullptr;
    const int status = gauntlet_uring_create(&ring, 4, nullptr);
    return ring == nullptr && status < 0 ? -status : 0;
  });
}

TEST_CASE("where io_uring is forbidden the answer is the errno that forbids it") {
  for (const int error : {ENOSYS, EPERM, EACCES}) {
    const int answer = errno_where_forbidden(static_cast<unsigned>(error));
    if (answer == no_filter) SKIP("this process may set no seccomp filter");
    CHECK(answer == error);
  }
}

TEST_CASE("a child may destroy its copy, and the parent's ring goes on") {
  const ring_owner ring = make_ring(4);
  submit_nops(ring.get(), 1, 1);
  CHECK(in_child([&] {
          gauntlet_uring_destroy(ring.get());
          return 0;
        }) == 0);
  submit_nops(ring.get(), 2, 2);
  CHECK(data_of(reap(ring.get(), 8)) == counted(1, 3));
}

TEST_CASE("many rings come and go") {
  for (int i = 0; i < 50; ++i) {
    const ring_owner ring = make_ring(64);
    submit_nops(ring.get(), 2, 1);
  }
}

}  // namespace
}  // namespace gauntlet::uring_shim::test
