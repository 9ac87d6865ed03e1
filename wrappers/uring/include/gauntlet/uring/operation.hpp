#pragma once
/// What the awaitables of a ring have in common. Coroutines await them; callers need none of their names.

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/detail/operation.hpp"
#include "gauntlet/detail/resume.hpp"
#include "gauntlet/lend.hpp"
#include "gauntlet/uring/error.hpp"

#pragma GCC visibility push(default)

struct io_uring;
struct gauntlet_uring_entry;

namespace gauntlet::uring {

/// How the kernel is to treat a submission.
struct submission_options {
  /// Begins when all that was started before has ended, and what is started later waits for it, as with
  /// IOSQE_IO_DRAIN. Of one in a chain, the chain does.
  bool drain = false;
  bool async = false;             ///< on a thread of the kernel's, at once (IOSQE_ASYNC)
  std::uint16_t personality = 0;  ///< of ring::register_personality; 0: the process's own
};

namespace detail {

class ring_core;
class descriptor_block;
class linked_operations;

/// How many keep a ring's memory, counted without atomic operations: on the ring's thread, as long as it has
/// its owner.
class ring_count {
 public:
  /// False: elsewhere.
  bool count(std::ptrdiff_t uses) noexcept {
    if (counts_on_.load(std::memory_order_relaxed) != gauntlet::detail::this_thread()) [[unlikely]]
      return false;
    uses_ += uses;
    return true;
  }

 protected:
  ring_count() noexcept = default;
  ~ring_count() = default;
  void count_here() noexcept { counts_on_ = gauntlet::detail::this_thread(); }
  std::ptrdiff_t stop_counting() noexcept {
    counts_on_ = nullptr;
    return uses_;
  }

 private:
  std::atomic<const void*> counts_on_{nullptr};
  std::ptrdiff_t uses_ = 0;
};

/// Keeps a ring's memory, not the ring open.
class ring_use {
 public:
  explicit ring_use(ring_core& used) noexcept;  // in ring_core.hpp
  ring_use(ring_use&& other) noexcept : used_(std::exchange(other.used_, nullptr)) {}
  ring_use& operator=(ring_use&&) = delete;
  ~ring_use() { reset(); }
  void reset() noexcept {
    if (used_ != nullptr && !used_->count(-1)) [[unlikely]]
      let_go();
    used_ = nullptr;
  }
  bool empty() const noexcept { return used_ == nullptr; }
  ring_core& operator*() const noexcept;  // in ring_core.hpp

 private:
  void let_go() noexcept;

  ring_count* used_;
};

/// Keeps a descriptor's number from being closed, and so from becoming another file's.
class descriptor_use {
 public:
  descriptor_use() noexcept = default;
  explicit descriptor_use(descriptor_block& used) noexcept;  // in descriptor_block.hpp
  descriptor_use(descriptor_use&& other) noexcept : used_(std::exchange(other.used_, nullptr)) {}
  descriptor_use& operator=(descriptor_use&& other) noexcept {
    std::swap(used_, other.used_);
    return *this;
  }
  ~descriptor_use() { reset(); }
  void reset() noexcept {
    if (used_ != nullptr) let_go();
  }
  descriptor_block* get() const noexcept { return used_; }

 private:
  void let_go() noexcept;  // in descriptor_block.hpp

  descriptor_block* used_ = nullptr;
};

/// The fields of a completion queue entry.
struct completion {
  std::int32_t res = 0;
  std::uint32_t flags = 0;

  /// More of the same submission will come (IORING_CQE_F_MORE).
  bool more() const noexcept { return (flags & 2U) != 0; }
  /// The kernel has let go of what was sent (IORING_CQE_F_NOTIF).
  bool notification() const noexcept { return (flags & 8U) != 0; }
  /// A buffer of a buffer_ring was taken for it, of this number (IORING_CQE_F_BUFFER).
  bool has_buffer() const noexcept { return (flags & 1U) != 0; }
  std::uint16_t buffer() const noexcept { return static_cast<std::uint16_t>(flags >> 16U); }
};

/// What a completion leads to. The ring finds it by a slot with a generation, never by an address that the
/// kernel gives back: a completion that nobody waits for any more finds nothing.
class completion_target : public gauntlet::detail::list_node<struct backlog_tag> {
 public:
  /// On the ring's thread. After one that has no more() it is off its slot.
  virtual void completed(std::int32_t res, std::uint32_t flags) noexcept = 0;
  /// Asks the kernel to end it: the ring is closing, or the descriptor.
  virtual void abort() noexcept = 0;
  virtual bool works_on(const descriptor_block& asked) const noexcept = 0;
  /// In flight though the loop knows of nobody who awaits it, it tells of itself.
  virtual void unawaited(std::vector<pending_operation>& /*all*/,
                         std::chrono::steady_clock::time_point /*now*/) const {}
  /// Its owner has gone, and the kernel was asked to end it.
  virtual bool is_orphan() const noexcept { return false; }
  /// abort() has not ended it, and the ring waits: the connection that it works on is reset.
  virtual void disconnect() noexcept {}

  /// From the backlog into the submission queue, and those with it that must stand beside it. Answers how
  /// many they are: none, there is no room.
  virtual std::size_t queue_held() noexcept = 0;
  /// As submission_options::drain.
  virtual bool is_drain() const noexcept { return false; }

 protected:
  completion_target() noexcept = default;
  bool has_slot() const noexcept { return user_data_ != none; }
  bool is_held() const noexcept { return is_linked(); }
  virtual ~completion_target() = default;

 private:
  friend class ring_core;
  static constexpr std::uint64_t none = 0;
  std::uint64_t user_data_ = none;  // by which the kernel knows it: see slot_table
  bool cancel_waits_ = false;       // among the ring's cancels that found no room
  bool keeps_slot_ = false;         // from one operation to the next: a batch_place
};

/// What an operation works on, in the words of a submission queue entry; which of them it reads is its
/// opcode's affair.
struct operands {
  int fd = -1;
  int second_fd = -1;
  int flags = 0;
  std::uint32_t length = 0;
  std::uint64_t offset = 0;
  std::uint64_t second_offset = 0;
  const void* address = nullptr;
  const void* second_address = nullptr;
  const void* third_address = nullptr;
  std::uint8_t code = 0;  ///< where the caller chooses it
  int buffer_group = -1;  ///< of the buffer_ring that the kernel takes a buffer of
};

class submitted;

/// What the operations of a kind share.
struct opcode {
  const char* kind = nullptr;  ///< "file::read_some"
  /// The function of the shim: 0, or a negative errno.
  int (*queue)(io_uring*, gauntlet_uring_entry, const operands&) noexcept = nullptr;
  /// Tells tools that follow memory what the kernel has written, of one that has succeeded; may be nullptr.
  void (*written)(const operands&, std::int32_t res) noexcept = nullptr;
  /// Declares the caller's memory that it uses until its last completion; may be nullptr.
  void (*lends)(const operands&, lend&) = nullptr;
  /// It goes on after a completion that did only a part (submitted::advance).
  bool in_parts = false;
  /// queue(), where an entry has nothing but these; nullptr: that is not so frequent that it counts.
  int (*queue_plainly)(io_uring*, std::uint64_t user_data, std::uint8_t flags,
                       const operands&) noexcept = nullptr;
  /// A negative res that is no failure: -ETIME of a timeout. 0: there is none.
  std::int32_t expected = 0;
  /// The system call itself, where liburing or the kernel has no such operation; answers as a completion.
  /// Only for what never waits, and does no harm when it is done again after it was refused.
  std::int32_t (*instead)(const operands&) noexcept = nullptr;
};

/// One entry of the submission queue, until its last completion.
class submitted : public gauntlet::detail::operation, public completion_target {
 public:
  /// "descriptor 7", a path, or empty.
  std::string object() const override;

 protected:
  submitted(ring_core& ring, const opcode& code, const operands& on,
            std::source_location where) noexcept;  // in ring_core.hpp
  submitted(descriptor_block& on, const opcode& code, const operands& with,
            std::source_location where) noexcept;  // in descriptor_block.hpp
  submitted(submitted&& other) noexcept = default;
  ~submitted() override = default;

  /// Where the operation keeps what the kernel reads by address: it does not move any more.
  virtual void bind(operands&) noexcept {}
  /// What it works on, where that is no descriptor.
  virtual std::string subject() const { return {}; }
  /// Of an opcode in_parts, when res of it has been done: the operands of what is left. False: nothing is.
  virtual bool advance(operands&, std::int32_t& /*res*/) noexcept { return false; }
  /// Whether it works on this one besides descriptor().
  virtual bool works_on_too(const descriptor_block& /*asked*/) const noexcept { return false; }
  /// The last completion is there, or none will come (-ECANCELED): what it keeps of descriptors is let go of.
  /// Of one that listens for it.
  virtual void ended(completion) noexcept {}

  /// Throws misuse if it cannot be awaited here and now.
  void require_usable() const;
  /// The same, and if its descriptor is closed.
  void require_startable() const;
  /// Into the submission queue. Throws what cannot be queued.
  void submit();
  /// operation::suspend(). binds: bind() is to be called.
  bool suspend_submitted(std::coroutine_handle<> coroutine, gauntlet::detail::chain_link* link, bool binds);
  /// Of one that has ended, and whose coroutine has gone on: it is done with its ring.
  void let_go() noexcept { ring_.reset(); }
  /// After that there is nothing left for a destructor.
  bool keeps_nothing() const noexcept { return ring_.empty() && !untold(); }
  /// ended() is to be called.
  void listen_for_end() noexcept { special_ |= hears_end; }
  const char* opcode_kind() const noexcept { return opcode_->kind; }
  void start() override;
  void cancel() noexcept override;
  ring_core& ring() const noexcept;  // in ring_core.hpp
  descriptor_block* descriptor() const noexcept { return descriptor_.get(); }
  const operands& on() const noexcept { return operands_; }
  void options(const submission_options& chosen) noexcept {
    options_ = chosen;
    special_ =
        static_cast<std::uint8_t>(special_of(*opcode_, operands_) | (special_ & hears_end) |
                                  (chosen.drain ? drains : 0U) | (chosen.personality != 0 ? marked : 0U));
    flags_ = static_cast<std::uint8_t>(chosen.async ? flags_ | async : flags_ & ~async);
  }
  std::int32_t res() const noexcept { return result_.res; }
  std::uint32_t completion_flags() const noexcept { return result_.flags; }
  /// What the notification said (IORING_CQE_F_NOTIF), if there was one.
  std::uint32_t notified() const noexcept { return notified_; }
  void works_with(descriptor_block& from_now_on) noexcept { descriptor_ = descriptor_use(from_now_on); }
  void works_with_none() noexcept { descriptor_.reset(); }
  /// An entry that is in the queue keeps the ones before.
  void change_flags(int flags) noexcept { operands_.flags = flags; }
  void finish() {
    operation::finish();
    if (result_.res < 0 && result_.res != opcode_->expected) [[unlikely]]
      throw_error();
  }
  [[noreturn]] void throw_canceled() const final;
  /// Throws misuse where the kernel may have its memory, or it has not been awaited.
  void require_completed(const char* asked) const;

 private:
  friend class ring_core;
  friend class linked_operations;

  void completed(std::int32_t res, std::uint32_t flags) noexcept override;
  /// Of one that was begun outside of the loop.
  void unawaited(std::vector<pending_operation>& all,
                 std::chrono::steady_clock::time_point now) const override;
  [[gnu::noinline]] void completed_specially(completion told) noexcept;
  void settle() noexcept;
  void settle_plain() noexcept;
  [[gnu::cold, gnu::noinline]] std::int32_t what_failure_means() const noexcept;
  [[gnu::cold, gnu::noinline]] bool done_instead(const error& refused);
  /// The kernel has never seen it, and will not.
  void withdrawn() noexcept;
  void end(bool canceled) noexcept;
  void abort() noexcept override;
  void disconnect() noexcept final;
  bool works_on(const descriptor_block& asked) const noexcept final;
  std::size_t queue_held() noexcept final;
  bool is_drain() const noexcept final { return options_.drain; }
  bool is_usable() const noexcept;
  void look_whether_startable() const;
  [[gnu::cold]] void refuse_unless_usable() const;
  [[noreturn, gnu::cold]] void refuse_closed() const;
  [[noreturn]] void throw_error() const;
  bool goes_on() noexcept;
  void submit_bound();
  /// That can be called: a place in a table is no descriptor.
  bool has_system_call() const noexcept { return opcode_->instead != nullptr && !is_fixed(); }
  bool is_fixed() const noexcept { return (flags_ & fixed_file) != 0; }
  void lend_memory() {
    if constexpr (lends_are_tracked) {
      if (opcode_->lends == nullptr) return;
      lend lent(kind(), where(), borrower::unseen, chain_);
      opcode_->lends(operands_, lent);
      lent_ = std::move(lent);
    }
  }

  static constexpr std::uint8_t fixed_file = 1U;  // operands_.fd is a place in the ring's table of files
  static constexpr std::uint8_t async = 1U << 4U;

  // What there is to be done at the beginning or the end beside what is always done. Most have nothing.
  static constexpr std::uint8_t hears_end = 1U;
  static constexpr std::uint8_t in_parts = 1U << 1U;
  static constexpr std::uint8_t drains = 1U << 2U;
  static constexpr std::uint8_t stopped = 1U << 3U;  // by its own task
  static constexpr std::uint8_t linked = 1U << 4U;
  static constexpr std::uint8_t followed = 1U << 5U;  // by a tool that is to be told what the kernel does
  static constexpr std::uint8_t marked = 1U << 6U;    // with a personality, or a group of buffers
  static constexpr std::uint8_t rest = 1U << 7U;      // a part of it has been done
  static std::uint8_t special_of(const opcode& code, const operands& on) noexcept {
    return static_cast<std::uint8_t>((code.in_parts ? in_parts : 0U) | (on.buffer_group >= 0 ? marked : 0U));
  }
  bool is(std::uint8_t any_of) const noexcept { return (special_ & any_of) != 0; }
  /// It stands beside the other parts of its chain.
  bool stands_in_chain() const noexcept { return is(linked) && !is(rest); }

  ring_use ring_;
  descriptor_use descriptor_;
  const opcode* opcode_;
  operands operands_;
  [[no_unique_address]] lend lent_;
  completion result_;
  std::uint32_t notified_ = 0;
  submission_options options_;
  std::uint8_t flags_ = 0;  // IOSQE_*: these two, and what links it to the next of a chain
  std::uint8_t special_ = 0;
  linked_operations* chain_ = nullptr;  // that it is a part of
};

/// Of an untold one that is destroyed, with the coroutine of another house that awaited it: nobody else
/// closes the descriptor that it has brought.
template <class Operation>
void drop_result(Operation& untold) noexcept {
  try {
    static_cast<void>(untold.await_resume());
  } catch (...) {  // NOLINT(bugprone-empty-catch): it has brought nothing
  }
}

/// Of one that keeps nothing.
struct nothing_kept {};

/// Kept for the kernel to write to. It moves only before the operation has started, when it holds nothing.
template <std::size_t Size>
class unwritten_bytes {
 public:
  unwritten_bytes() noexcept {}  // NOLINT(modernize-use-equals-default): that would fill it
  unwritten_bytes(unwritten_bytes&&) noexcept {}
  std::byte* data() noexcept { return bytes_; }
  const std::byte* data() const noexcept { return bytes_; }
  static constexpr std::size_t size() noexcept { return Size; }

 private:
  alignas(8) std::byte bytes_[Size];
};

/// Kept: what the kernel reads and writes by address and the operation owns. It has what it needs of
///  - bind(operands&), which puts the addresses there,
///  - subject(), what the operation works on, where that is no descriptor,
///  - advance(operands&, res&), works_on(block), ended() and ended(completion): see submitted.
template <class Kept>
class submission final : public submitted {
 public:
  /// on: the ring's core, or a descriptor.
  template <class On>
  submission(On& on, const opcode& code, const operands& with, std::source_location where, Kept kept) noexcept
      : submitted(on, code, with, where), kept_(std::move(kept)) {
    if constexpr (hears_end) listen_for_end();
  }
  submission(submission&& other) noexcept : submitted(std::move(other)), kept_(std::move(other.kept_)) {}
  ~submission() override { leave(); }

  bool suspend(std::coroutine_handle<> coroutine, gauntlet::detail::chain_link* link) {
    return suspend_submitted(coroutine, link, binds);
  }

  using submitted::completion_flags;
  using submitted::finish;
  using submitted::keeps_nothing;
  using submitted::let_go;
  using submitted::notified;
  using submitted::on;
  using submitted::options;
  using submitted::require_completed;
  using submitted::res;
  using submitted::ring;
  using submitted::untold;
  Kept& kept() noexcept { return kept_; }

 private:
  static constexpr bool binds = requires(Kept& kept, operands& into) { kept.bind(into); };
  static constexpr bool hears_end =
      requires(Kept& kept, completion told) { kept.ended(told); } || requires(Kept& kept) { kept.ended(); };

  void bind(operands& into) noexcept override {
    if constexpr (binds) kept_.bind(into);
  }
  std::string subject() const override {
    if constexpr (requires { kept_.subject(); })
      return std::string(kept_.subject());
    else
      return {};
  }
  bool advance(operands& left, std::int32_t& res) noexcept override {
    if constexpr (requires { kept_.advance(left, res); })
      return kept_.advance(left, res);
    else
      return false;
  }
  void ended(completion told) noexcept override {
    if constexpr (requires { kept_.ended(told); })
      kept_.ended(told);
    else if constexpr (requires { kept_.ended(); })
      kept_.ended();
  }
  bool works_on_too(const descriptor_block& asked) const noexcept override {
    if constexpr (requires { kept_.works_on(asked); })
      return kept_.works_on(asked);
    else
      return false;
  }

  [[no_unique_address]] Kept kept_;
};

/// Awaits a submission. One that has handed out its value and keeps nothing is not destroyed: there is
/// nothing to be done, and what each of its base classes would look at costs as much as a submission itself.
template <class T, class Kept = nothing_kept>
class [[nodiscard]] ring_operation final {
 public:
  /// Makes the value of what has succeeded.
  using value_of = T (*)(submission<Kept>&);

  template <class On>
  ring_operation(On& on, const opcode& code, const operands& with, value_of value, std::source_location where,
                 Kept kept = {}) noexcept
      : value_(value), submission_(on, code, with, where, std::move(kept)) {}
  ring_operation(ring_operation&& other) noexcept
      : value_(other.value_), submission_(std::move(other.submission_)) {}
  ring_operation& operator=(ring_operation&&) = delete;
  ~ring_operation() {
    if constexpr (!std::is_void_v<T> && !std::is_trivially_destructible_v<T>)
      if (submission_.untold()) [[unlikely]]
        drop_result(*this);
    if (!std::is_trivially_destructible_v<Kept> || !submission_.keeps_nothing()) submission_.~submission();
  }

  ring_operation&& with(const submission_options& chosen) && noexcept {
    submission_.options(chosen);
    return std::move(*this);
  }

  static constexpr bool await_ready() noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) {
    return suspend(coroutine, gauntlet::detail::link_of(coroutine));
  }
  bool suspend(std::coroutine_handle<> coroutine, gauntlet::detail::chain_link* link) {
    return submission_.suspend(coroutine, link);
  }
  T await_resume() {
    submission_.finish();
    if constexpr (std::is_void_v<T>) {
      value_(submission_);
      submission_.let_go();
    } else {
      T value = value_(submission_);
      submission_.let_go();
      return value;
    }
  }

  /// What was moved in, when it has been awaited and failed: `auto reading =
  /// in.read_some(std::move(buffer))`, and after `co_await reading` has thrown, `buffer =
  /// reading.take_buffer()`. Of one that is still in flight: misuse. Otherwise it is freed with the
  /// operation.
  auto take_buffer()
    requires requires(Kept& kept) { kept.buffer; }
  {
    submission_.require_completed("take_buffer");
    return std::move(submission_.kept().buffer);
  }
  auto take_buffers()
    requires requires(Kept& kept) { kept.buffers; }
  {
    submission_.require_completed("take_buffers");
    return std::move(submission_.kept().buffers);
  }

  // ---- for chains
  submitted& entry() noexcept { return submission_; }
  const submitted& entry() const noexcept { return submission_; }
  const std::source_location& where() const noexcept { return submission_.where(); }

 private:
  value_of value_;
  union {
    submission<Kept> submission_;
  };
};

// ---- values

template <class Kept>
void no_value(submission<Kept>&) noexcept {}
/// A number of bytes, or whatever the kernel counts.
template <class Kept>
std::size_t count_of(submission<Kept>& ended) noexcept {
  return static_cast<std::size_t>(ended.res());
}

}  // namespace detail
}  // namespace gauntlet::uring

#pragma GCC visibility pop
