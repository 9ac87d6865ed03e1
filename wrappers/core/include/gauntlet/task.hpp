#pragma once
/// A function that waits for others without holding its thread: a coroutine that belongs to whoever awaits
/// it.
///
///   gauntlet::task<std::size_t> copy(source& from, sink& to) {
///     while (std::optional<std::string> line = co_await from.receive()) co_await to.send(*line);
///   }
///
/// Nothing runs before it is awaited, or given to scope::spawn() or run(). One that is destroyed before has
/// done nothing. It is awaited once, as an rvalue: `co_await copy(a, b)` or `co_await std::move(copying)`;
/// its value or the very exception that left it comes out of there. It inherits from the one that awaits it
/// where it runs (execution_context), and the request to stop.
///
/// Its frame is its only allocation. What a task is given by reference must outlive the co_await, and so must
/// a lambda that is a coroutine itself: it is the lambda that holds the captures, not the frame. Keep the
/// lambda in a variable, or hand it over uncalled to scope::spawn().

#include <concepts>
#include <coroutine>
#include <exception>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include "gauntlet/detail/awaitable.hpp"
#include "gauntlet/detail/chain.hpp"
#include "gauntlet/detail/resume.hpp"
#include "gauntlet/detail/slot.hpp"
#include "gauntlet/detail/stop_state.hpp"
#include "gauntlet/error.hpp"
#include "gauntlet/execution_context.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {

template <class T>
class task;

namespace detail {

class task_group;

/// Awaits an awaiter where it stands in the frame: GCC moves one that is a temporary to another place there
/// first, with all that its construction and destruction cost.
template <class Awaiter>
class in_place {
 public:
  explicit in_place(Awaiter& awaited) noexcept : awaited_(awaited) {}

  bool await_ready() { return awaited_.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> coroutine) {
    return awaited_.await_suspend(coroutine);
  }
  decltype(auto) await_resume() { return awaited_.await_resume(); }

 private:
  Awaiter& awaited_;
};

class promise_base : public chain_link {
 public:
  promise_base(const promise_base&) = delete;
  promise_base& operator=(const promise_base&) = delete;

  static std::suspend_always initial_suspend() noexcept { return {}; }
  auto final_suspend() const noexcept { return final_awaiter(); }
  void unhandled_exception() noexcept { failure_ = std::current_exception(); }

  template <class Awaitable>
  decltype(auto) await_transform(Awaitable&& awaitable,
                                 std::source_location at = std::source_location::current()) noexcept {
    where = at;
    if constexpr (has_member_co_await<Awaitable> || has_free_co_await<Awaitable>)
      return std::forward<Awaitable>(awaitable);
    else
      return in_place<std::remove_reference_t<Awaitable>>(awaitable);
  }
  static this_link&& await_transform(this_link&& asked) noexcept { return std::move(asked); }
  /// A task is awaited once: write co_await std::move(task).
  template <class T>
  void await_transform(task<T>&) = delete;
  template <class T>
  void await_transform(const task<T>&) = delete;

  void be_awaited(std::coroutine_handle<> by, chain_link* link) noexcept {
    continuation_ = by;
    if (link != nullptr) inherit(*link);
    if (context == nullptr) adopt_current_context();
  }
  bool is_awaited() const noexcept { return continuation_ != nullptr; }
  void be_started(task_group& group) noexcept { group_ = &group; }

 protected:
  promise_base() noexcept = default;
  ~promise_base() = default;
  void rethrow() {
    if (failure_) [[unlikely]]
      std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  friend class task_group;

  struct final_awaiter {
    static constexpr bool await_ready() noexcept { return false; }
    template <class Promise>
    transferred await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      promise_base& promise = ended.promise();
      if (promise.group_ == nullptr) return transfer(ended, promise.continuation_);
      end_in_group(ended, promise);
      return transfer_to_nobody();
    }
    static void await_resume() noexcept {}
  };

  /// Destroys the frame.
  static void end_in_group(std::coroutine_handle<> ended, promise_base& promise) noexcept;

  std::coroutine_handle<> continuation_;
  task_group* group_ = nullptr;  // then nobody awaits it
  std::exception_ptr failure_;
};

template <class T>
class task_promise final : public promise_base {
 public:
  task<T> get_return_object() noexcept;
  template <class U = T>
    requires std::convertible_to<U&&, T>
  void return_value(U&& value) {
    value_.set(std::forward<U>(value));
  }
  T result() {
    rethrow();
    return value_.take();
  }

 private:
  slot<T> value_;
};

template <>
class task_promise<void> final : public promise_base {
 public:
  task<void> get_return_object() noexcept;
  static void return_void() noexcept {}
  void result() { rethrow(); }
};

template <class T>
class task_awaiter;

}  // namespace detail

template <class T = void>
class [[nodiscard]] task {
 public:
  using promise_type = detail::task_promise<T>;

  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    task old(std::move(other));
    std::swap(coroutine_, old.coroutine_);
    return *this;
  }
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }

  /// Once. Of one that was moved from or awaited before it throws misuse.
  detail::task_awaiter<T> operator co_await() && noexcept;

  /// The name that it has in dump() and in errors; see named().
  void set_name(std::string name, std::source_location where = std::source_location::current()) {
    require("task::set_name", where).name = std::move(name);
  }

 private:
  friend class detail::task_promise<T>;
  friend class detail::task_awaiter<T>;
  friend class detail::task_group;

  explicit task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}
  promise_type& require(const char* operation, const std::source_location& where) const {
    if (!coroutine_ || coroutine_.promise().is_awaited())
      throw misuse(operation,
                   "the task was moved from or awaited before: call its function again for another", where);
    return coroutine_.promise();
  }

  std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
class [[nodiscard]] task_awaiter {
 public:
  explicit task_awaiter(task<T>&& awaited) noexcept : task_(std::move(awaited)) {}

  static constexpr bool await_ready() noexcept { return false; }
  template <class Promise>
  transferred await_suspend(std::coroutine_handle<Promise> by) {
    return suspend(by, link_of(by));
  }
  transferred suspend(std::coroutine_handle<> by, chain_link* link) {
    task_.require("co_await", link != nullptr ? link->where : std::source_location()).be_awaited(by, link);
    return transfer(by, task_.coroutine_);
  }
  T await_resume() { return task_.coroutine_.promise().result(); }

 private:
  task<T> task_;
};

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

template <class T>
constexpr bool is_task = false;
template <class T>
constexpr bool is_task<task<T>> = true;

/// An awaitable of any kind as a task.
template <awaitable Awaitable>
auto as_task(Awaitable awaitable) -> task<await_result<Awaitable>> {
  chain_link& self = co_await this_link();
  self.internal = true;
  co_return co_await std::move(awaitable);
}
template <class T>
task<T> as_task(task<T> given) noexcept {
  return given;
}

/// As an awaiter of ours, movable before it is awaited.
template <class Awaitable>
auto linked(Awaitable&& awaitable) {
  using given = std::remove_cvref_t<Awaitable>;
  if constexpr (is_task<given>)
    return std::forward<Awaitable>(awaitable).operator co_await();
  else if constexpr (linked_awaiter<given>)
    return given(std::forward<Awaitable>(awaitable));
  else
    return as_task(given(std::forward<Awaitable>(awaitable))).operator co_await();
}
template <class Awaitable>
using linked_type = decltype(linked(std::declval<Awaitable>()));

/// Puts the result of an awaitable where it is asked for.
template <class T, awaitable Awaitable>
task<void> put_into(slot<T>& result, Awaitable awaitable) {
  chain_link& self = co_await this_link();
  self.internal = true;
  if constexpr (std::is_void_v<T>)
    co_await std::move(awaitable);
  else
    result.set(co_await std::move(awaitable));
}

}  // namespace detail

template <class T>
detail::task_awaiter<T> task<T>::operator co_await() && noexcept {
  return detail::task_awaiter<T>(std::move(*this));
}

/// Gives a task the name that dump() and errors show it by: `co_await named("handler 17", handle(peer))`.
template <class T>
task<T> named(std::string name, task<T> work, std::source_location where = std::source_location::current()) {
  work.set_name(std::move(name), where);
  return work;
}
/// Another awaitable, as a task of that name.
template <detail::awaitable Awaitable>
  requires(!detail::is_task<std::remove_cvref_t<Awaitable>>)
auto named(std::string name, Awaitable&& awaitable) {
  auto work = detail::as_task(std::remove_cvref_t<Awaitable>(std::forward<Awaitable>(awaitable)));
  work.set_name(std::move(name));
  return work;
}

/// Runs the loop until the task has ended; its value, or the exception that left it. What a callback of the
/// loop's throws meanwhile cancels the task, and comes out of here when that has ended.
///
/// A task that waits although nothing is in flight that could wake it is cancelled, and run() throws an error
/// whose code is std::errc::resource_deadlock_would_occur and whose message is the dump of what it waits for.
/// (Should it even then not end, the program does, with that message.) Not from inside a task or callback of
/// the same loop: await the task there.
template <class T>
T run(execution_context& context, task<T> work,
      std::source_location where = std::source_location::current()) {
  detail::slot<T> result;
  detail::run_to_the_end(context, detail::put_into(result, std::move(work)), where);
  return result.take();
}

/// A loop that has an execution_context: uv::loop, uring::ring. It may be destroyed by its own tasks: it ends
/// when run() returns.
template <class Loop, class T>
  requires requires(Loop& loop, const std::source_location& where) {
    { loop.context(where) } -> std::convertible_to<execution_context&>;
  }
T run(Loop& loop, task<T> work, std::source_location where = std::source_location::current()) {
  return run(static_cast<execution_context&>(loop.context(where)), std::move(work), where);
}

/// What the task that runs knows of itself. Awaiting these never suspends; in a coroutine of another type
/// they answer that nobody stops it, and the loop that runs on this thread.
namespace this_task {
namespace detail {

template <class Answer>
class [[nodiscard]] question {
 public:
  explicit question(Answer (*answer)(gauntlet::detail::chain_link*)) noexcept : answer_(answer) {}

  static constexpr bool await_ready() noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> asking) noexcept {
    return suspend(asking, gauntlet::detail::link_of(asking));
  }
  bool suspend(std::coroutine_handle<>, gauntlet::detail::chain_link* link) noexcept {
    link_ = link;
    return false;
  }
  Answer await_resume() const { return answer_(link_); }

 private:
  Answer (*answer_)(gauntlet::detail::chain_link*);
  gauntlet::detail::chain_link* link_ = nullptr;
};

}  // namespace detail

/// `co_await this_task::stop_requested()`: whether it is asked to stop. Operations ask for themselves; this
/// is for long work between two of them.
inline auto stop_requested() noexcept {
  return detail::question<bool>(+[](gauntlet::detail::chain_link* link) {
    return link != nullptr && link->stop != nullptr && link->stop->requested();
  });
}

/// `co_await this_task::get_stop_token()`: for work that looks at a token, on this thread or another one. The
/// first time for a scope or a timeout it allocates.
inline auto get_stop_token() noexcept {
  return detail::question<stop_token>(+[](gauntlet::detail::chain_link* link) {
    return link != nullptr && link->stop != nullptr ? link->stop->token() : stop_token();
  });
}

/// `co_await this_task::context()`: where it runs. Nowhere (a coroutine of another type outside of a loop):
/// nullptr.
inline auto context() noexcept {
  return detail::question<execution_context*>(+[](gauntlet::detail::chain_link* link) {
    return link != nullptr && link->context != nullptr ? link->context : execution_context::current();
  });
}

}  // namespace this_task
}  // namespace gauntlet

#pragma GCC visibility pop
