#include "setup.hpp"

#include <gauntlet/shim/uring.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <mutex>
#include <string>
#include <utility>

#include "explain.hpp"
#include "gauntlet/memory_checker.hpp"
#include "library.hpp"

namespace gauntlet::uring {
namespace {

using detail::kernel_release;
using detail::why_no_ring;

// Of newer kernels than the liburing knows that this is compiled with; the numbers are the kernel's
// interface.
constexpr unsigned setup_coop_taskrun = 1U << 8;
constexpr unsigned setup_single_issuer = 1U << 12;
constexpr unsigned setup_defer_taskrun = 1U << 13;

/// What kernel.io_uring_disabled says; 0 where the kernel has no such switch.
int disabled_by_sysctl() {
  int value = 0;
  std::ifstream("/proc/sys/kernel/io_uring_disabled") >> value;
  return value;
}

std::string why_not_permitted() {
  switch (disabled_by_sysctl()) {
    case 1:
      return "kernel.io_uring_disabled is 1: only members of the group kernel.io_uring_group and "
             "CAP_SYS_ADMIN may use it; `sysctl kernel.io_uring_disabled=0` allows it to all";
    case 2:
      return "kernel.io_uring_disabled is 2: it is off for everybody until `sysctl "
             "kernel.io_uring_disabled=0`";
    default:
      return "it is not permitted here, by seccomp or a security module: container runtimes forbid "
             "io_uring_setup and io_uring_enter unless their seccomp profile allows them";
  }
}

std::string why_no_memory() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return "there is no memory for it: without CAP_IPC_LOCK its queues count as locked memory, of which " +
         std::to_string(limit.rlim_cur / 1024) +
         " KiB are allowed (raise `ulimit -l`, or ask for fewer entries)";
}

std::uint32_t processors() { return static_cast<std::uint32_t>(std::max(0L, sysconf(_SC_NPROCESSORS_CONF))); }

std::string why_invalid(const ring_options& options) {
  const std::string release = kernel_release();
  if (options.defer_taskrun && !options.single_issuer) return "defer_taskrun needs single_issuer, too";
  if (options.submission_thread_cpu && !options.submission_thread_idle)
    return "submission_thread_cpu needs submission_thread_idle, too";
  if (options.defer_taskrun && options.submission_thread_idle)
    return "defer_taskrun and a submission thread exclude each other";
  if (options.entries == 0 || options.entries > 32768)
    return "entries must be 1 to 32768, but are " + std::to_string(options.entries);
  if (options.completion_entries && *options.completion_entries < options.entries)
    return "completion_entries must be no less than entries";
  if (options.submission_thread_cpu && *options.submission_thread_cpu >= processors())
    return "submission_thread_cpu is " + std::to_string(*options.submission_thread_cpu) +
           ", and there is no processor of this number";
  if (options.attach_to) return "attach_to is no ring's descriptor: take another ring's native_descriptor()";
  std::string known = "this kernel is " + release;
  if (options.defer_taskrun) return known.append(", and defer_taskrun is there since 6.1");
  if (options.single_issuer) return known.append(", and single_issuer is there since 6.0");
  if (options.coop_taskrun) return known.append(", and coop_taskrun is there since 5.19");
  return known.append(", which does not know these options together");
}

gauntlet_uring_params to_params(const ring_options& options) noexcept {
  gauntlet_uring_params params{};
  if (options.completion_entries) {
    params.flags |= IORING_SETUP_CQSIZE;
    params.cq_entries = *options.completion_entries;
  }
  if (options.submission_thread_idle) {
    params.flags |= IORING_SETUP_SQPOLL;
    params.sq_thread_idle = *options.submission_thread_idle;
  }
  if (options.submission_thread_cpu) {
    params.flags |= IORING_SETUP_SQ_AFF;
    params.sq_thread_cpu = *options.submission_thread_cpu;
  }
  if (options.iopoll) params.flags |= IORING_SETUP_IOPOLL;
  if (options.coop_taskrun) params.flags |= setup_coop_taskrun;
  if (options.single_issuer) params.flags |= setup_single_issuer;
  if (options.defer_taskrun) params.flags |= setup_defer_taskrun;
  if (options.disabled) params.flags |= IORING_SETUP_R_DISABLED;
  if (options.attach_to) {
    params.flags |= IORING_SETUP_ATTACH_WQ;
    params.wq_fd = static_cast<std::uint32_t>(*options.attach_to);
  }
  return params;
}

/// seccomp may allow to make one, and forbid to use it.
int try_to_enter(io_uring* made) noexcept {
  return syscall(SYS_io_uring_enter, gauntlet_uring_fd(made), 0, 0, 0, nullptr, 0) < 0 ? -errno : 0;
}

/// liburing maps and unmaps where ThreadSanitizer does not see it: the memory of a ring that has gone may be
/// that of another thread's next one. So where a tool follows memory, one thread at a time makes a ring, or
/// destroys one.
std::unique_lock<std::mutex> one_at_a_time() noexcept {
  static std::mutex mutex;
  return memory_is_followed() ? std::unique_lock(mutex) : std::unique_lock<std::mutex>();
}

int create(io_uring*& made, const ring_options& options) noexcept {
  const auto alone = one_at_a_time();
  gauntlet_uring_params params = to_params(options);
  int status = gauntlet_uring_create(&made, options.entries, &params);
  if (status < 0 || options.disabled) return status;
  status = try_to_enter(made);
  if (status < 0) gauntlet_uring_destroy(std::exchange(made, nullptr));
  return status;
}

}  // namespace

std::string detail::why_no_ring(int status, const ring_options& options) {
  switch (-status) {
    case ENOSYS:
      return "the kernel " + kernel_release() +
             " has no io_uring: it is there since 5.1, unless it was built without CONFIG_IO_URING or "
             "seccomp "
             "hides it";
    case EPERM:
    case EACCES:
      return why_not_permitted();
    case ENOMEM:
      return why_no_memory();
    case EMFILE:
      return "this process has no descriptor left: raise `ulimit -n`, or close some";
    case ENFILE:
      return "the system has no descriptor left";
    case EBADF:
    case ENXIO:
      return "attach_to is no ring's descriptor: take another ring's native_descriptor()";
    case EINVAL:
      return why_invalid(options);
    default:
      return {};
  }
}

io_uring* detail::set_up(const ring_options& options, const std::source_location& where) {
  io_uring* made = nullptr;
  if (const int status = create(made, options); status < 0)
    throw error(status, "ring", "io_uring", where, why_no_ring(status, options));
  return made;
}

void detail::tear_down(io_uring* ring) noexcept {
  const auto alone = one_at_a_time();
  gauntlet_uring_destroy(ring);
}

int detail::register_with(io_uring* ring, unsigned code, const void* argument, unsigned count) noexcept {
  const auto answer = syscall(SYS_io_uring_register, gauntlet_uring_fd(ring), code, argument, count);
  return answer < 0 ? -errno : static_cast<int>(answer);
}

availability available() {
  io_uring* made = nullptr;
  const ring_options smallest{.entries = 1};
  const int status = create(made, smallest);
  if (status < 0) return {.usable = false, .error_number = -status, .reason = why_no_ring(status, smallest)};
  detail::tear_down(made);
  return {.usable = true};
}

}  // namespace gauntlet::uring
