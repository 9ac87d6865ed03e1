#include "gauntlet/uring/inbox.hpp"

#include <fcntl.h>
#include <gauntlet/shim/uring.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "library.hpp"
#include "message_queue.hpp"

namespace gauntlet::uring {
namespace detail {

// ---- queue

namespace {

std::shared_ptr<shared_descriptor> share_descriptor(ring_core& ring, const char* operation,
                                                    const std::source_location& where) {
  const int number = fcntl(gauntlet_uring_fd(ring.native()), F_DUPFD_CLOEXEC, 0);
  if (number < 0) throw error(-errno, operation, "ring", where);
  try {
    return std::make_shared<shared_descriptor>(number);
  } catch (...) {
    ::close(number);
    throw;
  }
}

}  // namespace

message_queue::message_queue(ring_core& ring, const char* operation, const std::source_location& where)
    : ring_(ring), address_(share_descriptor(ring, operation, where)) {
  ring.add(*this);
}

/// What was written before a message was sent is there when it is received: a tool that looks for races sees
/// nothing else that both threads touch.
void kept_target::bind(operands&) const noexcept { mark_submitted(ring.get()); }

inbox_address address_access::of(const message_queue& queue) noexcept {
  inbox_address made;
  made.ring_ = queue.address();
  made.number_ = queue.number();
  return made;
}

operands address_access::operands_of(const inbox_address& to, const char* operation,
                                     const std::source_location& where) {
  if (to.ring_ == nullptr)
    throw misuse(operation, "the address is nobody's: take an inbox's address()", where);
  return {.fd = to.ring_->number(), .offset = to.number_};
}

// ---- receive

receive_base::receive_base(const char* kind, std::shared_ptr<message_queue> from,
                           std::source_location where) noexcept
    : operation(kind, where), from_(std::move(from)) {}

receive_base::~receive_base() {
  if (has_told_) from_->dispose(told_);
}

std::string receive_base::object() const { return "inbox " + std::to_string(from_->number()); }

void receive_base::start() {
  from_->ring().require_open(kind(), where());
  if (context() != nullptr && context() != &from_->ring())
    throw misuse(kind(), "its ring is another loop than the one that the task runs on", where());
  from_->begin(*this);
}

void receive_base::cancel() noexcept { from_->cancel(); }
void receive_base::throw_canceled() const { throw error(-ECANCELED, kind(), object(), where()); }

void receive_base::got(message told) noexcept {
  told_ = told;
  has_told_ = true;
  complete();
}

message receive_base::take() {
  finish();
  has_told_ = false;
  return told_;
}

// ---- inbox

any_inbox::any_inbox(std::shared_ptr<message_queue> queue) noexcept
    : queue_(std::move(queue)), address_(address_access::of(*queue_)) {}

any_inbox& any_inbox::operator=(any_inbox&& other) noexcept {
  any_inbox taken(std::move(other));
  std::swap(queue_, taken.queue_);
  std::swap(address_, taken.address_);
  return *this;
}

any_inbox::~any_inbox() {
  if (queue_ != nullptr) queue_->abort();
}

const std::shared_ptr<message_queue>& any_inbox::queue(const char* operation,
                                                       const std::source_location& where) const {
  if (queue_ == nullptr) throw misuse(operation, "it was moved from: use the one it was moved to", where);
  return queue_;
}

std::size_t any_inbox::size() const noexcept { return queue_ == nullptr ? 0 : queue_->size(); }
std::size_t any_inbox::lost() const noexcept { return queue_ == nullptr ? 0 : queue_->lost(); }

}  // namespace detail

namespace {

using detail::kept_target;
using detail::opcode;
using detail::operands;
using detail::ring_core;

constexpr opcode message_code{
    .kind = "send_message",
    .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      return gauntlet_uring_queue_msg_ring(ring, entry, on.fd, on.length, on.offset, 0);
    }};
constexpr opcode flagged_message_code{
    .kind = "send_message",
    .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      return gauntlet_uring_queue_msg_ring_cqe_flags(ring, entry, on.fd, on.length, on.offset, 0,
                                                     static_cast<unsigned>(on.flags));
    }};

}  // namespace

inbox::inbox(ring& on, std::source_location where)
    : any_inbox(std::make_shared<detail::message_queue>(ring_core::of(on, "inbox", where), "inbox", where)) {}

detail::ring_operation<void, kept_target> send_message(ring& from, const inbox_address& to,
                                                       std::int32_t value, const message_options& options,
                                                       std::source_location where) {
  operands on = detail::address_access::operands_of(to, message_code.kind, where);
  on.length = static_cast<std::uint32_t>(value);
  on.flags = static_cast<int>(options.flags.value_or(0));
  return {ring_core::of(from, message_code.kind, where),
          options.flags ? flagged_message_code : message_code,
          on,
          detail::no_value,
          where,
          detail::address_access::keep(to)};
}

}  // namespace gauntlet::uring
