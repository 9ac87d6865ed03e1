#include "gauntlet/uring/batch.hpp"

#include <gauntlet/shim/uring.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "batch_block.hpp"
#include "common_queues.hpp"

namespace gauntlet::uring {
namespace detail {
namespace {

constexpr opcode batch_nop_code{.kind = "batch::nop", .queue = queue_nop};
constexpr opcode batch_read_code{
    .kind = "batch::read", .queue = queue_read, .written = bytes_written, .lends = lend_to_write};
constexpr opcode batch_write_code{
    .kind = "batch::write", .queue = queue_write, .written = bytes_read, .lends = lend_to_read};

std::uint8_t flags_on(const descriptor_block* on) noexcept {
  return on != nullptr && on->table() != nullptr ? IOSQE_FIXED_FILE : 0;
}

}  // namespace

// ---- a place

inline void batch_place::lend_memory([[maybe_unused]] const descriptor_block* on,
                                     [[maybe_unused]] batch_transfer part) {
  if constexpr (lends_are_tracked) {
    lend lent(code_->kind, block_.where());
    if (code_->lends != nullptr) code_->lends(operands_of(on, part), lent);
    lent_ = std::move(lent);
  }
}

template <const opcode& Code>
void batch_place::begin_in(batch_block& block, descriptor_block* on, batch_transfer part) {
  code_ = &Code;
  lend_memory(on, part);  // or it throws, and has taken nothing
  if (on != nullptr) descriptor_ = descriptor_use(*on);
  end_ = in_flight;
  block.begun();
  const auto queue = [&](io_uring* ring, gauntlet_uring_entry entry) noexcept {
    return Code.queue(ring, entry, operands_of(on, part));
  };
  if (!block.ring().start_kept_at_once(*this, flags_on(on), queue)) [[unlikely]]
    begin_specially(part.address, part.length, part.offset);
}

/// Parameters for registers: a struct would be written to the stack each time.
void batch_place::begin_specially(std::byte* address, std::uint32_t length, std::uint64_t offset) noexcept {
  const batch_transfer part{.address = address, .length = length, .offset = offset};
  block_.held(index()) = operands_of(descriptor_.get(), part);
  block_.ring().start_kept(*this);
}

std::size_t batch_place::queue_held() noexcept {
  ring_core& core = block_.ring();
  const operands& with = block_.held(index());
  if (core.follows_memory()) {
    end_ = followed;
    mark_order_before(with);
  }
  return core.queue_kept(*this, flags_on(descriptor_.get()),
                         [&](io_uring* ring, gauntlet_uring_entry entry) noexcept {
                           return code_->queue(ring, entry, with);
                         })
             ? 1
             : 0;
}

/// Tools are told when the memory is the caller's again.
void batch_place::give_back_followed(std::int32_t res) noexcept {
  mark_order_after(block_.held(index()));
  lent_.give_back();
  if (res >= 0 && code_->written != nullptr) code_->written(block_.held(index()), res);
}

void batch_place::abort() noexcept {
  if (!is_in_flight()) return;
  ring_core& core = block_.ring();
  if (!is_held()) return core.cancel(*this);
  core.withdraw_kept(*this);
  ended(-ECANCELED);  // it had not begun
}

void batch_place::unawaited(std::vector<pending_operation>& all,
                            std::chrono::steady_clock::time_point) const {
  if (!is_in_flight() || block_.is_awaited()) return;
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
  return block_->take();
}

void batch_wait::throw_canceled() const { throw error(-ECANCELED, kind(), object(), where()); }

}  // namespace detail

using detail::batch_block;

// ---- batch

void batch_end::throw_error(const std::source_location& where) const {
  throw error(res, kind, "place " + std::to_string(place), where);
}

namespace {

[[noreturn, gnu::cold, gnu::noinline]] void refuse_moved(const char* operation, std::source_location where) {
  throw misuse(operation, "it was moved from: use the one it was moved to", where);
}

[[noreturn, gnu::cold, gnu::noinline]] void refuse_other_ring(const char* operation,
                                                              std::source_location where) {
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
  if (places == 0 || places > INT32_MAX || bytes_each > UINT32_MAX ||
      __builtin_mul_overflow(places, bytes_each, &all))
    throw misuse(
        "batch",
        "it has one place at least, 2,147,483,647 at most, each of less than 4 GiB, and fits into memory",
        where);
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
  block.free_place(place, operation, where).begin_in<detail::batch_nop_code>(block, nullptr, {});
}

void batch::read(std::size_t place, const any_descriptor& from, std::uint64_t offset,
                 std::source_location where) {
  constexpr const char* operation = detail::batch_read_code.kind;
  batch_block& block = use(operation, where);
  detail::batch_place& free = block.free_place(place, operation, where);
  detail::descriptor_block& used = use_of(from, block, operation, where);
  free.begin_in<detail::batch_read_code>(
      block, &used, {.address = block.bytes(place).data(), .length = block.length(), .offset = offset});
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
  free.begin_in<detail::batch_write_code>(
      block, &used, {.address = memory.data(), .length = detail::most_at_once(size), .offset = offset});
}

detail::batch_wait batch::next(std::source_location where) { return {use("batch::next", where), where}; }

void batch::cancel(std::source_location where) { use("batch::cancel", where).cancel(); }

}  // namespace gauntlet::uring
