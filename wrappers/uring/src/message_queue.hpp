#pragma once
// An inbox's side of a ring: what has come, and who waits for it.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <utility>

#include "gauntlet/memory_checker.hpp"
#include "gauntlet/uring/inbox.hpp"
#include "inbox_block.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring::detail {

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

class message_queue : public inbox_block {
 public:
  /// operation: as errors name it.
  message_queue(ring_core& ring, const char* operation, const std::source_location& where);
  message_queue(const message_queue&) = delete;
  message_queue& operator=(const message_queue&) = delete;
  ~message_queue() override = default;

  ring_core& ring() const noexcept { return *ring_; }
  const std::shared_ptr<shared_descriptor>& address() const noexcept { return address_; }
  std::size_t size() const noexcept { return waiting_.size(); }
  std::size_t lost() const noexcept { return lost_; }

  void begin(receive_base& receiver) {
    if (receiver_ != nullptr)
      throw misuse(receiver.kind(), "another task receives from this inbox: make one for each",
                   receiver.where());
    if (!is_linked()) throw misuse(receiver.kind(), "the inbox, or its ring, is closed", receiver.where());
    if (!waiting_.empty()) {
      const message first = waiting_.front();
      waiting_.pop_front();
      return receiver.got(first);
    }
    receiver_ = &receiver;
    ring().guard_added();
  }
  void end() noexcept {
    receiver_ = nullptr;
    ring().guard_removed();
  }

  void received(completion told) noexcept override {
    mark_completed(address_.get());
    const message one{.value = told.res, .flags = told.flags};
    if (receiver_ != nullptr) {
      receive_base& receiver = *receiver_;
      end();
      return receiver.got(one);
    }
    try {
      waiting_.push_back(one);
    } catch (const std::bad_alloc&) {
      ++lost_;
      dispose(one);
    }
  }
  void abort() noexcept override {
    unlink();
    for (; !waiting_.empty(); waiting_.pop_front()) dispose(waiting_.front());
    cancel();
  }
  /// Of what came and nobody has taken.
  virtual void dispose(const message& /*untaken*/) noexcept {}
  void cancel() noexcept {
    if (receiver_ == nullptr) return;
    receive_base& receiver = *receiver_;
    end();
    receiver.complete_canceled();
  }

 private:
  ring_use ring_;
  std::shared_ptr<shared_descriptor> address_;
  std::deque<message> waiting_;
  receive_base* receiver_ = nullptr;
  std::size_t lost_ = 0;
};

/// For who makes an address, and who sends there.
struct address_access {
  static inbox_address of(const message_queue& queue) noexcept;
  /// What names it in an entry, and what keeps it; throws misuse where it is nobody's.
  static operands operands_of(const inbox_address& to, const char* operation,
                              const std::source_location& where);
  static kept_target keep(const inbox_address& to) { return {to.ring_}; }
};

}  // namespace gauntlet::uring::detail
