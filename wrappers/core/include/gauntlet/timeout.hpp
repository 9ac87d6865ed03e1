#pragma once
/// Time: sleeping, and giving others no more than some of it. All on the timers of the task's
/// execution_context; they allocate nothing.

#include <chrono>
#include <coroutine>
#include <source_location>
#include <string>
#include <system_error>
#include <utility>

#include "gauntlet/detail/awaitable.hpp"
#include "gauntlet/detail/operation.hpp"
#include "gauntlet/detail/timer_queue.hpp"
#include "gauntlet/error.hpp"
#include "gauntlet/execution_context.hpp"
#include "gauntlet/task.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {
namespace detail {

/// A time to wait for: known, or so much after the beginning of the wait.
class deadline {
 public:
  using clock = execution_context::clock;

  explicit deadline(clock::time_point at) noexcept : at_(at) {}
  template <class Rep, class Period>
  explicit deadline(std::chrono::duration<Rep, Period> after) noexcept
      : at_(saturating_add(clock::time_point(), after)), relative_(true) {}

  clock::time_point from(clock::time_point now) const noexcept {
    return relative_ ? saturating_add(now, at_.time_since_epoch()) : at_;
  }
  std::string text() const;

 private:
  clock::time_point at_;  // or the time since the clock's beginning
  bool relative_ = false;
};

class [[nodiscard]] sleep_operation final : public operation, private timer_node {
 public:
  sleep_operation(const char* kind, deadline until, std::source_location where) noexcept
      : operation(kind, where), until_(until) {}
  // NOLINTBEGIN(bugprone-use-after-move): only the base class is moved
  sleep_operation(sleep_operation&& other) noexcept
      : operation(std::move(other)), timer_node(), until_(other.until_) {}
  // NOLINTEND(bugprone-use-after-move)
  ~sleep_operation() override { leave(); }

  std::string object() const override { return until_.text(); }
  void await_resume() { finish(); }

 private:
  void start() override;
  void cancel() noexcept override;
  void expired() noexcept override { complete(); }

  deadline until_;
};

/// A timer that asks those below a node of the tree of stops to end.
class time_limit final : private timer_node {
 public:
  time_limit(deadline until, const char* name, std::source_location where) noexcept
      : until_(until), name_(name), where_(where) {}
  time_limit(time_limit&& other) noexcept
      : timer_node(), until_(other.until_), name_(other.name_), where_(other.where_) {}

  /// From now on; the link is that of what is limited.
  chain_link* begin(chain_link* awaiting);
  void end() noexcept { disarm(); }
  /// In a handler, of what the limited one has thrown: throws that it took too long, if this is the reason.
  void explain() const;

 private:
  void expired() noexcept override;

  deadline until_;
  const char* name_;
  std::source_location where_;
  chain_link link_;
  stop_state* outer_ = nullptr;
  stop_state stop_;
  bool expired_ = false;
  std::string waited_for_;
};

template <class Inner>
class [[nodiscard]] limited {
 public:
  limited(Inner inner, deadline until, const char* name, std::source_location where)
      : limit_(until, name, where), inner_(std::move(inner)) {}

  static constexpr bool await_ready() noexcept { return false; }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> awaiting) {
    return suspend(awaiting, link_of(awaiting));
  }
  auto suspend(std::coroutine_handle<> awaiting, chain_link* link) {
    return inner_.suspend(awaiting, limit_.begin(link));
  }
  decltype(auto) await_resume() {
    limit_.end();
    try {
      return inner_.await_resume();
    } catch (const std::system_error& failure) {
      if (failure.code() == std::errc::operation_canceled) limit_.explain();
      throw;
    }
  }

 private:
  time_limit limit_;
  Inner inner_;
};

}  // namespace detail

/// `co_await sleep_for(10ms)`
template <class Rep, class Period>
[[nodiscard]] auto sleep_for(std::chrono::duration<Rep, Period> span,
                             std::source_location where = std::source_location::current()) noexcept {
  return detail::sleep_operation("sleep_for", detail::deadline(span), where);
}
[[nodiscard]] inline auto sleep_until(execution_context::clock::time_point time,
                                      std::source_location where = std::source_location::current()) noexcept {
  return detail::sleep_operation("sleep_until", detail::deadline(time), where);
}

/// `auto n = co_await with_timeout(2s, peer.read_some(buffer))`: the result of any awaitable, which is
/// cancelled when it takes longer, and awaited. Then an error comes out whose code is std::errc::timed_out
/// and which says for what it waited; but if it came to its end all the same, its result is what counts. No
/// allocation, but for an awaitable of another house (a frame).
template <class Rep, class Period, class Awaitable>
auto with_timeout(std::chrono::duration<Rep, Period> span, Awaitable&& awaitable,
                  std::source_location where = std::source_location::current()) {
  return detail::limited<detail::linked_type<Awaitable>>(detail::linked(std::forward<Awaitable>(awaitable)),
                                                         detail::deadline(span), "with_timeout", where);
}
/// The same, until a point in time.
template <class Awaitable>
auto with_deadline(execution_context::clock::time_point time, Awaitable&& awaitable,
                   std::source_location where = std::source_location::current()) {
  return detail::limited<detail::linked_type<Awaitable>>(detail::linked(std::forward<Awaitable>(awaitable)),
                                                         detail::deadline(time), "with_deadline", where);
}

}  // namespace gauntlet

#pragma GCC visibility pop
