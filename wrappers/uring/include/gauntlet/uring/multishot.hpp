#pragma once
/// One submission, many completions: what comes is awaited one by one.

#include <cstdint>
#include <source_location>
#include <utility>

#include "gauntlet/uring/buffer_ring.hpp"
#include "gauntlet/uring/descriptor.hpp"
#include "gauntlet/uring/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

namespace detail {

class shot_block;

/// `co_await stream.next()`
class shot_wait : public gauntlet::detail::operation {
 public:
  std::string object() const override;

 protected:
  shot_wait(shot_block& on, std::source_location where) noexcept;
  shot_wait(shot_wait&& other) noexcept
      : operation(std::move(other)), block_(std::exchange(other.block_, nullptr)) {}
  ~shot_wait() override;

  shot_block& block() const noexcept { return *block_; }
  /// What has come; throws where that is an error.
  completion take();
  [[noreturn]] void throw_canceled() const final;

 private:
  friend class shot_block;
  void start() final;
  void cancel() noexcept final;
  void got(completion told) noexcept;

  shot_block* block_;
  completion told_;
  bool has_told_ = false;  // and nobody has taken it
};

template <class T>
class [[nodiscard]] next_operation final : public shot_wait {
 public:
  using value_of = T (*)(shot_block&, completion);
  next_operation(shot_block& on, value_of value, std::source_location where) noexcept
      : shot_wait(on, where), value_(value) {}
  next_operation(next_operation&&) noexcept = default;
  ~next_operation() override { leave(); }
  T await_resume() { return value_(block(), take()); }

 private:
  value_of value_;
};

/// poll_stream::update()
class [[nodiscard]] poll_update final : public submitted {
 public:
  poll_update(shot_block& of, poll_events events, std::source_location where);
  poll_update(poll_update&& other) noexcept;
  ~poll_update() override;
  void await_resume();

 private:
  void start() override;
  void bind(operands& into) noexcept override;
  void ended(completion told) noexcept override;

  shot_block* block_;
  poll_events events_;
};

/// Holds the block, which outlives it until the kernel has let go of it.
class shot_owner {
 public:
  explicit shot_owner(shot_block& owned) noexcept : owned_(&owned) {}
  shot_owner(shot_owner&& other) noexcept : owned_(std::exchange(other.owned_, nullptr)) {}
  shot_owner& operator=(shot_owner&& other) noexcept {
    shot_owner taken(std::move(other));
    std::swap(owned_, taken.owned_);
    return *this;
  }
  ~shot_owner() { reset(); }
  void reset() noexcept;
  shot_block& get(const std::source_location& where) const;

 private:
  shot_block* owned_;
};

}  // namespace detail

/// A stream of what one submission brings. It begins with the first next(), and again with one that comes
/// after the kernel has ended it, for want of room or of buffers, or after an error. What comes while nobody
/// waits is kept: of connections no more than 64 and of buffers no more than 16, or what comes before the
/// kernel has heard of it; events become one.
///
/// Where all buffers are out, next() waits until one is given back.
///
/// Destroyed, it is cancelled; what comes nevertheless is closed or given back. What it works on may be
/// closed meanwhile: then next() ends with operation_canceled, after what came before.
template <class T>
class [[nodiscard]] multishot {
 public:
  /// One task at a time awaits it. Cancelled, it has taken nothing.
  detail::next_operation<T> next(std::source_location where = std::source_location::current()) {
    return {owner_.get(where), value_, where};
  }

  /// For the functions that make one.
  multishot(detail::shot_block& block, typename detail::next_operation<T>::value_of value) noexcept
      : owner_(block), value_(value) {}

 protected:
  detail::shot_block& block(const std::source_location& where) const { return owner_.get(where); }

 private:
  detail::shot_owner owner_;
  typename detail::next_operation<T>::value_of value_;
};

/// What happens to a descriptor.
class [[nodiscard]] poll_stream : public multishot<poll_events> {
 public:
  using multishot::multishot;
  /// From now on it is these that are told, by the same submission (IORING_OP_POLL_REMOVE,
  /// IORING_POLL_UPDATE_EVENTS, Linux 5.13); what has come before is told nevertheless.
  detail::poll_update update(poll_events events,
                             std::source_location where = std::source_location::current()) {
    return {block(where), events, where};
  }
};

/// (IORING_OP_POLL_ADD, IORING_POLL_ADD_MULTI.) It is told when something changes: who is told that there is
/// something to read should read all of it.
poll_stream poll_multishot(const descriptor& on, poll_events events,
                           std::source_location where = std::source_location::current());

/// What comes out of a pipe, a terminal or a socket; an empty buffer at the end, and from then on
/// (IORING_OP_READ_MULTISHOT, Linux 6.7, liburing 2.6).
multishot<provided_buffer> read_multishot(const descriptor& on, const buffer_ring& buffers,
                                          std::source_location where = std::source_location::current());

}  // namespace gauntlet::uring

#pragma GCC visibility pop
