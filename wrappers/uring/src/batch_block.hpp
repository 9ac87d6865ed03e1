#pragma once
// The places of a batch. What one does at its end is short, and the same for all of them: inline, for the
// ring.

#include <gauntlet/shim/uring.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "descriptor_block.hpp"
#include "file_table_block.hpp"
#include "gauntlet/detail/resume.hpp"
#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uring/batch.hpp"
#include "kernel_memory.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring::detail {

constexpr std::size_t cache_line = 64;
constexpr std::size_t page_bytes = 4096;

/// What is read or written of memory.
struct batch_transfer {
  std::byte* address = nullptr;
  std::uint32_t length = 0;
  std::uint64_t offset = 0;
};

inline operands operands_of(const descriptor_block* on, batch_transfer part) noexcept {
  return {.fd = on != nullptr ? on->number() : -1,
          .length = part.length,
          .offset = part.offset,
          .address = part.address};
}

/// One operation at a time, of any kind. What it is asked for each time is in one line of the cache: with
/// many in flight, that is most of what they cost.
class alignas(cache_line) batch_place final : public completion_target {
 public:
  explicit batch_place(batch_block& block) noexcept : block_(block) {}

  /// Nothing is in flight there, nor still to be told. block: its own, which who asks has at hand.
  bool is_free_in(const batch_block& block) const noexcept;
  /// Code: an opcode that keeps nothing and has no system call. on: nullptr, it is none's.
  template <const opcode& Code>
  void begin_in(batch_block& block, descriptor_block* on, batch_transfer part);

  /// What completed() does, where the ring has it inline.
  void ended(std::int32_t res) noexcept;
  void completed(std::int32_t res, std::uint32_t) noexcept override { ended(res); }
  void abort() noexcept override;
  bool works_on(const descriptor_block& asked) const noexcept override { return descriptor_.get() == &asked; }
  void unawaited(std::vector<pending_operation>& all,
                 std::chrono::steady_clock::time_point now) const override;
  bool is_orphan() const noexcept override;
  std::size_t queue_held() noexcept override;

 private:
  // In the place of end_: in flight, and the same while a tool is told of what the kernel does.
  static constexpr std::uint32_t in_flight = UINT32_MAX;
  static constexpr std::uint32_t followed = UINT32_MAX - 1;

  std::uint32_t index() const noexcept;
  bool is_in_flight() const noexcept { return end_ >= followed; }
  /// Where the queue has no room, or a tool follows what the kernel does.
  [[gnu::cold, gnu::noinline]] void begin_specially(std::byte* address, std::uint32_t length,
                                                    std::uint64_t offset) noexcept;
  [[gnu::cold, gnu::noinline]] void give_back_followed(std::int32_t res) noexcept;
  void lend_memory(const descriptor_block* on, batch_transfer part);

  std::uint32_t end_ = 0;  // where its block tells of the last one, as long as it does
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
      memory_ = owned_buffer::aligned(places * bytes_each, std::min(page_bytes, std::bit_ceil(bytes_each)));
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
    if (place >= size_ || !places_.data()[place].is_free_in(*this)) [[unlikely]]
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
    is_listened_to_ = true;
  }
  void forget() noexcept {
    waiting_ = nullptr;
    is_listened_to_ = orphaned_;
  }
  std::span<const batch_end> take() noexcept {
    telling_.swap(told_);
    return {told_.get(), std::exchange(ended_, 0)};
  }
  /// Where the next one that ends is told of.
  std::uint32_t next_end() const noexcept { return ended_; }
  void ended(const batch_end& how) noexcept {
    telling_.get()[ended_++] = how;
    --in_flight_;
    if (is_listened_to_) [[unlikely]]  // by who waits once for all of them
      tell();
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
      orphaned_ = is_listened_to_ = true;
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
                                                           std::source_location where) const {
    if (place >= size_)
      throw misuse(operation, "it has " + std::to_string(size_) + " places: take one of those", where);
    throw misuse(operation, "an operation is in flight there: await that with next() first", where);
  }
  /// Who waits may be resumed at once, and destroy the batch: nothing of it is touched afterwards, but by an
  /// orphan, which the kernel's reference keeps.
  [[gnu::noinline]] void tell() noexcept {
    const bool last_of_orphan = orphaned_ && in_flight_ == 0;
    batch_wait* const waits = waiting_;
    forget();
    if (waits != nullptr) waits->complete();
    if (last_of_orphan) unreference();
  }

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
  bool is_listened_to_ = false;  // somebody waits, or it is an orphan
};

inline std::uint32_t batch_place::index() const noexcept { return block_.index_of(*this); }

inline bool batch_place::is_free_in(const batch_block& block) const noexcept {
  return !is_in_flight() && !block.tells_of(block.index_of(*this), end_);
}

inline void batch_place::ended(std::int32_t res) noexcept {
  if (end_ == followed) [[unlikely]]
    give_back_followed(res);
  else
    lent_.give_back();
  descriptor_.reset();
  end_ = block_.next_end();
  block_.ended({.place = index(), .res = res, .kind = code_->kind});
}

}  // namespace gauntlet::uring::detail
