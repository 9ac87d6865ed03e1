#pragma once
/// The kernel's operations by number, and which of them this kernel has.

#include <cstdint>
#include <string_view>

#pragma GCC visibility push(default)

namespace gauntlet::uring {

/// IORING_OP_*. Any other number is one, too, which this list does not know.
enum class operation_code : std::uint8_t {
  nop,
  readv,
  writev,
  fsync,
  read_fixed,
  write_fixed,
  poll_add,
  poll_remove,
  sync_file_range,
  sendmsg,
  recvmsg,
  timeout,
  timeout_remove,
  accept,
  async_cancel,
  link_timeout,
  connect,
  fallocate,
  openat,
  close,
  files_update,
  statx,
  read,
  write,
  fadvise,
  madvise,
  send,
  recv,
  openat2,
  epoll_ctl,
  splice,
  provide_buffers,
  remove_buffers,
  tee,
  shutdown,
  renameat,
  unlinkat,
  mkdirat,
  symlinkat,
  linkat,
  msg_ring,
  fsetxattr,
  setxattr,
  fgetxattr,
  getxattr,
  socket,
  uring_cmd,
  send_zc,
  sendmsg_zc,
  read_multishot,
  waitid,
  futex_wait,
  futex_wake,
  futex_waitv,
  fixed_fd_install,
  ftruncate,
  bind,
  listen,
  recv_zc,
  epoll_wait,
  readv_fixed,
  writev_fixed,
  pipe,
  nop128,
  uring_cmd128
};

/// "IORING_OP_READ"; of a number that is unknown here, nothing.
std::string_view name_of(operation_code code) noexcept;
/// The first kernel that has it: "5.6"; of a number that is unknown here, nothing.
std::string_view since(operation_code code) noexcept;
/// Whether this kernel has it (io_uring_get_probe, once for the process). Where it cannot be asked (before
/// Linux 5.6, or without io_uring) it is believed. Any thread.
bool supports(operation_code code);

}  // namespace gauntlet::uring

#pragma GCC visibility pop
