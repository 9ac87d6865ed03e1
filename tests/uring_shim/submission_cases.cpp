#include "submission_cases.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace gauntlet::uring_shim::test {
namespace {

// Nothing is submitted, so nobody follows a pointer: it only has to be another than the others.
alignas(64) std::array<std::array<std::byte, 64>, 8> places;

template <class T>
T* at(std::size_t place) {
  // SAFETY: large and aligned enough for each T here, and never read or written.
  return reinterpret_cast<T*>(places.at(place).data());
}

// Larger than 32 bits, and another in each half.
constexpr std::uint64_t large = 0x1122'3344'5566'7788;
constexpr std::uint64_t larger = 0x2233'4455'6677'8899;
constexpr std::int64_t far = 0x0123'4567'89ab'cdef;
constexpr std::int64_t farther = 0x0fed'cba9'8765'4321;

// Arguments differ from one another, so that a call that exchanges two of them fills another entry.
#define QUEUE_CASE(name, ...)                                                   \
  [](io_uring* ring, gauntlet_uring_entry entry) {                              \
    return gauntlet_uring_queue_##name(ring, entry __VA_OPT__(, ) __VA_ARGS__); \
  }
#define THERE(name, ...)                                                                           \
  submission_case{#name, QUEUE_CASE(name, __VA_ARGS__),                                            \
                  [](io_uring_sqe* sqe) { io_uring_prep_##name(sqe __VA_OPT__(, ) __VA_ARGS__); }, \
                  [](io_uring_sqe* sqe) { gauntlet_uring_prep_##name(sqe __VA_OPT__(, ) __VA_ARGS__); }},
#define MISSING(name, ...) submission_case{#name, QUEUE_CASE(name, __VA_ARGS__), nullptr, nullptr},

#define SINCE(version, name, ...) SINCE_##version(THERE, MISSING)(name, __VA_ARGS__)

// Those whose parameters liburing has in another order, or in two functions.
std::vector<submission_case> special_cases() {
  return {
      {"rw", QUEUE_CASE(rw, 11, 12, at<char>(0), 13, large),
       [](io_uring_sqe* sqe) { io_uring_prep_rw(11, sqe, 12, at<char>(0), 13, large); },
       [](io_uring_sqe* sqe) { gauntlet_uring_prep_rw(11, sqe, 12, at<char>(0), 13, large); }},
      {"send_zc_to", QUEUE_CASE(send_zc_to, 11, at<char>(0), 12, 13, 14, at<sockaddr>(1), 15),
       [](io_uring_sqe* sqe) {
         io_uring_prep_send_zc(sqe, 11, at<char>(0), 12, 13, 14);
         io_uring_prep_send_set_addr(sqe, at<sockaddr>(1), 15);
       },
       [](io_uring_sqe* sqe) {
         gauntlet_uring_prep_send_zc(sqe, 11, at<char>(0), 12, 13, 14);
         gauntlet_uring_prep_send_set_addr(sqe, at<sockaddr>(1), 15);
       }},
      {"send_zc_fixed_to", QUEUE_CASE(send_zc_fixed_to, 11, at<char>(0), 12, 13, 14, 15, at<sockaddr>(1), 16),
       [](io_uring_sqe* sqe) {
         io_uring_prep_send_zc_fixed(sqe, 11, at<char>(0), 12, 13, 14, 15);
         io_uring_prep_send_set_addr(sqe, at<sockaddr>(1), 16);
       },
       [](io_uring_sqe* sqe) {
         gauntlet_uring_prep_send_zc_fixed(sqe, 11, at<char>(0), 12, 13, 14, 15);
         gauntlet_uring_prep_send_set_addr(sqe, at<sockaddr>(1), 16);
       }},
  };
}

// clang-format off: a function a line
std::vector<submission_case> file_cases() {
  return {
      THERE(nop)
      THERE(read, 11, at<char>(0), 12, large)
      THERE(write, 11, at<char>(0), 12, large)
      THERE(readv, 11, at<iovec>(0), 12, large)
      THERE(writev, 11, at<iovec>(0), 12, large)
      THERE(readv2, 11, at<iovec>(0), 12, large, 13)
      THERE(writev2, 11, at<iovec>(0), 12, large, 13)
      THERE(read_fixed, 11, at<char>(0), 12, large, 13)
      THERE(write_fixed, 11, at<char>(0), 12, large, 13)
      SINCE(2_6, read_multishot, 11, 12, large, 13)
      THERE(fsync, 11, 12)
      THERE(sync_file_range, 11, 12, large, 13)
      THERE(fallocate, 11, 12, large, larger)
      SINCE(2_6, ftruncate, 11, far)
      THERE(fadvise, 11, large, 12, 13)
      SINCE(2_7, fadvise64, 11, large, far, 12)
      THERE(madvise, at<char>(0), 11, 12)
      SINCE(2_7, madvise64, at<char>(0), far, 11)
      THERE(statx, 11, at<char>(0), 12, 13, at<struct statx>(1))
      SINCE(2_8, cmd_discard, 11, large, larger)
      THERE(openat, 11, at<char>(0), 12, 13)
      THERE(openat_direct, 11, at<char>(0), 12, 13, 14)
      SINCE(2_8, open, at<char>(0), 11, 12)
      SINCE(2_8, open_direct, at<char>(0), 11, 12, 13)
      THERE(openat2, 11, at<char>(0), at<open_how>(1))
      THERE(openat2_direct, 11, at<char>(0), at<open_how>(1), 12)
      THERE(close, 11)
      THERE(close_direct, 11)
      THERE(files_update, at<int>(0), 11, 12)
      SINCE(2_6, fixed_fd_install, 11, 12)
      THERE(unlinkat, 11, at<char>(0), 12)
      THERE(unlink, at<char>(0), 11)
      THERE(renameat, 11, at<char>(0), 12, at<char>(1), 13)
      THERE(rename, at<char>(0), at<char>(1))
      THERE(mkdirat, 11, at<char>(0), 12)
      THERE(mkdir, at<char>(0), 11)
      THERE(symlinkat, at<char>(0), 11, at<char>(1))
      THERE(symlink, at<char>(0), at<char>(1))
      THERE(linkat, 11, at<char>(0), 12, at<char>(1), 13)
      THERE(link, at<char>(0), at<char>(1), 11)
      THERE(getxattr, at<char>(0), at<char>(1), at<char>(2), 11)
      THERE(setxattr, at<char>(0), at<char>(1), at<char>(2), 11, 12)
      THERE(fgetxattr, 11, at<char>(0), at<char>(1), 12)
      THERE(fsetxattr, 11, at<char>(0), at<char>(1), 12, 13)
      THERE(splice, 11, far, 12, farther, 13, 14)
      THERE(tee, 11, 12, 13, 14)
  };
}

std::vector<submission_case> socket_cases() {
  return {
      THERE(socket, 11, 12, 13, 14)
      THERE(socket_direct, 11, 12, 13, 14, 15)
      THERE(socket_direct_alloc, 11, 12, 13, 14)
      SINCE(2_7, bind, 11, at<sockaddr>(0), 12)
      SINCE(2_7, listen, 11, 12)
      THERE(accept, 11, at<sockaddr>(0), at<socklen_t>(1), 12)
      THERE(accept_direct, 11, at<sockaddr>(0), at<socklen_t>(1), 12, 13)
      THERE(multishot_accept, 11, at<sockaddr>(0), at<socklen_t>(1), 12)
      THERE(multishot_accept_direct, 11, at<sockaddr>(0), at<socklen_t>(1), 12)
      THERE(connect, 11, at<sockaddr>(0), 12)
      THERE(shutdown, 11, 12)
      SINCE(2_5, cmd_sock, 11, 12, 13, 14, at<char>(0), 15)
      THERE(send, 11, at<char>(0), 12, 13)
      SINCE(2_4, sendto, 11, at<char>(0), 12, 13, at<sockaddr>(1), 14)
      SINCE(2_7, send_bundle, 11, 12, 13)
      THERE(send_zc, 11, at<char>(0), 12, 13, 14)
      THERE(send_zc_fixed, 11, at<char>(0), 12, 13, 14, 15)
      THERE(sendmsg, 11, at<msghdr>(0), 12)
      THERE(sendmsg_zc, 11, at<msghdr>(0), 12)
      THERE(recv, 11, at<char>(0), 12, 13)
      THERE(recv_multishot, 11, at<char>(0), 12, 13)
      THERE(recvmsg, 11, at<msghdr>(0), 12)
      THERE(recvmsg_multishot, 11, at<msghdr>(0), 12)
  };
}

std::vector<submission_case> other_cases() {
  return {
      THERE(poll_add, 11, 12)
      THERE(poll_multishot, 11, 12)
      THERE(poll_remove, large)
      THERE(poll_update, large, larger, 11, 12)
      THERE(epoll_ctl, 11, 12, 13, at<epoll_event>(0))
      THERE(timeout, at<__kernel_timespec>(0), 11, 12)
      THERE(timeout_remove, large, 11)
      THERE(timeout_update, at<__kernel_timespec>(0), large, 11)
      THERE(link_timeout, at<__kernel_timespec>(0), 11)
      THERE(cancel64, large, 11)
      THERE(cancel, at<char>(0), 11)
      THERE(cancel_fd, 11, 12)
      THERE(provide_buffers, at<char>(0), 11, 12, 13, 14)
      THERE(remove_buffers, 11, 12)
      THERE(msg_ring, 11, 12, large, 13)
      SINCE(2_4, msg_ring_cqe_flags, 11, 12, large, 13, 14)
      SINCE(2_4, msg_ring_fd, 11, 12, 13, large, 14)
      SINCE(2_4, msg_ring_fd_alloc, 11, 12, large, 13)
      SINCE(2_6, waitid, P_PGID, 11, at<siginfo_t>(0), 12, 13)
      SINCE(2_6, futex_wake, at<std::uint32_t>(0), large, larger, 11, 12)
      SINCE(2_6, futex_wait, at<std::uint32_t>(0), large, larger, 11, 12)
      SINCE(2_6, futex_waitv, at<futex_waitv>(0), 11, 12)
  };
}

// clang-format on

}  // namespace

const std::vector<submission_case>& submission_cases() {
  static const std::vector<submission_case> all = [] {
    std::vector<submission_case> cases = special_cases();
    for (const auto& more : {file_cases(), socket_cases(), other_cases()})
      cases.insert(cases.end(), more.begin(), more.end());
    return cases;
  }();
  return all;
}

}  // namespace gauntlet::uring_shim::test
