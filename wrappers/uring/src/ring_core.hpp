#pragma once
// The pinned state of a ring, shared by its owner, its descriptors and its operations.

#include <gauntlet/shim/uring.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <source_location>
#include <span>
#include <vector>

#include "eager_submission.hpp"
#include "gauntlet/callback.hpp"
#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/execution_context.hpp"
#include "gauntlet/memory_checker.hpp"
#include "gauntlet/uring/link.hpp"
#include "gauntlet/uring/ring.hpp"
#include "inbox_block.hpp"
#include "inherited.hpp"
#include "library.hpp"
#include "slot_table.hpp"

namespace gauntlet::uring::detail {

class batch_place;
class buffer_group;
class file_table_block;

/// Of ThreadSanitizer, which sees no two threads meet where one waits for what the other has sent: what was
/// done before a submission for any descriptor comes before what is done after a completion for any. Which of
/// them lead to each other nobody can tell; by itself it takes all sockets for one, too.
inline constexpr char all_descriptors = 0;  // whose address stands for them
inline void mark_order_before(const operands& on) noexcept {
  if (on.fd != -1) mark_submitted(&all_descriptors);
}
inline void mark_order_after(const operands& on) noexcept {
  if (on.fd != -1) mark_completed(&all_descriptors);
}

/// The way of an operation: start() queues it, turn() submits what is queued and waits, reap() finds its
/// target by the slot in the completion. Where the queue is full it stands in the backlog until some have
/// been taken.
class ring_core final : public execution_context, public fork_listener, public ring_count {
 public:
  ring_core(const ring_options& options, const std::source_location& where);
  ring_core(const ring_core&) = delete;
  ring_core& operator=(const ring_core&) = delete;

  /// The ring that something new goes to; refuses one that is moved-from, closed, or another thread's.
  static ring_core& of(const uring::ring& owner, const char* operation, const std::source_location& where) {
    ring_core* const core = owner.core_;
    if (core == nullptr) [[unlikely]]
      refuse_new(nullptr, operation, where);
    core->require_open(operation, where);
    return *core;
  }
  void require_open(const char* operation, const std::source_location& where) const {
    if (!thread_.is_this() || closing_) [[unlikely]]
      refuse_new(this, operation, where);
  }

  void reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void unreference() noexcept;

  bool is_open() const noexcept { return !closing_; }

  // ---- thread
  bool on_this_thread() const noexcept override { return thread_.is_this(); }
  [[noreturn]] void refuse_thread(const char* operation, const std::source_location& where) const override {
    thread_.refuse(operation, "ring", where);
  }
  void require_thread(const char* operation, const std::source_location& where) const {
    if (!thread_.is_this()) refuse_thread(operation, where);
  }
  void rebind(const std::source_location& where);

  // ---- run
  io_uring* native() noexcept { return ring_; }
  /// Made with iopoll.
  bool polls_for_completions() const noexcept { return iopoll_; }
  bool single_issuer() const noexcept { return single_issuer_; }
  /// work(io_uring*) here, or on the ring's thread, soon; nothing if it is closed. Any thread.
  template <class Work>
  void when_open(Work work) noexcept {
    if (inherited_) return;
    if (thread_.is_this()) {
      if (!closed_) work(ring_);
      return;
    }
    try {
      reference();
      callback<void()> there([this, work] {
        if (!closed_) work(ring_);
        unreference();
      });
      if (!post(there)) unreference();
    } catch (...) {
      unreference();  // no memory for the message: the kernel keeps it until the ring ends
    }
  }
  /// Whether this liburing, and this kernel, can wait for a batch; and to do so.
  static bool knows_batches() noexcept;
  bool has_batches() const noexcept;
  void wait_for(const wait_batch& batch) noexcept { batch_ = batch; }
  /// Of a ring that was made disabled.
  void enable(const std::source_location& where);
  /// Nothing of it is to be told to the kernel any more: in a child after fork() it is the parent's.
  bool closed() const noexcept { return closed_ || inherited_; }
  bool running() const noexcept { return running_; }  // any thread
  clock::time_point now() const noexcept override { return clock::now(); }
  clock::time_point coarse_now() const noexcept override {
    return known_coarse_time_ = coarse_clock();  // for the rest of the turn
  }
  bool turn() override;
  std::vector<pending_operation> close_now(const std::source_location& where);
  void owner_gone() noexcept;
  const ring_metrics& metrics() const noexcept { return metrics_; }

  // ---- operations
  /// It is told of each completion from now on. Throws what cannot be queued.
  void start(submitted& added);
  /// Of one that has done a part: what waits was started later.
  void start_rest(submitted& left);
  /// As start(), of operations that are to stand side by side in the queue.
  void start_linked(std::span<submitted* const> parts);
  /// Asks the kernel to end it early. True: it had not begun, and is the caller's again.
  bool cancel(submitted& started) noexcept;
  /// One with submission_options::drain has come to its end.
  void drained() noexcept { --draining_; }
  /// Of one in the backlog.
  void withdraw(submitted& waiting) noexcept;
  /// From the backlog into the queue, with its chain: how many, or none.
  std::size_t queue_held(submitted& first) noexcept;
  /// The same, of anything that has a slot.
  void cancel(const completion_target& target) noexcept;

  // ---- operations that follow each other in one place, whose slot is kept
  void take_kept_slot(batch_place& place);
  void give_kept_slot_back(completion_target& place) noexcept;
  /// queue(ring, entry): a function of the shim. False: nothing has begun, start_kept() is to be called.
  template <class Queue>
  bool start_kept_at_once(completion_target& place, std::uint8_t flags, Queue queue) noexcept;
  /// By queue_held(), now or later.
  void start_kept(completion_target& place) noexcept;
  /// For queue_held(): false, there is no room.
  template <class Queue>
  bool queue_kept(const completion_target& place, std::uint8_t flags, Queue queue) noexcept;
  /// Of one in the backlog.
  void withdraw_kept(completion_target& waiting) noexcept;
  /// A tool is to be told of what the kernel reads and writes.
  bool follows_memory() const noexcept { return memory_is_followed_; }

  /// What is in flight though nobody awaits it; and pending() with it.
  std::vector<pending_operation> unawaited(bool orphans_too) const;
  std::vector<pending_operation> everything_pending(bool orphans_too) const;

  // ---- groups of buffers
  std::uint16_t take_buffer_group();
  /// Its streams that wait for a buffer are told when the ring closes: nothing of theirs is in flight.
  void add(buffer_group& group) noexcept;
  void release_buffer_group(std::uint16_t group) noexcept { free_buffer_groups_.push_back(group); }
  /// Of kernels that know no rings of them, by entries whose completions say nothing: 0, or why there is no
  /// entry.
  int provide_buffers(std::byte* first, std::uint32_t size, std::uint32_t count, std::uint16_t group,
                      std::uint16_t number) noexcept;
  void remove_buffers(std::uint32_t count, std::uint16_t group) noexcept;

  /// Of a socket: what it has not sent is thrown away. To others nothing happens.
  void disconnect(const descriptor_block& on) noexcept;
  /// Answers how many were asked to end.
  std::size_t cancel_all_on(const descriptor_block& closing) noexcept;
  std::size_t cancel_all() noexcept;
  /// Only streams that wait for a buffer, on this or on any (nullptr).
  std::size_t cancel_hungry(const descriptor_block* on) noexcept;
  /// By which the kernel knows what is in flight.
  std::uint64_t user_data_of(const completion_target& target) const noexcept { return target.user_data_; }

  // ---- messages of other rings
  /// A number for completions that are no operation's, which find the inbox as long as it is there.
  void add(inbox_block& box);
  /// Its table of files, for what comes to an inbox that has gone; or nullptr.
  void has_table(file_table_block* table) noexcept { table_ = table; }

  // ---- from other threads
  void guard_added() noexcept { ++guards_; }
  void guard_removed() noexcept;
  bool post(callback<void()>& work);

 private:
  ~ring_core() override;

  bool begin_tasks(const std::source_location& where) override;
  void end_tasks(bool outer) noexcept override;

  // By value: what is passed by reference has to be stored, also where nothing is refused.
  [[noreturn, gnu::cold]] static void refuse_new(const ring_core* core, const char* operation,
                                                 std::source_location where);
  void wake_at(std::optional<clock::time_point> time) noexcept override { wake_at_ = time; }
  void resume_later() noexcept override { resume_later_ = true; }
  bool watch_at(std::optional<clock::time_point> time) noexcept override {
    watch_at_ = time;
    return true;
  }

  static clock::time_point coarse_clock() noexcept;
  /// Something can come.
  bool alive() const noexcept {
    return in_flight_ != 0 || wake_at_ || resume_later_ || has_posted_ || guards_ != 0;
  }
  /// As the function of the shim, which is asked twice: what fills the queue is submitted in between.
  template <std::invocable Put>
  int put(Put&& put) noexcept;
  /// False: that many entries do not fit now.
  bool make_room(unsigned entries) noexcept;
  void bind_to_this_thread() noexcept {
    thread_.bind();
    count_here();
  }
  void take_slot(submitted& added);
  [[gnu::cold]] void make_slots();
  void give_slot_back(submitted& added) noexcept;
  // Drains are kept here. The kernel's own (IOSQE_IO_DRAIN) would wait for the read of the wakeup, too; and
  // from Linux 6.16 on what is submitted after one may hold back all that comes later.
  bool may_pass(const submitted& added) const noexcept {
    return backlog_.empty() && draining_ == 0 && !added.options_.drain;
  }
  void hold_back(completion_target& added) noexcept {
    backlog_.push_back(added);
    ++held_back_;
  }
  int queue(submitted& added) noexcept;
  /// The same, of one that has nothing special but flags, while no tool follows memory.
  int queue_plainly(submitted& added) noexcept;
  int queue_as(const submitted& added, gauntlet_uring_entry entry) noexcept {
    const int status = added.opcode_->queue(ring_, entry, added.operands_);
    return status != -EAGAIN ? status : queue_again(added, entry);
  }
  [[gnu::cold]] int queue_again(const submitted& added, gauntlet_uring_entry entry) noexcept;
  static gauntlet_uring_entry entry_of(const completion_target& target, std::uint8_t flags) noexcept {
    return {.user_data = target.user_data_, .flags = flags, .ioprio = 0, .buf_group = 0, .personality = 0};
  }
  [[gnu::cold]] void start_later(submitted& added, int status);
  int queue_linked(std::span<submitted* const> parts) noexcept;
  [[noreturn]] static void refuse_to_queue(int status, const submitted& added);
  void in_child() noexcept override;
  void require_enabled(const std::source_location& where) const;
  void queue_backlog() noexcept;
  void queue_cancels() noexcept;
  void wake() noexcept;
  void arm_wakeup() noexcept {
    if (!wakeup_armed_ && !closing_) [[unlikely]]
      queue_wakeup();
  }
  void queue_wakeup() noexcept;
  void submit() noexcept;
  // What leads to the call into the kernel is one function: with one operation in flight each turn goes there
  // and back, and does little else.
  /// Submits, and waits for a completion, unless there is something to do already.
  [[gnu::always_inline]] inline void submit_and_wait(
      std::optional<std::chrono::nanoseconds> at_most = {}) noexcept;
  [[gnu::always_inline]] inline void wait(std::optional<std::chrono::nanoseconds> at_most) noexcept;
  /// Without waiting. True: something is there.
  bool submit_eagerly() noexcept;
  [[gnu::noinline]] void wait_at_most(std::chrono::nanoseconds at_most) noexcept;
  void wait_for_batch(std::chrono::nanoseconds at_most) noexcept;
  /// As wait(). Valgrind 3.19 does not know that io_uring_enter may sleep, and lets no other thread run until
  /// it has come back, the one that is to wake it neither: https://bugs.kde.org/show_bug.cgi?id=463859
  void wait_outside(std::optional<std::chrono::nanoseconds> at_most) noexcept;
  /// False: the time is over, or it was interrupted.
  bool sleep_until_readable(int descriptor, std::optional<std::chrono::nanoseconds> at_most) noexcept;
  std::chrono::nanoseconds time_to_wait(std::chrono::nanoseconds at_most) const noexcept;
  void note(int submitted) noexcept;
  [[gnu::cold, gnu::noinline]] void go_on_outside() noexcept;
  void end_untaken(std::int32_t status) noexcept;
  // The kernel finds a ring that is registered with the thread without a look at the table of descriptors,
  // which takes a seventh of a call that has little else to do. The thread keeps it as long as it is
  // registered: so it is while run() uses it, and from the turn on from which that pays.
  [[gnu::cold, gnu::noinline]] void register_descriptor() noexcept;
  void unregister_descriptor() noexcept;
  void reap() noexcept;
  // Inline: with one operation in flight it is called for each.
  [[gnu::always_inline]] inline void deliver(const io_uring_cqe* first, unsigned count) noexcept;
  [[gnu::noinline]] void deliver_far(const io_uring_cqe* first, unsigned count) noexcept;
  [[gnu::always_inline]] inline void deliver(const io_uring_cqe& told) noexcept;
  void deliver_to_nobody(std::uint64_t user_data, completion told) noexcept;
  void handle_timers() noexcept;
  void deliver_to_inbox(std::uint64_t user_data, completion told) noexcept;
  /// As submit_and_wait(), of a ring with iopoll, which cannot read the wakeup.
  void submit_and_poll(std::optional<std::chrono::nanoseconds> at_most) noexcept;
  [[gnu::always_inline]] inline void turn_once(std::optional<std::chrono::nanoseconds> at_most) noexcept;
  void run_posted() noexcept {
    if (has_posted_.load(std::memory_order_acquire)) [[unlikely]]
      run_all_posted();
  }
  void run_all_posted() noexcept;
  void keep(std::exception_ptr thrown) noexcept;
  void throw_first_kept() {
    if (!kept_.empty()) [[unlikely]]
      rethrow_first_kept();
  }
  [[noreturn]] void rethrow_first_kept();
  void refuse_tasks_without_owner();
  bool used_by_callbacks() const noexcept { return execution_context::current() == this; }
  void close() noexcept;
  void close_door() noexcept;
  void cancel_everything() noexcept;
  void cancel_wakeup() noexcept;
  void cancel_answered(std::uint64_t target, std::int32_t answer) noexcept;
  void ask_again() noexcept;
  bool wakes_by_itself() const noexcept { return wake_at_ || watch_at_ || ask_again_at_; }

  /// What liburing enters the kernel by, of a ring that is not registered.
  struct entered_by {
    int descriptor = -1;
    std::uint8_t flags = 0;
  };

  io_uring* ring_ = nullptr;
  entered_by unregistered_;
  std::size_t completion_stride_ = 1;  // entries of its queue for each: large ones take two
  slot_table slots_;
  std::size_t in_flight_ = 0;  // of those that have slots
  std::size_t held_back_ = 0;  // of these, in the backlog
  std::size_t draining_ = 0;   // of these, with submission_options::drain: nothing passes them
  gauntlet::detail::intrusive_list<completion_target, backlog_tag> backlog_;
  std::vector<std::uint64_t> cancels_;  // that found no room; as much is reserved as there are slots
  std::vector<std::uint64_t> unheard_;  // cancels that are to be asked again, and as many
  std::optional<clock::time_point> ask_again_at_;
  std::optional<clock::time_point> wake_at_;
  std::optional<clock::time_point> watch_at_;
  wait_batch batch_;
  eager_submission eager_;
  bool resume_later_ = false;
  ring_metrics metrics_;

  // The owner's, and those of others. A ring_use of the ring_count may be let go of on another thread,
  // which takes it from here: so as long as there is an owner, this is more by a number that nobody reaches.
  static constexpr std::ptrdiff_t while_owned = PTRDIFF_MAX / 2;
  std::atomic<std::ptrdiff_t> references_{1 + while_owned};
  std::atomic<std::size_t> guards_{0};
  std::atomic<bool> running_{false};  // between the turns of run(), too: who destroys it is told so
  const bool single_issuer_;
  const bool submission_thread_;
  const bool iopoll_;
  const bool under_valgrind_;
  const bool memory_is_followed_;
  bool disabled_;
  bool may_enter_ = true;   // false: destroyed on another thread than its single issuer's
  bool shut_out_ = false;   // io_uring_enter is refused, for good as it seems
  int refused_ = 0;         // with this, in this turn
  bool inherited_ = false;  // of the parent, in a child after fork()
  const bool may_register_;
  const bool may_be_eager_;
  std::uint64_t register_at_ = 0;  // which entry into the kernel; 0: none
  bool registered_ = false;
  bool runs_tasks_ = false;
  bool owner_gone_ = false;  // while running
  bool refused_tasks_ = false;
  bool closing_ = false;
  bool closed_ = false;
  std::vector<std::exception_ptr> kept_;
  std::vector<std::uint16_t> free_buffer_groups_;  // with room for all
  std::uint32_t buffer_groups_ = 0;                // numbers that have been given out

  int wakeup_ = -1;  // eventfd
  bool wakeup_armed_ = false;
  std::uint64_t wakeup_count_ = 0;  // which the kernel writes
  gauntlet::detail::intrusive_list<inbox_block, inbox_tag> inboxes_;
  gauntlet::detail::intrusive_list<buffer_group, struct group_tag> buffer_groups_in_use_;
  std::uint32_t last_inbox_;
  file_table_block* table_ = nullptr;
  std::mutex mutex_;  // for what follows
  std::vector<callback<void()>> posted_;
  std::atomic<bool> has_posted_{false};
  bool door_open_ = true;
};

// What each operation goes through, where the compiler sees it. What is marked as used, templates of public
// headers call, too.

[[gnu::used]] inline ring_use::ring_use(ring_core& used) noexcept : used_(&used) {
  if (!used.count(1)) [[unlikely]]
    used.reference();
}
[[gnu::used]] inline ring_core& ring_use::operator*() const noexcept {
  return static_cast<ring_core&>(*used_);
}
[[gnu::used]] inline submitted::submitted(ring_core& ring, const opcode& code, const operands& on,
                                          std::source_location where) noexcept
    : operation(code.kind, where),
      ring_(ring),
      opcode_(&code),
      operands_(on),
      special_(special_of(code, on)) {}
[[gnu::used]] inline ring_core& submitted::ring() const noexcept { return *ring_; }

inline void ring_core::take_slot(submitted& added) {
  if (slots_.full()) [[unlikely]]
    make_slots();
  added.lend_memory();
  added.user_data_ = slots_.take(added);
  added.cancel_waits_ = false;
  ++in_flight_;
}

template <class Queue>
bool ring_core::start_kept_at_once(completion_target& place, std::uint8_t flags, Queue queue) noexcept {
  if ((held_back_ | draining_ | std::size_t{memory_is_followed_}) != 0) [[unlikely]]
    return false;
  if (queue(ring_, entry_of(place, flags)) != 0) [[unlikely]]
    return false;
  place.cancel_waits_ = false;
  ++in_flight_;
  return true;
}

template <class Queue>
bool ring_core::queue_kept(const completion_target& place, std::uint8_t flags, Queue queue) noexcept {
  if (!make_room(1)) return false;
  return queue(ring_, entry_of(place, flags)) == 0;
}

inline int ring_core::queue_plainly(submitted& added) noexcept {
  static_assert(submitted::fixed_file == IOSQE_FIXED_FILE && submitted::async == IOSQE_ASYNC);
  if (added.opcode_->queue_plainly == nullptr) return queue_as(added, entry_of(added, added.flags_));
  const int status = added.opcode_->queue_plainly(ring_, added.user_data_, added.flags_, added.operands_);
  return status != -EAGAIN ? status : queue_again(added, entry_of(added, added.flags_));
}

inline void ring_core::start(submitted& added) {
  take_slot(added);
  const bool plain = (held_back_ | draining_ | std::size_t{memory_is_followed_} | added.special_) == 0;
  const int status = plain ? queue_plainly(added) : may_pass(added) ? queue(added) : -EAGAIN;
  if (status != 0) [[unlikely]]
    start_later(added, status);
}

/// What borrowers are told of the last completion, and what it becomes. What the kernel has written is told
/// by opcode::written, which knows what res means.
inline void submitted::settle_plain() noexcept {
  lent_.give_back();
  if (result_.res < 0) [[unlikely]]
    result_.res = what_failure_means();
}

/// And what tools are told, and who waits for a drain.
inline void submitted::settle() noexcept {
  if (is(followed)) [[unlikely]]
    mark_order_after(operands_);
  if (is(drains)) [[unlikely]]
    (*ring_).drained();
  settle_plain();
  if (is(followed) && result_.res >= 0 && opcode_->written != nullptr) [[unlikely]]
    opcode_->written(operands_, result_.res);
}

}  // namespace gauntlet::uring::detail
