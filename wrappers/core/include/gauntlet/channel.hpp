#pragma once
/// Values from tasks to tasks of one loop, in order, no more than so many at a time on their way.

#include <cstddef>
#include <exception>
#include <optional>
#include <source_location>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "gauntlet/detail/resume.hpp"
#include "gauntlet/detail/waitable.hpp"
#include "gauntlet/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {

/// Any number of tasks send and receive; each value is received once, first come, first served. To be
/// cancelled loses nothing and doubles nothing: a send() that threw has sent nothing, a receive() that threw
/// has taken nothing. All calls from one thread.
template <class T>
class channel : public detail::waitable {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "a value that could throw on its way could be lost: put it in a std::unique_ptr");

 public:
  class send_operation;
  class receive_operation;

  /// capacity: so many values wait in it; 0: send() waits until somebody receives. name: for dump().
  explicit channel(std::size_t capacity, std::string name = {})
      : waitable(std::move(name)), buffer_(capacity) {}
  /// Who waits for it gets a misuse.
  ~channel() {
    const detail::resume_scope together;
    while (!senders_.empty()) fail(senders_.pop_front());
    while (!receivers_.empty()) fail(receivers_.pop_front());
  }

  /// `co_await jobs.send(std::move(job))`: until there is room for it. Of a channel that is closed, before or
  /// meanwhile: an error whose code is std::errc::broken_pipe.
  send_operation send(T value, std::source_location where = std::source_location::current()) {
    return send_operation(*this, std::move(value), where);
  }
  /// The same of a value that stays the caller's, and is moved from only when it is sent. It must outlive the
  /// co_await.
  send_operation send_from(T& value, std::source_location where = std::source_location::current()) noexcept {
    return send_operation(*this, value, where);
  }
  /// `while (std::optional<job> next = co_await jobs.receive())`: nothing when the channel is closed and
  /// empty.
  receive_operation receive(std::source_location where = std::source_location::current()) noexcept {
    return receive_operation(*this, where);
  }

  /// Without waiting. False: there is no room, or it is closed, and value is as it was.
  bool try_send(T& value, std::source_location where = std::source_location::current()) {
    require_thread("channel::try_send", where);
    return !closed_ && put(value);
  }
  std::optional<T> try_receive(std::source_location where = std::source_location::current()) {
    require_thread("channel::try_receive", where);
    return take();
  }

  /// Nothing is sent any more; what is in it is still received. Again: nothing.
  void close(std::source_location where = std::source_location::current()) {
    require_thread("channel::close", where);
    closed_ = true;
    const detail::resume_scope together;
    while (!senders_.empty()) senders_.pop_front().fail_closed();
    while (!receivers_.empty()) receivers_.pop_front().finish_empty();
  }
  bool is_closed() const noexcept { return closed_; }
  /// How many values wait in it.
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return buffer_.size(); }

 private:
  template <class Operation>
  static void fail(Operation& waiting) {
    waiting.fail_with(destroyed(waiting));
  }

  /// Moves value to where it is awaited or has room, or answers false.
  bool put(T& value) noexcept {
    if (!receivers_.empty()) {
      receivers_.pop_front().give(value);
      return true;
    }
    if (size_ == buffer_.size()) return false;
    push(value);
    return true;
  }
  std::optional<T> take() noexcept {
    std::optional<T> value;
    if (size_ != 0) {
      value = std::exchange(buffer_[first_], std::nullopt);
      first_ = (first_ + 1) % buffer_.size();
      --size_;
      if (!senders_.empty()) {
        send_operation& next = senders_.pop_front();
        push(*next.value_);
        next.complete();
      }
    } else if (!senders_.empty()) {
      send_operation& next = senders_.pop_front();
      value.emplace(std::move(*next.value_));
      next.complete();
    }
    return value;
  }
  void push(T& value) noexcept {
    buffer_[(first_ + size_) % buffer_.size()].emplace(std::move(value));
    ++size_;
  }

  std::vector<std::optional<T>> buffer_;  // a ring
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  bool closed_ = false;
  detail::intrusive_list<send_operation, detail::waiter_tag> senders_;
  detail::intrusive_list<receive_operation, detail::waiter_tag> receivers_;
};

template <class T>
class [[nodiscard]] channel<T>::send_operation final : public detail::waiter {
 public:
  send_operation(channel& to, T&& value, std::source_location where) noexcept
      : waiter(to, "channel::send", where), to_(to), own_(std::move(value)) {}
  send_operation(channel& to, T& value, std::source_location where) noexcept
      : waiter(to, "channel::send", where), to_(to), value_(&value) {}
  send_operation(send_operation&&) noexcept = default;
  ~send_operation() override { leave(); }
  void await_resume() { finish(); }

 private:
  friend class channel;

  void start() override {
    to_.require_thread(kind(), where());
    if (own_) value_ = &*own_;
    if (to_.closed_) return fail_closed();
    if (to_.put(*value_))
      complete();
    else
      to_.senders_.push_back(*this);
  }
  void fail_with(std::exception_ptr failure) { complete_failed(std::move(failure)); }
  void fail_closed() { complete_failed(closed(*this)); }

  channel& to_;
  std::optional<T> own_;
  T* value_ = nullptr;  // the caller's, or own_ from start() on
};

template <class T>
class [[nodiscard]] channel<T>::receive_operation final : public detail::waiter {
 public:
  receive_operation(channel& from, std::source_location where) noexcept
      : waiter(from, "channel::receive", where), from_(from) {}
  receive_operation(receive_operation&&) noexcept = default;
  ~receive_operation() override { leave(); }
  std::optional<T> await_resume() {
    finish();
    return std::move(value_);
  }

 private:
  friend class channel;

  void start() override {
    from_.require_thread(kind(), where());
    value_ = from_.take();
    if (value_ || from_.closed_)
      complete();
    else
      from_.receivers_.push_back(*this);
  }
  void give(T& value) noexcept {
    value_.emplace(std::move(value));
    complete();
  }
  void finish_empty() { complete(); }
  void fail_with(std::exception_ptr failure) { complete_failed(std::move(failure)); }

  channel& from_;
  std::optional<T> value_;
};

}  // namespace gauntlet

#pragma GCC visibility pop
