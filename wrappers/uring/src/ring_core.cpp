#include "ring_core.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sstream>
#include <string>

#include "batch_block.hpp"
#include "buffer_group.hpp"
#include "file_table_block.hpp"
#include "gauntlet/detail/resume.hpp"
#include "gauntlet/memory_checker.hpp"
#include "library.hpp"
#include "setup.hpp"

namespace gauntlet::uring::detail {
namespace {

// Numbers of the ring's own: see slot_table.
constexpr std::uint64_t of_nobody = 0;
// Of a cancel that had no effect. A read from a disk ends in less, as a rule.
constexpr std::chrono::milliseconds until_asked_again{10};
constexpr std::uint64_t of_wakeup = 1;
constexpr std::uint64_t of_liburing = UINT64_MAX;  // its own timeout, where the kernel has no other

constexpr unsigned batch = 64;
// Operations in flight. With 32, to fetch who waits for the next one gains nothing; with 2,000 it is a fifth
// of the time that a round trip takes outside of the kernel.
constexpr std::size_t in_the_cache = 64;
constexpr std::size_t batches_in_a_turn = 64;  // timers and posted work have their turn, too
constexpr std::uint64_t enters_until_registered = 32;
constexpr auto between_cancels = std::chrono::milliseconds(200);
// Then peers that do not read, for whose sake the kernel keeps what was sent without a copy, lose it.
constexpr auto until_disconnected = std::chrono::seconds(1);
constexpr auto longest_close = std::chrono::seconds(60);
constexpr std::chrono::nanoseconds longest_outside = std::chrono::milliseconds(10);
constexpr std::chrono::nanoseconds longest_wait =
    std::chrono::hours(1);  // that the kernel can add to its clock

/// For what can only be a fault of the kernel's or ours, or destroys a ring under another thread's feet.
[[noreturn]] void die(const std::string& sentence) noexcept {
  std::fprintf(stderr, "gauntlet: %s\n", sentence.c_str());
  std::abort();
}

/// Interrupted, out of time, no memory just now, a completion queue that must be emptied first, one that has
/// lost something, or a ring that is not enabled yet: all mean to go on.
bool passes(int status) noexcept {
  switch (-status) {
    case EINTR:
    case ETIME:
    case EAGAIN:
    case ENOMEM:
    case EBUSY:
    case EBADR:
    case EBADFD:
      return true;
    default:
      return false;
  }
}

gauntlet_uring_entry own_entry(std::uint64_t user_data) noexcept {
  gauntlet_uring_entry entry{};
  entry.user_data = user_data;
  return entry;
}

__kernel_timespec to_timespec(std::chrono::nanoseconds span) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
  return {.tv_sec = seconds.count(), .tv_nsec = (span - seconds).count()};
}

}  // namespace

ring_core::ring_core(const ring_options& options, const std::source_location& where)
    : single_issuer_(options.single_issuer),
      submission_thread_(options.submission_thread_idle.has_value()),
      iopoll_(options.iopoll),
      under_valgrind_(runs_under_valgrind()),
      memory_is_followed_(gauntlet::memory_is_followed()),
      disabled_(options.disabled),
      may_register_(!options.disabled),
      // Where task work is deferred, messages of other rings come when the kernel is asked to wait; and by a
      // submission thread nothing is done at once.
      may_be_eager_(!options.defer_taskrun && !options.submission_thread_idle),
      last_inbox_(of_wakeup) {
  kept_.reserve(8);
  wakeup_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wakeup_ < 0) {
    const int status = -errno;
    throw error(status, "ring", "io_uring", where, why_no_ring(status, options));
  }
  try {
    ring_ = set_up(options, where);
  } catch (...) {
    ::close(wakeup_);
    throw;
  }
  unregistered_ = {.descriptor = ring_->enter_ring_fd, .flags = ring_->int_flags};
  completion_stride_ = 1U << gauntlet_uring_cqe_shift(ring_);
  bind_to_this_thread();
}

ring_core::~ring_core() = default;

void ring_core::refuse_new(const ring_core* core, const char* operation, std::source_location where) {
  if (core == nullptr) throw misuse(operation, "the ring was moved from: use the one it was moved to", where);
  if (core->inherited_)
    throw misuse(operation, "the ring belongs to the process that called fork(): make another one here",
                 where);
  core->require_thread(operation, where);
  throw misuse(operation, "the ring is closed: nothing can be started on it any more", where);
}

void ring_core::unreference() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void ring_core::rebind(const std::source_location& where) {
  constexpr const char* operation = "ring::bind_to_this_thread";
  if (running_) throw misuse(operation, "the ring runs: wait until run() has returned", where);
  if (single_issuer_)
    throw misuse(operation, "a ring with a single_issuer stays with the thread that made it: make it here",
                 where);
  bind_to_this_thread();
}

// ---- operations

template <std::invocable Put>
int ring_core::put(Put&& put) noexcept {
  const int status = put();
  if (status != -EAGAIN) [[likely]]
    return status;
  return make_room(1) ? put() : status;
}

bool ring_core::make_room(unsigned entries) noexcept {
  if (gauntlet_uring_sq_space_left(ring_) >= entries) return true;
  if (inherited_) return false;
  submit();
  // The kernel's thread takes them in its own time. Nothing of ours may wait for it to be woken by a
  // completion: all that it has taken may be waiting for what has found no room.
  while (submission_thread_ && gauntlet_uring_sq_space_left(ring_) < entries)
    if (gauntlet_uring_sqring_wait(ring_) < 0) break;
  return gauntlet_uring_sq_space_left(ring_) >= entries;
}

/// When some have been submitted.
int ring_core::queue_again(const submitted& added, gauntlet_uring_entry entry) noexcept {
  return make_room(1) ? added.opcode_->queue(ring_, entry, added.operands_) : -EAGAIN;
}

int ring_core::queue(submitted& added) noexcept {
  gauntlet_uring_entry entry = entry_of(added, added.flags_);
  entry.personality = added.options_.personality;
  if (added.operands_.buffer_group >= 0) {
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = static_cast<std::uint16_t>(added.operands_.buffer_group);
  }
  if (memory_is_followed_) {
    added.special_ |= submitted::followed;
    mark_order_before(added.operands_);
  }
  return queue_as(added, entry);
}

/// Or never.
void ring_core::start_later(submitted& added, int status) {
  if (status == -EAGAIN) {
    hold_back(added);
    return;
  }
  give_slot_back(added);
  refuse_to_queue(status, added);
}

void ring_core::start_rest(submitted& left) {
  take_slot(left);
  const int status = queue(left);
  if (status == 0) {
    if (left.is_drain()) ++draining_;
  } else if (status == -EAGAIN) {
    backlog_.push_front(left);
    ++held_back_;
  } else {
    give_slot_back(left);
    refuse_to_queue(status, left);
  }
}

void ring_core::refuse_to_queue(int status, const submitted& added) {
  throw error(status, added.kind(), added.object(), added.where(),
              status == -ENOSYS ? "the liburing that Gauntlet was compiled with is too old" : "");
}

void ring_core::make_slots() {
  cancels_.reserve(slots_.size_when_grown());
  unheard_.reserve(slots_.size_when_grown());
  slots_.grow();
}

void ring_core::give_slot_back(submitted& added) noexcept {
  added.lent_.give_back();
  slots_.release(added.user_data_);
  added.user_data_ = completion_target::none;
  --in_flight_;
}

void ring_core::start_linked(std::span<submitted* const> parts) {
  std::size_t taken = 0;
  try {
    for (; taken < parts.size(); ++taken) take_slot(*parts[taken]);
  } catch (...) {
    while (taken > 0) give_slot_back(*parts[--taken]);
    throw;
  }
  const int status = may_pass(*parts.front()) ? queue_linked(parts) : -EAGAIN;
  if (status == 0) [[likely]]
    return;
  if (status == -EAGAIN) {
    for (submitted* const part : parts) hold_back(*part);
    return;
  }
  for (submitted* const part : parts) give_slot_back(*part);
  refuse_to_queue(status, *parts.front());
}

/// All of them, or none.
int ring_core::queue_linked(std::span<submitted* const> parts) noexcept {
  if (!make_room(static_cast<unsigned>(parts.size()))) return -EAGAIN;
  const unsigned before = ring_->sq.sqe_tail;
  for (submitted* const part : parts) {
    const int status = queue(*part);
    if (status == 0) continue;
    // SAFETY: the kernel is told of what stands there by submit only.
    ring_->sq.sqe_tail = before;
    return status;
  }
  return 0;
}

bool ring_core::cancel(submitted& started) noexcept {
  if (!started.is_held()) {
    cancel(static_cast<const completion_target&>(started));
    return false;
  }
  if (started.stands_in_chain()) {
    started.chain_->withdraw();
    return false;
  }
  withdraw(started);
  return true;
}

void ring_core::withdraw(submitted& waiting) noexcept {
  static_cast<gauntlet::detail::list_node<backlog_tag>&>(waiting).unlink();
  --held_back_;
  give_slot_back(waiting);
}

void ring_core::cancel(const completion_target& target) noexcept {
  if (!target.has_slot() || target.cancel_waits_ || inherited_) return;
  completion_target& found = *slots_.find(target.user_data_);
  found.cancel_waits_ = true;  // so that there are no more of them than slots
  cancels_.push_back(target.user_data_);
  queue_cancels();
}

std::size_t ring_core::queue_held(submitted& first) noexcept {
  if (!first.stands_in_chain()) return queue(first) == 0 ? 1 : 0;
  const std::span<submitted* const> parts = first.chain_->parts();
  return queue_linked(parts) == 0 ? parts.size() : 0;
}

void ring_core::take_kept_slot(batch_place& place) {
  if (slots_.full()) make_slots();
  place.user_data_ = slots_.take(place);
  place.keeps_slot_ = true;
}

void ring_core::give_kept_slot_back(completion_target& place) noexcept {
  if (!closed_) slots_.release(place.user_data_);
}

void ring_core::start_kept(completion_target& place) noexcept {
  place.cancel_waits_ = false;
  ++in_flight_;
  const bool waits = !backlog_.empty() || draining_ != 0 || place.queue_held() == 0;
  if (waits) hold_back(place);
}

void ring_core::withdraw_kept(completion_target& waiting) noexcept {
  waiting.unlink();
  --held_back_;
  --in_flight_;
}

std::uint16_t ring_core::take_buffer_group() {
  if (!free_buffer_groups_.empty()) {
    const std::uint16_t group = free_buffer_groups_.back();
    free_buffer_groups_.pop_back();
    return group;
  }
  if (buffer_groups_ > UINT16_MAX)
    throw error(-ENOSPC, "buffer_ring", "ring", {}, "a ring has no more than 65536 groups of buffers");
  free_buffer_groups_.reserve(buffer_groups_ + 1);
  return static_cast<std::uint16_t>(buffer_groups_++);
}

int ring_core::provide_buffers(std::byte* first, std::uint32_t size, std::uint32_t count, std::uint16_t group,
                               std::uint16_t number) noexcept {
  return put([&] {
    return gauntlet_uring_queue_provide_buffers(ring_, own_entry(of_nobody), first, static_cast<int>(size),
                                                static_cast<int>(count), group, number);
  });
}

void ring_core::remove_buffers(std::uint32_t count, std::uint16_t group) noexcept {
  put([&] {
    return gauntlet_uring_queue_remove_buffers(ring_, own_entry(of_nobody), static_cast<int>(count), group);
  });
}

void ring_core::add(buffer_group& group) noexcept { buffer_groups_in_use_.push_back(group); }

void ring_core::disconnect(const descriptor_block& on) noexcept {
  static constexpr sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
  gauntlet_uring_entry entry = own_entry(of_nobody);
  if (on.table() != nullptr) entry.flags = IOSQE_FIXED_FILE;
  put([&] { return gauntlet_uring_queue_connect(ring_, entry, on.number(), &nobody, sizeof nobody); });
}

/// They have nothing in flight.
std::size_t ring_core::cancel_hungry(const descriptor_block* on) noexcept {
  const gauntlet::detail::resume_scope when_all_are_told;  // who may let go of a group
  std::size_t asked = 0;
  buffer_groups_in_use_.for_each([&](buffer_group& group) { asked += group.cancel(on); });
  return asked;
}

std::size_t ring_core::cancel_all_on(const descriptor_block& closing) noexcept {
  std::size_t asked = cancel_hungry(&closing);
  slots_.for_each([&](completion_target& target) {
    if (!target.works_on(closing)) return;
    ++asked;
    target.abort();
  });
  return asked;
}

/// A cancel that came while one of the kernel's threads took the operation over is answered and has no
/// effect: Linux 6.18 then goes on with a connect that nobody will answer.
void ring_core::cancel_answered(std::uint64_t target, std::int32_t answer) noexcept {
  completion_target* const found = slots_.find(target);
  if (found == nullptr || answer >= 0 || found->cancel_waits_) return;
  found->cancel_waits_ = true;
  unheard_.push_back(target);
  if (!ask_again_at_) ask_again_at_ = now() + until_asked_again;
}

void ring_core::ask_again() noexcept {
  if (*ask_again_at_ > now()) return;
  ask_again_at_.reset();
  for (const std::uint64_t target : unheard_)
    if (slots_.find(target) != nullptr) cancels_.push_back(target);
  unheard_.clear();
}

std::size_t ring_core::cancel_all() noexcept {
  const std::size_t asked = in_flight_ + cancel_hungry(nullptr);
  slots_.for_each([](completion_target& target) { target.abort(); });
  return asked;
}

void ring_core::queue_cancels() noexcept {
  while (!cancels_.empty()) {
    const std::uint64_t target = cancels_.back();
    const gauntlet_uring_entry entry = own_entry(slot_table::cancel_of(target));
    if (put([&] { return gauntlet_uring_queue_cancel64(ring_, entry, target, 0); }) != 0) return;
    cancels_.pop_back();
    if (completion_target* const found = slots_.find(target)) found->cancel_waits_ = false;
  }
}

void ring_core::queue_backlog() noexcept {
  while (!backlog_.empty() && draining_ == 0) {
    completion_target& first = backlog_.front();
    const bool drains = first.is_drain();
    if (drains && in_flight_ != held_back_) return;
    const std::size_t queued = first.queue_held();
    if (queued == 0) return;
    for (std::size_t i = 0; i < queued; ++i) backlog_.pop_front();
    held_back_ -= queued;
    if (drains) draining_ = queued;
  }
}

std::vector<pending_operation> ring_core::unawaited(bool orphans_too) const {
  std::vector<pending_operation> all;
  const clock::time_point at = now();
  slots_.for_each([&](const completion_target& target) {
    if (orphans_too || !target.is_orphan()) target.unawaited(all, at);
  });
  return all;
}

std::vector<pending_operation> ring_core::everything_pending(bool orphans_too) const {
  std::vector<pending_operation> all = pending();
  for (pending_operation& each : unawaited(orphans_too)) all.push_back(std::move(each));
  return all;
}

// ---- turn

/// Asks no hardware.
ring_core::clock::time_point ring_core::coarse_clock() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return clock::time_point(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

bool ring_core::turn() {
  if (inherited_) refuse_new(this, "run", {});
  refuse_tasks_without_owner();
  throw_first_kept();
  const bool outer = running_.load(std::memory_order_relaxed);  // written by this thread only
  running_.store(true, std::memory_order_relaxed);
  run_posted();
  if (alive()) turn_once({});
  running_.store(outer, std::memory_order_relaxed);
  known_coarse_time_ = {};
  throw_first_kept();
  refuse_tasks_without_owner();
  return alive();
}

void ring_core::turn_once(std::optional<std::chrono::nanoseconds> at_most) noexcept {
  submit_and_wait(at_most);
  if (refused_ != 0) [[unlikely]]
    go_on_outside();
  known_coarse_time_ = {};
  reap();
  if (wake_at_ || watch_at_) [[unlikely]]
    handle_timers();
  if (std::exchange(resume_later_, false)) resume_ready();
}

void ring_core::note(int submitted) noexcept {
  if (++metrics_.enters == register_at_) [[unlikely]]
    register_descriptor();
  if (submitted > 0)
    metrics_.submitted += static_cast<std::uint64_t>(submitted);
  else if (submitted < 0 && !passes(submitted)) [[unlikely]]
    refused_ = submitted;
}

/// Where the thread may enter the kernel no more: by seccomp, say, which forbids it from then on. What the
/// kernel has not taken ends with its answer; what it has, by another call. run() throws why.
void ring_core::go_on_outside() noexcept {
  const int status = std::exchange(refused_, 0);
  shut_out_ = true;
  if (kept_.empty())
    keep(std::make_exception_ptr(
        error(status, "run", "io_uring_enter", {},
              "the ring was usable, and is no more; " + why_no_ring(status, ring_options{}))));
  if (!submission_thread_) end_untaken(status);
  io_uring_sync_cancel_reg everything{};
  everything.flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
  everything.timeout = to_timespec(between_cancels);
  io_uring_register_sync_cancel(ring_, &everything);
  if (gauntlet_uring_cq_ready(ring_) == 0 && !resume_later_ && !has_posted_)
    sleep_until_readable(ring_->ring_fd, longest_outside);
}

/// From the last one on: who is told may queue something new.
void ring_core::end_untaken(std::int32_t status) noexcept {
  const entered here(*this);
  const gauntlet::detail::resume_scope when_all_are_told;
  io_uring_sq& queue = ring_->sq;
  // SAFETY: without a thread of its own the kernel looks there only when it is entered.
  queue.sqe_head = *queue.ktail = *queue.khead;
  while (queue.sqe_tail != queue.sqe_head) {
    const io_uring_sqe& last = queue.sqes[--queue.sqe_tail & queue.ring_mask];
    deliver({.user_data = last.user_data, .res = status, .flags = 0});
  }
}

/// Where the kernel cannot, or has no room for another one, all goes on without.
void ring_core::register_descriptor() noexcept { registered_ = io_uring_register_ring_fd(ring_) == 1; }

void ring_core::unregister_descriptor() noexcept {
  register_at_ = 0;
  if (std::exchange(registered_, false)) io_uring_unregister_ring_fd(ring_);
}

void ring_core::submit() noexcept { note(io_uring_submit(ring_)); }

void ring_core::submit_and_wait(std::optional<std::chrono::nanoseconds> at_most) noexcept {
  if (iopoll_) [[unlikely]]
    return submit_and_poll(at_most);
  arm_wakeup();
  if (ask_again_at_) [[unlikely]]
    ask_again();
  if (!cancels_.empty()) [[unlikely]]
    queue_cancels();
  if (!backlog_.empty()) [[unlikely]]
    queue_backlog();
  const bool ready = gauntlet_uring_cq_ready(ring_) != 0;
  if (!ready && !resume_later_ && !has_posted_) [[likely]]
    wait(at_most);
  else if (!ready || gauntlet_uring_sq_ready(ring_) != 0 || gauntlet_uring_cq_has_overflow(ring_))
    note(io_uring_submit_and_get_events(ring_));
}

void ring_core::wait(std::optional<std::chrono::nanoseconds> at_most) noexcept {
  if (under_valgrind_) [[unlikely]]
    return wait_outside(at_most);
  if (batch_.completions > 1 && !closing_) [[unlikely]]
    return wait_for_batch(time_to_wait(at_most.value_or(longest_wait)));
  if (may_be_eager_ && eager_.is_due() && submit_eagerly()) return;
  if (!at_most && !wakes_by_itself()) [[likely]] {
    note(io_uring_submit_and_wait(ring_, 1));
    return;
  }
  wait_at_most(time_to_wait(at_most.value_or(std::chrono::nanoseconds::max())));
}

bool ring_core::submit_eagerly() noexcept {
  if (gauntlet_uring_sq_ready(ring_) == 0) return false;
  submit();
  const unsigned ready = gauntlet_uring_cq_ready(ring_);
  eager_.tried(ready != 0 && ready >= in_flight_);  // what came otherwise costs less in a call that waits
  return ready != 0;
}

void ring_core::wait_at_most(std::chrono::nanoseconds at_most) noexcept {
  __kernel_timespec span = to_timespec(at_most);
  io_uring_cqe* first = nullptr;
  note(io_uring_submit_and_wait_timeout(ring_, &first, 1, &span, nullptr));
}

bool ring_core::knows_batches() noexcept { return GAUNTLET_LIBURING_HAS(8); }

bool ring_core::has_batches() const noexcept {
  constexpr unsigned min_timeout = 1U << 15;  // IORING_FEAT_MIN_TIMEOUT
  return (ring_->features & min_timeout) != 0 && !iopoll_;
}

/// The kernel looks at no other time before the batch's is over.
void ring_core::wait_for_batch([[maybe_unused]] std::chrono::nanoseconds at_most) noexcept {
#if GAUNTLET_LIBURING_HAS(8)
  __kernel_timespec span = to_timespec(at_most);
  const auto first = std::min(std::chrono::duration_cast<std::chrono::microseconds>(at_most), batch_.at_most);
  io_uring_cqe* told = nullptr;
  note(io_uring_submit_and_wait_min_timeout(ring_, &told, batch_.completions, &span,
                                            static_cast<unsigned>(first.count()), nullptr));
#endif
}

void ring_core::submit_and_poll(std::optional<std::chrono::nanoseconds> at_most) noexcept {
  if (ask_again_at_) ask_again();
  if (!cancels_.empty()) queue_cancels();
  queue_backlog();
  if (iopoll_ && in_flight_ != 0)
    return note(io_uring_submit_and_wait(ring_, 1));  // asks the device, and does not sleep
  note(io_uring_submit_and_get_events(ring_));
  if (gauntlet_uring_cq_ready(ring_) != 0 || resume_later_ || has_posted_) return;
  if (sleep_until_readable(wakeup_, at_most) && read(wakeup_, &wakeup_count_, sizeof wakeup_count_) < 0)
    return;  // nobody else reads it: it was interrupted
}

void ring_core::wait_outside(std::optional<std::chrono::nanoseconds> at_most) noexcept {
  note(io_uring_submit_and_get_events(ring_));
  if (gauntlet_uring_cq_ready(ring_) != 0) return;
  // Of one that was resized and defers task work, Linux 6.18 does not tell poll what has come.
  sleep_until_readable(ring_->ring_fd, std::min(at_most.value_or(longest_outside), longest_outside));
  note(io_uring_submit_and_get_events(ring_));
}

bool ring_core::sleep_until_readable(int descriptor,
                                     std::optional<std::chrono::nanoseconds> at_most) noexcept {
  const bool limited = at_most || wakes_by_itself();
  const __kernel_timespec span = to_timespec(time_to_wait(at_most.value_or(std::chrono::nanoseconds::max())));
  const timespec limit{.tv_sec = span.tv_sec, .tv_nsec = span.tv_nsec};
  pollfd asked{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ppoll(&asked, 1, limited ? &limit : nullptr, nullptr) > 0;
}

std::chrono::nanoseconds ring_core::time_to_wait(std::chrono::nanoseconds at_most) const noexcept {
  if (!wakes_by_itself()) return at_most;
  constexpr clock::time_point never = clock::time_point::max();
  const clock::time_point first =
      std::min({wake_at_.value_or(never), watch_at_.value_or(never), ask_again_at_.value_or(never)});
  return std::clamp(std::chrono::nanoseconds(first - now()), std::chrono::nanoseconds(0), at_most);
}

void ring_core::reap() noexcept {
  const entered here(*this);
  for (std::size_t round = 0; round < batches_in_a_turn; ++round) {
    const gauntlet::detail::resume_scope when_all_are_told;
    const gauntlet_uring_run run = gauntlet_uring_peek_run(ring_);
    const unsigned count = std::min(run.count, batch);
    deliver(run.first, count);
    gauntlet_uring_cq_advance(ring_, count);
    if (count == run.count && run.left == 0) return;
  }
}

/// Nobody looks at the queue meanwhile: who is told goes on when all are.
void ring_core::deliver(const io_uring_cqe* first, unsigned count) noexcept {
  if (in_flight_ > in_the_cache) [[unlikely]]
    return deliver_far(first, count);
  const std::size_t stride = completion_stride_;
  for (; count > 0; --count, first += stride) deliver(*first);
}

/// The same, and each next one is fetched meanwhile.
void ring_core::deliver_far(const io_uring_cqe* first, unsigned count) noexcept {
  const std::size_t stride = completion_stride_;
  for (; count > 0; --count) {
    const io_uring_cqe& told = *first;
    first += stride;
    if (count > 1) slots_.prefetch(first->user_data);
    deliver(told);
  }
}

void ring_core::deliver(const io_uring_cqe& told) noexcept {
  const completion ended{.res = told.res, .flags = told.flags};
  const std::uint64_t user_data = told.user_data;
  if (!slots_.has(user_data)) [[unlikely]]
    return deliver_to_nobody(user_data, ended);
  completion_target& target = slots_.target_of(user_data);
  ++metrics_.completed;
  if (target.keeps_slot_) {
    target.user_data_ = slots_.renew(user_data);
    --in_flight_;
    return static_cast<batch_place&>(target).ended(ended.res);
  }
  if (!ended.more()) {
    slots_.release(user_data);
    target.user_data_ = completion_target::none;
    --in_flight_;
  }
  target.completed(ended.res, ended.flags);
}

/// Who has no slot.
void ring_core::deliver_to_nobody(std::uint64_t user_data, completion told) noexcept {
  if (user_data == of_wakeup)
    wakeup_armed_ = false;
  else if (user_data == of_nobody || user_data == of_liburing)
    return;
  else if (user_data <= slot_table::last_reserved)
    deliver_to_inbox(user_data, told);
  else if (slot_table::is_cancel(user_data))
    cancel_answered(slot_table::cancelled(user_data), told.res);
  else
    ++metrics_.stale;
}

void ring_core::add(inbox_block& box) {
  if (last_inbox_ == UINT32_MAX)
    throw error(-ENOSPC, "inbox", "ring", {},
                "all numbers for inboxes of this ring are used up: make another ring");
  box.number_ = ++last_inbox_;
  inboxes_.push_back(box);
}

void ring_core::deliver_to_inbox(std::uint64_t user_data, completion told) noexcept {
  inbox_block* found = nullptr;
  inboxes_.for_each([&](inbox_block& box) {
    if (box.number() == user_data) found = &box;
  });
  if (found == nullptr) {
    ++metrics_.stale;
    if (table_ != nullptr) table_->came_to_nobody(user_data, told.res);
    return;
  }
  ++metrics_.completed;
  found->received(told);
}

void ring_core::handle_timers() noexcept {
  if (wake_at_ && *wake_at_ <= now()) {
    wake_at_.reset();
    expire_timers();
  }
  if (watch_at_ && *watch_at_ <= now()) {
    watch_at_.reset();
    check_pending();
  }
}

// ---- tasks

bool ring_core::begin_tasks(const std::source_location& where) {
  require_thread("run", where);
  if (inherited_) refuse_new(this, "run", where);
  if (closed_) throw misuse("run", "the ring is closed: make a new one", where);
  require_enabled(where);
  reference();
  running_.store(true, std::memory_order_relaxed);
  const bool outer = std::exchange(runs_tasks_, true);
  // One that is restricted may be allowed the one and not the other.
  if (!outer && may_register_) register_at_ = metrics_.enters + enters_until_registered;
  return outer;
}

void ring_core::end_tasks(bool outer) noexcept {
  if (!outer && !inherited_) unregister_descriptor();
  runs_tasks_ = outer;
  running_.store(outer, std::memory_order_relaxed);
  if (!outer && owner_gone_ && !used_by_callbacks() && !inherited_) close();
  unreference();
}

void ring_core::refuse_tasks_without_owner() {
  if (owner_gone_ && !std::exchange(refused_tasks_, true))
    throw misuse("run", "the ring was destroyed by one of its own tasks: let run() return first", {});
}

void ring_core::keep(std::exception_ptr thrown) noexcept {
  try {
    kept_.push_back(std::move(thrown));
  } catch (...) {
    kept_.back() = std::current_exception();
  }
}

void ring_core::rethrow_first_kept() {
  const std::exception_ptr first = kept_.front();
  kept_.erase(kept_.begin());
  std::rethrow_exception(first);
}

// ---- close

std::vector<pending_operation> ring_core::close_now(const std::source_location& where) {
  if (inherited_) refuse_new(this, "ring::close", where);
  if (used_by_callbacks() || running_)
    throw misuse("ring::close", "called inside a task of the same ring: close it when run() has returned",
                 where);
  if (closed_) return {};
  std::vector<pending_operation> open = everything_pending(false);
  close();
  throw_first_kept();
  return open;
}

/// The parent's is left as it is: to this process it is a mapping and some descriptors.
void ring_core::in_child() noexcept {
  inherited_ = true;
  closing_ = true;
  door_open_ = false;
  if (ring_ == nullptr) return;
  // SAFETY: as liburing has made them. What a ring is registered as is a number of the parent's thread's, and
  // in this one another ring's.
  ring_->enter_ring_fd = unregistered_.descriptor;
  ring_->int_flags = unregistered_.flags;
}

void ring_core::require_enabled(const std::source_location& where) const {
  if (disabled_) throw misuse("run", "the ring was made disabled: call its enable() first", where);
}

void ring_core::enable(const std::source_location& where) {
  if (const int status = register_with(ring_, IORING_REGISTER_ENABLE_RINGS, nullptr, 0); status < 0)
    throw error(status, "ring::enable", "ring", where,
                disabled_ ? "" : "it was not made disabled, or is enabled");
  disabled_ = false;
}

void ring_core::owner_gone() noexcept {
  if (inherited_) {
    if (!closed_) {
      gauntlet_uring_destroy(std::exchange(ring_, nullptr));
      ::close(wakeup_);
      closed_ = true;
    }
    return unreference();
  }
  if (used_by_callbacks() || running_) {
    if (!thread_.is_this())
      die("a ring is destroyed on one thread while another one runs it: let run() return first");
    if (!runs_tasks_)
      die("a ring is destroyed in a turn() that gauntlet::run() did not make: let the turn return first");
    owner_gone_ = true;
  } else if (!closed_) {
    if (!thread_.is_this()) {
      if (single_issuer_ && in_flight_ != 0)
        die("a ring with a single issuer is destroyed on another thread while something is in flight: "
            "destroy it on "
            "its own");
      may_enter_ = !single_issuer_;
      bind_to_this_thread();
    }
    close();
  }
  references_.fetch_add(stop_counting() - while_owned, std::memory_order_relaxed);
  unreference();
}

/// Bounded: nothing can be started any more, and the kernel ends what it is asked to cancel.
void ring_core::close() noexcept {
  const entered here(*this);
  closing_ = true;
  running_ = true;  // run() and close() by a task are misuse here, too
  const clock::time_point began = now();
  bool disconnected = false;
  close_door();
  inboxes_.for_each([](inbox_block& box) { box.abort(); });
  cancel_hungry(nullptr);
  if (disabled_ && in_flight_ != 0) register_with(ring_, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  // Where this thread may not enter, the wakeup can be left in flight: nobody writes it any more.
  while (may_enter_ && (in_flight_ != 0 || resume_later_ || (wakeup_armed_ && !shut_out_))) {
    cancel_everything();
    turn_once(between_cancels);
    if (!disconnected && now() - began > until_disconnected) {
      slots_.for_each([](completion_target& target) { target.disconnect(); });
      disconnected = true;
    }
    if (now() - began > longest_close) {
      std::ostringstream told;
      for (const pending_operation& left : everything_pending(true)) told << left << '\n';
      die("the kernel does not end what it was asked to cancel a minute ago:\n" + told.str());
    }
  }
  tear_down(std::exchange(ring_, nullptr));
  ::close(wakeup_);
  running_ = false;
  while (!buffer_groups_in_use_.empty()) buffer_groups_in_use_.pop_front();  // they may go on other threads
  slots_.release_all();  // those that are kept: whose they are may go on another thread from now on
  closed_ = true;
}

/// From now on nothing comes from other threads.
void ring_core::close_door() noexcept {
  run_posted();
  std::vector<callback<void()>> left;
  {
    const std::scoped_lock lock(mutex_);
    door_open_ = false;
    left.swap(posted_);
    has_posted_ = false;
  }
  for (callback<void()>& work : left) {
    try {
      work();
    } catch (...) {
      keep(std::current_exception());
    }
  }
}

void ring_core::cancel_everything() noexcept {
  cancel_all();
  cancel_wakeup();
}

void ring_core::cancel_wakeup() noexcept {
  if (!wakeup_armed_) return;
  const gauntlet_uring_entry entry = own_entry(of_nobody);
  put([&] { return gauntlet_uring_queue_cancel64(ring_, entry, of_wakeup, 0); });
}

// ---- from other threads

bool ring_core::post(callback<void()>& work) {
  if (inherited_) return false;
  const std::scoped_lock lock(mutex_);
  if (!door_open_) return false;
  posted_.push_back(std::move(work));
  wake();
  return true;
}

void ring_core::guard_removed() noexcept {
  if (--guards_ != 0 || thread_.is_this() || inherited_) return;
  const std::scoped_lock lock(mutex_);
  wake();
}

/// Under mutex_. The counter cannot be full: each count of it comes after the ring has looked.
void ring_core::wake() noexcept {
  if (!door_open_ || has_posted_.exchange(true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wakeup_, &one, sizeof one);
}

void ring_core::queue_wakeup() noexcept {
  const gauntlet_uring_entry entry = own_entry(of_wakeup);
  wakeup_armed_ =
      put([&] {
        return gauntlet_uring_queue_read(ring_, entry, wakeup_, &wakeup_count_, sizeof wakeup_count_, 0);
      }) == 0;
}

void ring_core::run_all_posted() noexcept {
  std::vector<callback<void()>> now;
  {
    const std::scoped_lock lock(mutex_);
    now.swap(posted_);
    has_posted_ = false;
  }
  const entered here(*this);
  for (callback<void()>& work : now) {
    const holding at_work(*this, "ring::post", {});
    try {
      work();
    } catch (...) {
      keep(std::current_exception());
    }
  }
}

}  // namespace gauntlet::uring::detail
