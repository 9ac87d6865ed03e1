#include "gauntlet/uring/operation_code.hpp"

#include <gauntlet/shim/uring.h>
#include <sys/utsname.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include "explain.hpp"
#include "library.hpp"

namespace gauntlet::uring {
namespace {

struct known {
  std::string_view name;
  std::string_view since;
};

constexpr std::array known_operations{known{"IORING_OP_NOP", "5.1"},
                           known{"IORING_OP_READV", "5.1"},
                           known{"IORING_OP_WRITEV", "5.1"},
                           known{"IORING_OP_FSYNC", "5.1"},
                           known{"IORING_OP_READ_FIXED", "5.1"},
                           known{"IORING_OP_WRITE_FIXED", "5.1"},
                           known{"IORING_OP_POLL_ADD", "5.1"},
                           known{"IORING_OP_POLL_REMOVE", "5.1"},
                           known{"IORING_OP_SYNC_FILE_RANGE", "5.2"},
                           known{"IORING_OP_SENDMSG", "5.3"},
                           known{"IORING_OP_RECVMSG", "5.3"},
                           known{"IORING_OP_TIMEOUT", "5.4"},
                           known{"IORING_OP_TIMEOUT_REMOVE", "5.5"},
                           known{"IORING_OP_ACCEPT", "5.5"},
                           known{"IORING_OP_ASYNC_CANCEL", "5.5"},
                           known{"IORING_OP_LINK_TIMEOUT", "5.5"},
                           known{"IORING_OP_CONNECT", "5.5"},
                           known{"IORING_OP_FALLOCATE", "5.6"},
                           known{"IORING_OP_OPENAT", "5.6"},
                           known{"IORING_OP_CLOSE", "5.6"},
                           known{"IORING_OP_FILES_UPDATE", "5.6"},
                           known{"IORING_OP_STATX", "5.6"},
                           known{"IORING_OP_READ", "5.6"},
                           known{"IORING_OP_WRITE", "5.6"},
                           known{"IORING_OP_FADVISE", "5.6"},
                           known{"IORING_OP_MADVISE", "5.6"},
                           known{"IORING_OP_SEND", "5.6"},
                           known{"IORING_OP_RECV", "5.6"},
                           known{"IORING_OP_OPENAT2", "5.6"},
                           known{"IORING_OP_EPOLL_CTL", "5.6"},
                           known{"IORING_OP_SPLICE", "5.7"},
                           known{"IORING_OP_PROVIDE_BUFFERS", "5.7"},
                           known{"IORING_OP_REMOVE_BUFFERS", "5.7"},
                           known{"IORING_OP_TEE", "5.8"},
                           known{"IORING_OP_SHUTDOWN", "5.11"},
                           known{"IORING_OP_RENAMEAT", "5.11"},
                           known{"IORING_OP_UNLINKAT", "5.11"},
                           known{"IORING_OP_MKDIRAT", "5.15"},
                           known{"IORING_OP_SYMLINKAT", "5.15"},
                           known{"IORING_OP_LINKAT", "5.15"},
                           known{"IORING_OP_MSG_RING", "5.18"},
                           known{"IORING_OP_FSETXATTR", "5.19"},
                           known{"IORING_OP_SETXATTR", "5.19"},
                           known{"IORING_OP_FGETXATTR", "5.19"},
                           known{"IORING_OP_GETXATTR", "5.19"},
                           known{"IORING_OP_SOCKET", "5.19"},
                           known{"IORING_OP_URING_CMD", "5.19"},
                           known{"IORING_OP_SEND_ZC", "6.0"},
                           known{"IORING_OP_SENDMSG_ZC", "6.1"},
                           known{"IORING_OP_READ_MULTISHOT", "6.7"},
                           known{"IORING_OP_WAITID", "6.7"},
                           known{"IORING_OP_FUTEX_WAIT", "6.7"},
                           known{"IORING_OP_FUTEX_WAKE", "6.7"},
                           known{"IORING_OP_FUTEX_WAITV", "6.7"},
                           known{"IORING_OP_FIXED_FD_INSTALL", "6.8"},
                           known{"IORING_OP_FTRUNCATE", "6.9"},
                           known{"IORING_OP_BIND", "6.11"},
                           known{"IORING_OP_LISTEN", "6.11"},
                           known{"IORING_OP_RECV_ZC", "6.15"},
                           known{"IORING_OP_EPOLL_WAIT", "6.15"},
                           known{"IORING_OP_READV_FIXED", "6.15"},
                           known{"IORING_OP_WRITEV_FIXED", "6.15"},
                           known{"IORING_OP_PIPE", "6.16"},
                           known{"IORING_OP_NOP128", "6.19"},
                           known{"IORING_OP_URING_CMD128", "6.19"}};
static_assert(known_operations.size() == static_cast<std::size_t>(operation_code::uring_cmd128) + 1);

const known* find(operation_code code) noexcept {
  const auto number = static_cast<std::size_t>(code);
  return number < known_operations.size() ? &known_operations[number] : nullptr;
}

class probe {
 public:
  probe() : asked_(io_uring_get_probe(), io_uring_free_probe) {}
  bool supports(operation_code code) const noexcept {
    return asked_ == nullptr || gauntlet_uring_opcode_supported(asked_.get(), static_cast<int>(code)) != 0;
  }

 private:
  std::unique_ptr<io_uring_probe, void (*)(io_uring_probe*)> asked_;
};

/// Which opcode an operation's function queues: it does so once more, into a queue that no kernel looks at.
operation_code code_of(const detail::opcode& code, const detail::operands& on) noexcept {
  unsigned head = 0;
  unsigned tail = 0;
  unsigned mask = 0;
  unsigned entries = 1;
  unsigned flags = 0;
  io_uring_sqe entry{};
  io_uring nowhere{};
  nowhere.sq.khead = &head;
  nowhere.sq.ktail = &tail;
  nowhere.sq.kring_mask = &mask;
  nowhere.sq.kring_entries = &entries;
  nowhere.sq.kflags = &flags;
  nowhere.sq.sqes = &entry;
  nowhere.sq.ring_mask = mask;
  nowhere.sq.ring_entries = entries;
  const gauntlet_uring_entry nobody{};
  // SAFETY: what it puts there are numbers and addresses, which nobody follows.
  if (code.queue(&nowhere, nobody, on) != 0) return operation_code::nop;
  return static_cast<operation_code>(entry.opcode);
}

std::string unknown_to_kernel(operation_code code) {
  const known* const found = find(code);
  std::string said = "the kernel " + detail::kernel_release() + " does not know ";
  if (found == nullptr) return said.append("operation ").append(std::to_string(static_cast<int>(code)));
  return said.append(found->name).append(", which is there since ").append(found->since);
}

}  // namespace

std::string_view name_of(operation_code code) noexcept {
  const known* const found = find(code);
  return found == nullptr ? std::string_view() : found->name;
}

std::string_view since(operation_code code) noexcept {
  const known* const found = find(code);
  return found == nullptr ? std::string_view() : found->since;
}

bool supports(operation_code code) {
  static const probe asked;
  return asked.supports(code);
}

std::string detail::kernel_release() {
  utsname name{};
  return uname(&name) == 0 ? std::string(name.release) : std::string("unknown");
}

std::string detail::why_refused(const opcode& code, const operands& on, std::int32_t res, bool iopoll) {
  if (res != -EINVAL && res != -EOPNOTSUPP) return {};
  const operation_code asked = code_of(code, on);
  if (res == -EINVAL && !supports(asked)) return unknown_to_kernel(asked);
  if (iopoll)
    return "the ring was made with iopoll: it reads and writes files that were opened with O_DIRECT on "
           "devices whose driver polls, and does nothing else; use a ring without it";
  return {};
}

}  // namespace gauntlet::uring
