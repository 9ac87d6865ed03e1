#pragma once
/// A submission and a completion queue shared with the kernel: struct io_uring, owned.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gauntlet/callback.hpp"
#include "gauntlet/execution_context.hpp"
#include "gauntlet/task.hpp"
#include "gauntlet/uring/descriptor.hpp"
#include "gauntlet/uring/operation.hpp"
#include "gauntlet/uring/operation_code.hpp"

#pragma GCC visibility push(default)

struct io_uring;

namespace gauntlet::uring {

/// Of io_uring_params. What the kernel does not know is an error that says since when one does.
struct ring_options {
  /// Of the submission queue; the kernel rounds up to a power of two. More may be in flight.
  std::uint32_t entries = 256;
  /// Of the completion queue; nothing: twice as many (IORING_SETUP_CQSIZE).
  std::optional<std::uint32_t> completion_entries{};
  /// A thread of the kernel's looks for submissions, and sleeps after this many milliseconds without one
  /// (IORING_SETUP_SQPOLL).
  std::optional<std::uint32_t> submission_thread_idle{};
  /// On this processor; only with the former (IORING_SETUP_SQ_AFF).
  std::optional<std::uint32_t> submission_thread_cpu{};
  /// One thread only submits, which lets the kernel leave locks out (IORING_SETUP_SINGLE_ISSUER, 6.0).
  bool single_issuer = false;
  /// What is to be done for completions is done when the ring waits for them, and not whenever the thread
  /// enters the kernel (IORING_SETUP_DEFER_TASKRUN, 6.1); needs single_issuer.
  bool defer_taskrun = false;
  /// The kernel does not interrupt the thread for it (IORING_SETUP_COOP_TASKRUN, 5.19).
  bool coop_taskrun = false;
  /// For files opened with O_DIRECT on devices that are polled (IORING_SETUP_IOPOLL).
  bool iopoll = false;
  /// A ring whose kernel threads are used for this one, too: its ring::native_descriptor()
  /// (IORING_SETUP_ATTACH_WQ).
  std::optional<int> attach_to{};
  /// Nothing is submitted before ring::enable(): until then it can be restricted (IORING_SETUP_R_DISABLED).
  bool disabled = false;
};

/// Why there is no io_uring here, and what would help.
struct availability {
  bool usable = false;
  int error_number = 0;  ///< the errno of io_uring_setup, or 0
  std::string reason{};  ///< a sentence; empty if it is usable

  explicit operator bool() const noexcept { return usable; }
};

/// Asks the kernel for a small ring. Any thread.
availability available();

/// An entry of the submission queue for what has no function of its own here. What it works on is the
/// caller's, and must live until the operation has been awaited.
struct raw_submission {
  operation_code code = operation_code::nop;
  int fd = -1;
  const void* address = nullptr;
  std::uint32_t length = 0;
  std::uint64_t offset = 0;  ///< or a second address
  std::uint32_t flags = 0;   ///< of the operation: sqe->rw_flags and what shares its place
  std::uint32_t file_index = 0;
  std::uint64_t address3 = 0;
};
struct raw_result {
  std::int32_t res = 0;
  std::uint32_t flags = 0;  ///< IORING_CQE_F_*
};

/// Threads of the kernel's, for what cannot be done without waiting.
struct worker_limits {
  std::uint32_t bounded = 0;    ///< on regular files and block devices
  std::uint32_t unbounded = 0;  ///< on all else
};

struct restrictions {
  std::vector<operation_code> operations{};     ///< that may be submitted
  std::vector<std::uint8_t> registrations{};    ///< IORING_REGISTER_* that may be called
  std::optional<std::uint8_t> allowed_flags{};  ///< IOSQE_* that a submission may have; nothing: none
};

/// How a ring looks at network devices itself while it waits, instead of being interrupted by them.
struct busy_polling {
  std::chrono::microseconds at_most{};  ///< before it sleeps; 0: not at all
  bool prefer = false;                  ///< the device's interrupts stay off meanwhile
};

/// What a wait is for, where more completions at once are worth a later answer.
struct wait_batch {
  std::uint32_t completions = 1;
  std::chrono::microseconds at_most{};  ///< from then on, one is enough
};

/// Given back to the kernel when it is destroyed.
class [[nodiscard]] personality {
 public:
  personality(personality&& other) noexcept : core_(std::exchange(other.core_, nullptr)), id_(other.id_) {}
  personality& operator=(personality&& other) noexcept;
  ~personality();
  std::uint16_t id() const noexcept { return id_; }

 private:
  friend class ring;
  personality(detail::ring_core& core, std::uint16_t id) noexcept;
  detail::ring_core* core_;
  std::uint16_t id_;
};

/// Counts of a ring, since it was made.
struct ring_metrics {
  std::uint64_t submitted = 0;  ///< entries that the kernel has taken
  std::uint64_t enters = 0;     ///< calls into the kernel, to submit or to wait
  std::uint64_t completed = 0;  ///< completions, without those of the ring's own needs
  std::uint64_t stale = 0;      ///< completions that nobody waits for: counted, never followed
};

/// A ring belongs to the thread that made it. Every call on it, and on all that is made with it, must come
/// from there and is refused with misuse otherwise; post() is for any thread.
///
/// Tasks run on it by `gauntlet::run(ring, task)`: what they await is put into the submission queue, and all
/// of it is submitted together when every task waits.
///
/// Destroying it is allowed at any time, on its thread or where no thread runs it. It cancels all that is in
/// flight, and waits until the kernel is done with each: memory that it reads or writes is never freed
/// before.
class ring {
 public:
  explicit ring(ring_options options = {}, std::source_location where = std::source_location::current());
  ring(ring&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  ring& operator=(ring&& other) noexcept;
  ~ring();

  /// Does nothing, by way of the kernel (IORING_OP_NOP).
  detail::ring_operation<void> nop(std::source_location where = std::source_location::current());

  /// The same, and the kernel answers with this result: negative, it is an error (IORING_NOP_INJECT_RESULT,
  /// 6.10).
  detail::ring_operation<std::int32_t> nop_with(std::int32_t result,
                                                std::source_location where = std::source_location::current());
  /// Any operation there is, as it stands in the submission queue.
  detail::ring_operation<raw_result> submit_raw(const raw_submission& entry,
                                                std::source_location where = std::source_location::current());

  /// Asks the kernel to end all that is in flight on the descriptor, early: who awaits it is told how it
  /// ended, operation_canceled or otherwise. Answers how many operations were asked.
  std::size_t cancel_all_on(const descriptor& on,
                            std::source_location where = std::source_location::current());
  /// The same of all that is in flight.
  std::size_t cancel_all(std::source_location where = std::source_location::current());

  /// Runs work on the ring's thread, soon, in the order of the calls; what was done before is visible to it.
  /// Any thread. It does not keep run() from saying that nothing can come (see keep_alive). False: the ring
  /// is closed, and work will not run.
  bool post(callback<void()> work, std::source_location where = std::source_location::current());

  /// While one lives, tasks may wait for what is posted: without, tasks that only wait for each other are
  /// told so. It may be let go of on any thread.
  class work_guard;
  work_guard keep_alive(std::source_location where = std::source_location::current());

  /// Cancels all that is in flight and waits until it has ended; nothing can be started any more. Answers
  /// what was in flight, without what had been asked to end already: a multishot whose owner has gone.
  std::vector<pending_operation> close(std::source_location where = std::source_location::current());

  /// What coroutines wait for, oldest first; then what is in flight though nobody awaits it.
  std::vector<pending_operation> pending(std::source_location where = std::source_location::current()) const;
  /// pending(), a line each and one for each task that awaits it; and the tasks' errors that came second.
  void dump(std::ostream& out, std::source_location where = std::source_location::current()) const;

  ring_metrics metrics(std::source_location where = std::source_location::current()) const;

  /// From now on the ring belongs to this thread. Only while no thread uses it, and not with single_issuer.
  void bind_to_this_thread(std::source_location where = std::source_location::current());

  /// Where its tasks run. Valid until the ring is destroyed.
  execution_context& context(std::source_location where = std::source_location::current()) const;

  /// Credentials of this thread's, as they are now, for submission_options::personality
  /// (io_uring_register_personality).
  personality register_personality(std::source_location where = std::source_location::current());
  /// How many threads of the kernel's may work for the rings of this thread; 0 leaves a number as it is.
  /// Answers what was allowed before (io_uring_register_iowq_max_workers).
  worker_limits limit_workers(const worker_limits& limits,
                              std::source_location where = std::source_location::current());
  /// Where they run: numbers of processors; none, wherever they like (io_uring_register_iowq_aff).
  void pin_workers(std::span<const std::uint32_t> processors,
                   std::source_location where = std::source_location::current());
  /// From enable() on nothing else is permitted. What the ring itself needs, reading and cancelling, always
  /// is. Only of a ring made with ring_options::disabled, once (io_uring_register_restrictions).
  void restrict_to(const restrictions& permitted,
                   std::source_location where = std::source_location::current());
  /// Lets a ring begin that was made disabled; the calling thread is the single issuer then
  /// (io_uring_enable_rings).
  void enable(std::source_location where = std::source_location::current());
  /// Other sizes of the queues; completion_entries 0: twice as many. Only with defer_taskrun, since
  /// Linux 6.13 and liburing 2.9; else an error (io_uring_resize_rings).
  void resize(std::uint32_t entries, std::uint32_t completion_entries = 0,
              std::source_location where = std::source_location::current());
  /// For sockets whose driver can be asked; the kernel keeps a list of them. Answers what was set before
  /// (io_uring_register_napi: liburing 2.6, Linux 6.9).
  busy_polling register_napi(const busy_polling& how,
                             std::source_location where = std::source_location::current());
  busy_polling unregister_napi(std::source_location where = std::source_location::current());
  /// From now on the ring sleeps until so many completions have come, or that time is over and one has: fewer
  /// wakeups, each with more to do. What is posted from other threads waits as long; timers and timeouts do
  /// not, nor does what is there already. Not with iopoll (io_uring_submit_and_wait_min_timeout:
  /// liburing 2.8, Linux 6.12).
  void wait_for_batches(const wait_batch& batch,
                        std::source_location where = std::source_location::current());
  /// Whether the kernel has an operation: gauntlet::uring::supports().
  bool supports(operation_code code) const { return uring::supports(code); }

  /// The ring's own descriptor, which stays the ring's.
  int native_descriptor(std::source_location where = std::source_location::current()) const;

  /// Valid until the ring is closed. Completions of what is submitted with it go to nobody: give it a
  /// user_data of 0, and what it works on must stay until then.
  io_uring* native(std::source_location where = std::source_location::current()) const;

 private:
  friend class detail::ring_core;
  detail::ring_core* core_;
};

class [[nodiscard]] ring::work_guard {
 public:
  work_guard(work_guard&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  work_guard& operator=(work_guard&& other) noexcept;
  ~work_guard() { reset(); }
  void reset() noexcept;

 private:
  friend class ring;
  explicit work_guard(detail::ring_core& core) noexcept;
  detail::ring_core* core_;
};

}  // namespace gauntlet::uring

#pragma GCC visibility pop
