#include "gauntlet/uring/batch.hpp"

#include <gauntlet/shim/uring.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <memory>
#include <vector>

#include "common_queues.hpp"
#include "descriptor_block.hpp"
#include "file_table_block.hpp"
#include "gauntlet/owned_buffer.hpp"
#include "kernel_memory.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring {
namespace detail {
namespace {

constexpr std::size_t page = 4096;

constexpr opcode batch_nop_code{.kind = "batch::nop", .queue = queue_nop};
constexpr opcode batch_read_code{
    .kind = "batch::read", .queue = queue_read, .written = bytes_written, .lends = lend_to_write};
constexpr opcode batch_write_code{
    .kind = "batch::write", .queue = queue_write, .written = bytes_read, .lends = lend_to_read};

constexpr std::size_t cache_line = 64;

/// What is read or written of memory. By value: to a function that is seldom called, too.
struct transfer {
  std::byte* address = nullptr;
  std::uint32_t length = 0;
  std::uint64_t offset = 0;
};

inline operands operands_of(const descriptor_block* on, transfer part) noexcept {
  return {.fd = on != nullptr ? on->number() : -1,
          .length = part.length,
          .offset = part.offset,
          .address = part.address};
}

}  // namespace

/// One operation at a time, of any kind. What it is asked for each time is in one line of the cache: with
/// many in flight, that is most of what they cost.
class alignas(cache_line) batch_place final : public completion_target {
 public:
  explicit batch_place(batch_block& block) : block_(block) {}

  /// Nothing is in flight there, nor still to be told.
  bool is_free() const noexcept;
  /// Code: an opcode that keeps nothing and has no system call. on: nullptr, it is none's.
  template <const opcode& Code>
  void begin(descriptor_block* on, transfer part);

  void completed(std::int32_t res, std::uint32_t flags) noexcept override;
  void abort() noexcept override;
  bool works_on(const descriptor_block& asked) const noexcept override { return descriptor_.get() == &asked; }
  void unawaited(std::vector<pending_operation>& all,
                 std::chrono::steady_clock::time_point now) const override;
  bool is_orphan() const noexcept override;
  std::size_t queue_held() noexcept override;

 private:
  enum class state : std::uint8_t { idle, in_flight, followed };  // followed: in flight, and a tool is told

  std::uint32_t index() const noexcept;
  std::uint8_t flags() const noexcept {
    const descriptor_block* const on = descriptor_.get();
    return on != nullptr && on->table() != nullptr ? IOSQE_FIXED_FILE : 0;
  }
  /// Where the queue has no room, or a tool follows what the kernel does.
  [[gnu::cold, gnu::noinline]] void begin_specially(transfer part) noexcept;
  [[gnu::cold, gnu::noinline]] void tell_written(std::int32_t res) const noexcept;
  void lend_memory(transfer part);

  state state_ = state::idle;
  std::uint32_t end_ = 0;  // where its block tells of it, if it still does
  batch_block& block_;
  descriptor_use descriptor_;
  const opcode* code_ = nullptr;
  [[no_unique_address]] lend lent_;
};
static_assert(lends_are_tracked || sizeof(batch_place) == cache_line);

/// On the ring's thread. It lives until its owner, who awaits it, and the last of its operations have gone.
class batch_block {
 public:
  batch_block(ring_core& ring, std::size_t places, std::size_t bytes_each, const std::source_location& where)
      : ring_(ring),
        size_(places),
        bytes_each_(bytes_each),
        length_(most_at_once(bytes_each)),
        telling_(std::make_unique<batch_end[]>(places)),
        told_(std::make_unique<batch_end[]>(places)),
        held_(std::make_unique<operands[]>(places)),
        where_(where) {
    if (bytes_each != 0) {
      memory_ = owned_buffer::aligned(places * bytes_each, std::min(page, std::bit_ceil(bytes_each)));
      begin_of_memory_ = memory_.writable().data();
    }
    places_.reserve(places);
    try {
      while (places_.size() < places) {
        batch_place& added = places_.emplace_back(*this);
        ring.take_kept_slot(added);
      }
    } catch (...) {
      places_.pop_back();  // which has found no slot
      give_slots_back();
      throw;
    }
  }
  batch_block(const batch_block&) = delete;
  batch_block& operator=(const batch_block&) = delete;

  ring_core& ring() const noexcept { return *ring_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t in_flight() const noexcept { return in_flight_; }
  bool is_orphan() const noexcept { return orphaned_; }
  bool is_awaited() const noexcept { return waiting_ != nullptr; }
  const std::source_location& where() const noexcept { return where_; }
  /// Of a place that waits for room in the queue, or is followed by a tool.
  operands& held(std::uint32_t place) const noexcept { return held_.get()[place]; }

  /// One where nothing is in flight, nor still to be told: there is room to tell of one for each.
  batch_place& free_place(std::size_t place, const char* operation, const std::source_location& where) {
    if (place >= size_ || !places_.data()[place].is_free()) [[unlikely]]
      refuse_place(place, operation, where);
    return places_.data()[place];
  }
  std::span<std::byte> bytes(std::size_t place) const noexcept {
    return {begin_of_memory_ + place * bytes_each_, bytes_each_};
  }
  /// Of a place's bytes, as many as one operation can read or write.
  std::uint32_t length() const noexcept { return length_; }
  void begun() noexcept { ++in_flight_; }

  void next(batch_wait& waits) {
    if (waiting_ != nullptr)
      throw misuse(waits.kind(), "another task waits for the next ones already: one at a time",
                   waits.where());
    if (ended_ != 0 || in_flight_ == 0) return waits.complete();
    waiting_ = &waits;
  }
  void forget() noexcept { waiting_ = nullptr; }
  std::span<const batch_end> tell() noexcept {
    telling_.swap(told_);
    return {told_.get(), std::exchange(ended_, 0)};
  }
  /// Where the next one that ends is told of.
  std::uint32_t next_end() const noexcept { return ended_; }
  void ended(const batch_end& how) noexcept {
    telling_.get()[ended_++] = how;
    --in_flight_;
    if (waiting_ != nullptr) [[unlikely]]  // once for all of them
      tell_who_waits();
    if (orphaned_) [[unlikely]]
      orphan_ended();
  }
  /// Whether the place is still to be told of there.
  bool tells_of(std::uint32_t place, std::uint32_t end) const noexcept {
    return end < ended_ && telling_.get()[end].place == place;
  }
  std::uint32_t index_of(const batch_place& place) const noexcept {
    return static_cast<std::uint32_t>(&place - places_.data());
  }
  void cancel() noexcept {
    const gauntlet::detail::resume_scope together;  // who is told may destroy the batch
    for (batch_place& place : places_) place.abort();
  }

  void reference() noexcept { ++references_; }
  void unreference() noexcept {
    if (--references_ == 0) delete this;
  }
  void owner_gone() noexcept {
    on_its_thread(ring(), [this] {
      orphaned_ = true;
      if (in_flight_ != 0) reference();  // the kernel's
      if (batch_wait* const waits = std::exchange(waiting_, nullptr)) waits->complete_canceled();
      cancel();
      unreference();
    });
  }

 private:
  ~batch_block() { give_slots_back(); }
  void give_slots_back() noexcept {
    for (batch_place& place : places_) ring().give_kept_slot_back(place);
  }
  [[noreturn, gnu::cold, gnu::noinline]] void refuse_place(std::size_t place, const char* operation,
                                                           const std::source_location& where) const {
    if (place >= size_)
      throw misuse(operation, "it has " + std::to_string(size_) + " places: take one of those", where);
    throw misuse(operation, "an operation is in flight there: await that with next() first", where);
  }
  [[gnu::noinline]] void orphan_ended() noexcept {
    if (in_flight_ == 0) unreference();
  }
  [[gnu::noinline]] void tell_who_waits() noexcept { std::exchange(waiting_, nullptr)->complete(); }

  ring_use ring_;
  std::size_t size_;
  std::size_t bytes_each_;
  std::uint32_t length_;
  owned_buffer memory_;
  std::byte* begin_of_memory_ = nullptr;
  std::vector<batch_place> places_;       // which do not move: there is room for all
  std::unique_ptr<batch_end[]> telling_;  // as is here
  std::unique_ptr<batch_end[]> told_;     // by the last next()
  std::unique_ptr<operands[]> held_;
  std::source_location where_;
  std::uint32_t ended_ = 0;  // of telling_
  batch_wait* waiting_ = nullptr;
  std::size_t in_flight_ = 0;
  std::size_t references_ = 1;
  bool orphaned_ = false;
};

// ---- a place

inline void batch_place::lend_memory([[maybe_unused]] transfer part) {
  if constexpr (lends_are_tracked) {
    lend lent(code_->kind, block_.where());
    if (code_->lends != nullptr) code_->lends(operands_of(descriptor_.get(), part), lent);
    lent_ = std::move(lent);
  }
}

inline std::uint32_t batch_place::index() const noexcept { return block_.index_of(*this); }

inline bool batch_place::is_free() const noexcept {
  return state_ == state::idle && !block_.tells_of(index(), end_);
}

template <const opcode& Code>
void batch_place::begin(descriptor_block* on, transfer part) {
  code_ = &Code;
  if (on != nullptr) descriptor_ = descriptor_use(*on);
  lend_memory(part);
  state_ = state::in_flight;
  block_.begun();
  const auto queue = [&](io_uring* ring, const gauntlet_uring_entry* entry) noexcept {
    return Code.queue(ring, entry, operands_of(on, part));
  };
  if (!block_.ring().start_kept_at_once(*this, flags(), queue)) [[unlikely]]
    begin_specially(part);
}

void batch_place::begin_specially(transfer part) noexcept {
  block_.held(index()) = operands_of(descriptor_.get(), part);
  block_.ring().start_kept(*this);
}

std::size_t batch_place::queue_held() noexcept {
  ring_core& core = block_.ring();
  if (core.follows_memory()) {
    state_ = state::followed;
    mark_submitted(this);
  }
  const operands& with = block_.held(index());
  return core.queue_kept(*this, flags(),
                         [&](io_uring* ring, const gauntlet_uring_entry* entry) noexcept {
                           return code_->queue(ring, entry, with);
                         })
             ? 1
             : 0;
}

void batch_place::completed(std::int32_t res, std::uint32_t) noexcept {
  const bool followed = state_ == state::followed;
  if (followed) [[unlikely]]
    mark_completed(this);
  lent_.give_back(res > 0 ? static_cast<std::size_t>(res) : 0);
  if (followed) [[unlikely]]
    tell_written(res);
  descriptor_.reset();
  state_ = state::idle;
  end_ = block_.next_end();
  block_.ended({.place = index(), .res = res, .kind = code_->kind});
}

void batch_place::tell_written(std::int32_t res) const noexcept {
  if (res >= 0 && code_->written != nullptr) code_->written(block_.held(index()), res);
}

void batch_place::abort() noexcept {
  if (state_ == state::idle) return;
  ring_core& core = block_.ring();
  if (!is_held()) return core.cancel(*this);
  core.withdraw_kept(*this);
  completed(-ECANCELED, 0);  // it had not begun
}

void batch_place::unawaited(std::vector<pending_operation>& all,
                            std::chrono::steady_clock::time_point) const {
  if (state_ == state::idle || block_.is_awaited()) return;
  const descriptor_block* const on = descriptor_.get();
  all.push_back({.kind = code_->kind,
                 .object = on != nullptr ? on->name() : std::string(),
                 .age = {},
                 .where = block_.where()});
}

bool batch_place::is_orphan() const noexcept { return block_.is_orphan(); }

// ---- next()

batch_wait::batch_wait(batch_block& on, std::source_location where) noexcept
    : operation("batch::next", where), block_(&on) {
  on.reference();
}

batch_wait::~batch_wait() {
  leave();
  if (block_ != nullptr) block_->unreference();
}

std::string batch_wait::object() const { return std::to_string(block_->in_flight()) + " in flight"; }

void batch_wait::start() {
  block_->ring().require_open(kind(), where());
  if (context() != nullptr && context() != &block_->ring())
    throw misuse(kind(), "its ring is another loop than the one that the task runs on", where());
  block_->next(*this);
}

void batch_wait::cancel() noexcept {
  block_->forget();
  complete_canceled();
}

std::span<const batch_end> batch_wait::await_resume() {
  finish();
  return block_->tell();
}

void batch_wait::throw_canceled() const { throw error(-ECANCELED, kind(), object(), where()); }

}  // namespace detail

using detail::batch_block;

// ---- batch

void batch_end::throw_error(const std::source_location& where) const {
  throw error(res, kind, "place " + std::to_string(place), where);
}

namespace {

[[noreturn, gnu::cold, gnu::noinline]] void refuse_moved(const char* operation,
                                                         const std::source_location& where) {
  throw misuse(operation, "it was moved from: use the one it was moved to", where);
}

[[noreturn, gnu::cold, gnu::noinline]] void refuse_other_ring(const char* operation,
                                                              const std::source_location& where) {
  throw misuse(operation, "what it works on is of another ring: take one of the batch's", where);
}

inline detail::descriptor_block& use_of(const any_descriptor& on, const batch_block& block,
                                        const char* operation, const std::source_location& where) {
  detail::descriptor_block& used = detail::descriptor_access::use(on, operation, where);
  if (&used.ring() != &block.ring()) [[unlikely]]
    refuse_other_ring(operation, where);
  return used;
}

}  // namespace

batch::batch(ring& on, std::size_t places, std::size_t bytes_each, std::source_location where) {
  detail::ring_core& core = detail::ring_core::of(on, "batch", where);
  std::size_t all = 0;
  if (places == 0 || places > UINT32_MAX || bytes_each > UINT32_MAX ||
      __builtin_mul_overflow(places, bytes_each, &all))
    throw misuse("batch", "it has one place at least, of less than 4 GiB, and fits into memory", where);
  block_ = new batch_block(core, places, bytes_each, where);
}

batch::~batch() {
  if (block_ != nullptr) block_->owner_gone();
}

inline batch_block& batch::use(const char* operation, const std::source_location& where) const {
  if (block_ == nullptr) [[unlikely]]
    refuse_moved(operation, where);
  block_->ring().require_open(operation, where);
  return *block_;
}

std::size_t batch::size(std::source_location where) const { return use("batch::size", where).size(); }

std::size_t batch::in_flight(std::source_location where) const {
  return use("batch::in_flight", where).in_flight();
}

std::span<std::byte> batch::bytes(std::size_t place, std::source_location where) const {
  batch_block& block = use("batch::bytes", where);
  static_cast<void>(block.free_place(place, "batch::bytes", where));
  return block.bytes(place);
}

void batch::nop(std::size_t place, std::source_location where) {
  constexpr const char* operation = detail::batch_nop_code.kind;
  batch_block& block = use(operation, where);
  block.free_place(place, operation, where).begin<detail::batch_nop_code>(nullptr, {});
}

void batch::read(std::size_t place, const any_descriptor& from, std::uint64_t offset,
                 std::source_location where) {
  constexpr const char* operation = detail::batch_read_code.kind;
  batch_block& block = use(operation, where);
  detail::batch_place& free = block.free_place(place, operation, where);
  detail::descriptor_block& used = use_of(from, block, operation, where);
  free.begin<detail::batch_read_code>(
      &used, {.address = block.bytes(place).data(), .length = block.length(), .offset = offset});
}

void batch::write(std::size_t place, const any_descriptor& to, std::size_t size, std::uint64_t offset,
                  std::source_location where) {
  constexpr const char* operation = detail::batch_write_code.kind;
  batch_block& block = use(operation, where);
  detail::batch_place& free = block.free_place(place, operation, where);
  detail::descriptor_block& used = use_of(to, block, operation, where);
  const std::span<std::byte> memory = block.bytes(place);
  if (size > memory.size())
    throw misuse(operation,
                 "a place has " + std::to_string(memory.size()) + " bytes: write no more than those", where);
  free.begin<detail::batch_write_code>(
      &used, {.address = memory.data(), .length = detail::most_at_once(size), .offset = offset});
}

detail::batch_wait batch::next(std::source_location where) { return {use("batch::next", where), where}; }

void batch::cancel(std::source_location where) { use("batch::cancel", where).cancel(); }

}  // namespace gauntlet::uring
