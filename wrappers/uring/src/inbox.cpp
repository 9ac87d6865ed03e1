#include "gauntlet/uring/inbox.hpp"

#include <fcntl.h>
#include <gauntlet/shim/uring.h>
#include <liburing.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <new>

#include "gauntlet/memory_checker.hpp"
#include "inbox_block.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring {
namespace detail {

/// A descriptor of the ring's own kind, so that a message never finds another file under its number.
class shared_descriptor {
 public:
  explicit shared_descriptor(int number) noexcept : number_(number) {}
  shared_descriptor(const shared_descriptor&) = delete;
  shared_descriptor& operator=(const shared_descriptor&) = delete;
  ~shared_descriptor() { ::close(number_); }
  int number() const noexcept { return number_; }

 private:
  int number_;
};

class message_queue final : public inbox_block {
 public:
  message_queue(ring_core& ring, const shared_descriptor& address) : ring_(ring), address_(address) {
    ring.add(*this);
  }
  message_queue(const message_queue&) = delete;
  message_queue& operator=(const message_queue&) = delete;
  ~message_queue() override = default;

  ring_core& ring() const noexcept { return *ring_; }
  std::size_t size() const noexcept { return waiting_.size(); }
  std::size_t lost() const noexcept { return lost_; }

  void begin(receive_operation& receiver) {
    if (receiver_ != nullptr)
      throw misuse(receiver.kind(), "another task receives from this inbox: make one for each",
                   receiver.where());
    if (!is_linked()) throw misuse(receiver.kind(), "the inbox, or its ring, is closed", receiver.where());
    if (!waiting_.empty()) {
      receiver.received_ = waiting_.front();
      waiting_.pop_front();
      return receiver.complete();
    }
    receiver_ = &receiver;
    ring().guard_added();
  }
  void end() noexcept {
    receiver_ = nullptr;
    ring().guard_removed();
  }

  void received(completion told) noexcept override {
    mark_completed(&address_);
    const message one{.value = told.res, .flags = told.flags};
    if (receiver_ != nullptr) {
      receive_operation& receiver = *receiver_;
      end();
      receiver.received_ = one;
      return receiver.complete();
    }
    try {
      waiting_.push_back(one);
    } catch (const std::bad_alloc&) {
      ++lost_;
    }
  }
  void abort() noexcept override {
    unlink();
    cancel();
  }
  void cancel() noexcept {
    if (receiver_ == nullptr) return;
    receive_operation& receiver = *receiver_;
    end();
    receiver.complete_canceled();
  }

 private:
  ring_use ring_;
  const shared_descriptor& address_;  // of the inbox: only its address counts here
  std::deque<message> waiting_;
  receive_operation* receiver_ = nullptr;
  std::size_t lost_ = 0;
};

/// What was written before a message was sent is there when it is received: a tool that looks for races sees
/// nothing else that both threads touch.
void kept_target::bind(operands&) const noexcept { mark_submitted(ring.get()); }

receive_operation::receive_operation(std::shared_ptr<message_queue> from, std::source_location where) noexcept
    : operation("inbox::receive", where), from_(std::move(from)) {}

std::string receive_operation::object() const { return "inbox " + std::to_string(from_->number()); }

void receive_operation::start() {
  from_->ring().require_open(kind(), where());
  if (context() != nullptr && context() != &from_->ring())
    throw misuse(kind(), "its ring is another loop than the one that the task runs on", where());
  from_->begin(*this);
}

void receive_operation::cancel() noexcept { from_->cancel(); }
void receive_operation::throw_canceled() const { throw error(-ECANCELED, kind(), object(), where()); }

message receive_operation::await_resume() {
  finish();
  return received_;
}

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
constexpr opcode file_code{
    .kind = "send_registered_file",
    .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      return gauntlet_uring_queue_msg_ring_fd_alloc(ring, entry, on.fd, on.second_fd, on.offset, 0);
    }};

void require_somebody(const std::shared_ptr<detail::shared_descriptor>& ring, const char* operation,
                      const std::source_location& where) {
  if (ring == nullptr) throw misuse(operation, "the address is nobody's: take an inbox's address()", where);
}

}  // namespace

inbox::inbox(ring& on, std::source_location where) {
  ring_core& core = ring_core::of(on, "inbox", where);
  const int number = fcntl(on.native_descriptor(where), F_DUPFD_CLOEXEC, 0);
  if (number < 0) throw error(-errno, "inbox", "ring", where);
  try {
    address_.ring_ = std::make_shared<detail::shared_descriptor>(number);
  } catch (...) {
    ::close(number);
    throw;
  }
  queue_ = std::make_shared<detail::message_queue>(core, *address_.ring_);
  address_.number_ = queue_->number();
}

inbox& inbox::operator=(inbox&& other) noexcept {
  inbox taken(std::move(other));
  std::swap(queue_, taken.queue_);
  std::swap(address_, taken.address_);
  return *this;
}

inbox::~inbox() {
  if (queue_ != nullptr) queue_->abort();
}

detail::receive_operation inbox::receive(std::source_location where) {
  if (queue_ == nullptr)
    throw misuse("inbox::receive", "it was moved from: use the one it was moved to", where);
  return {queue_, where};
}

std::size_t inbox::size() const noexcept { return queue_ == nullptr ? 0 : queue_->size(); }
std::size_t inbox::lost() const noexcept { return queue_ == nullptr ? 0 : queue_->lost(); }

detail::ring_operation<void, kept_target> send_message(ring& from, const inbox_address& to,
                                                       std::int32_t value, const message_options& options,
                                                       std::source_location where) {
  require_somebody(to.ring_, message_code.kind, where);
  return {ring_core::of(from, message_code.kind, where),
          options.flags ? flagged_message_code : message_code,
          {.fd = to.ring_->number(),
           .flags = static_cast<int>(options.flags.value_or(0)),
           .length = static_cast<std::uint32_t>(value),
           .offset = to.number_},
          detail::no_value,
          where,
          {to.ring_}};
}

detail::ring_operation<void, kept_target> send_registered_file(ring& from, const inbox_address& to,
                                                               std::uint32_t index,
                                                               std::source_location where) {
  require_somebody(to.ring_, file_code.kind, where);
  return {ring_core::of(from, file_code.kind, where),
          file_code,
          {.fd = to.ring_->number(), .second_fd = static_cast<int>(index), .offset = to.number_},
          detail::no_value,
          where,
          {to.ring_}};
}

}  // namespace gauntlet::uring
