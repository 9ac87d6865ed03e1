#pragma once
/// Tasks that run beside the one that started them, and never longer than a block of it.
///
///   co_await gauntlet::with_scope([&](gauntlet::scope& peers) -> gauntlet::task<> {
///     for (;;) peers.spawn(echo(co_await listener.accept()));
///   });
///
/// A destructor cannot wait. So a scope is only given to a function, and with_scope() goes on when that has
/// ended and all that it has spawned.

#include <concepts>
#include <cstddef>
#include <deque>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

#include "gauntlet/detail/task_group.hpp"
#include "gauntlet/task.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {

class scope;
template <class T>
class scope_of;

namespace detail {

template <class Scope, class Body>
std::invoke_result_t<Body&, Scope&> in_scope(Body body);

/// Keeps a function as long as the task it makes: a lambda that is a coroutine has its captures in itself.
template <class Function>
std::invoke_result_t<Function&> call_and_keep(Function function) {
  chain_link& self = co_await this_link();
  self.internal = true;
  co_return co_await function();
}

class join_and_throw : public join_operation {
 public:
  using join_operation::join_operation;
  void await_resume() {
    finish();
    group().rethrow(false);
  }
};

}  // namespace detail

template <class Function, class T>
concept makes_task = std::invocable<Function&> && std::same_as<std::invoke_result_t<Function&>, task<T>>;

/// Of tasks without a result. All calls from the loop's thread, by its own tasks or by callbacks.
///
/// Errors: the first task that fails (or the body) has all others cancelled, and its error comes out of
/// join() and of with_scope(), itself, when all have ended. operation_canceled that comes of such a request
/// is no error. Further errors go to execution_context::take_suppressed_errors(), and dump() shows them.
class scope {
 public:
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;

  /// Runs it until it waits for the first time; then both go on. Of one that has ended nothing is left: a
  /// scope may spawn for ever.
  void spawn(task<void> work, std::source_location where = std::source_location::current()) {
    group_.start(std::move(work), where);
  }
  /// Calls a function that makes a task, and keeps the function until it has ended: for lambdas with
  /// captures.
  template <class Function>
    requires makes_task<Function, void>
  void spawn(Function work, std::source_location where = std::source_location::current()) {
    group_.start(detail::call_and_keep(std::move(work)), where);
  }

  /// `co_await peers.join()`: until none of its tasks runs. Throws the first error.
  [[nodiscard]] auto join(std::source_location where = std::source_location::current()) noexcept {
    return detail::join_and_throw(group_, "scope::join", where);
  }
  /// Cancels its tasks and the body. If nothing else was wrong, with_scope() then ends as if they had ended
  /// by themselves (and throws operation_canceled only if the body owes it a value).
  void request_stop() noexcept { group_.stop().request_stop(); }
  /// How many of its tasks run.
  std::size_t size() const noexcept { return group_.running(); }

 private:
  template <class Scope, class Body>
  friend std::invoke_result_t<Body&, Scope&> detail::in_scope(Body body);
  template <class T>
  friend class scope_of;

  explicit scope(detail::chain_link& owner) noexcept : group_(owner) {}

  detail::task_group group_;
};

/// Of tasks that give a T each, which join() gives in the order in which they were spawned.
template <class T>
class scope_of {
 public:
  scope_of(const scope_of&) = delete;
  scope_of& operator=(const scope_of&) = delete;

  /// As scope::spawn(). Its result is kept until the next join().
  void spawn(task<T> work, std::source_location where = std::source_location::current()) {
    all_.group_.start(detail::put_into(results_.emplace_back(), std::move(work)), where);
  }
  template <class Function>
    requires makes_task<Function, T>
  void spawn(Function work, std::source_location where = std::source_location::current()) {
    spawn(detail::call_and_keep(std::move(work)), where);
  }

  /// The results of all that were spawned since the last join(), as std::vector<T>. Throws the first error.
  [[nodiscard]] auto join(std::source_location where = std::source_location::current()) noexcept {
    return join_results(*this, where);
  }
  void request_stop() noexcept { all_.request_stop(); }
  std::size_t size() const noexcept { return all_.size(); }

 private:
  template <class Scope, class Body>
  friend std::invoke_result_t<Body&, Scope&> detail::in_scope(Body body);

  class join_results : public detail::join_operation {
   public:
    join_results(scope_of& joined, std::source_location where) noexcept
        : join_operation(joined.all_.group_, "scope_of::join", where), results_(joined.results_) {}
    std::vector<T> await_resume() {
      finish();
      group().rethrow(false);
      std::vector<T> all;
      all.reserve(results_.size());
      for (detail::slot<T>& result : results_) all.push_back(result.take());
      results_.clear();
      return all;
    }

   private:
    std::deque<detail::slot<T>>& results_;
  };

  explicit scope_of(detail::chain_link& owner) noexcept : all_(owner) {}

  std::deque<detail::slot<T>> results_;  // whose elements stay where they are
  scope all_;
};

namespace detail {

template <class Scope, class Body>
std::invoke_result_t<Body&, Scope&> in_scope(Body body) {
  using result_type = await_result<std::invoke_result_t<Body&, Scope&>>;
  chain_link& self = co_await this_link();
  self.internal = true;
  self.role = "with_scope";
  Scope tasks(self);
  task_group* group = nullptr;
  if constexpr (std::same_as<Scope, scope>)
    group = &tasks.group_;
  else
    group = &tasks.all_.group_;
  self.stop = &group->stop();
  slot<result_type> result;
  bool ended = false;
  try {
    if constexpr (std::is_void_v<result_type>)
      co_await body(tasks);
    else
      result.set(co_await body(tasks));
    ended = true;
  } catch (...) {
    group->failed(std::current_exception());
  }
  co_await group->join(self.place());
  group->rethrow(ended);
  if constexpr (!std::is_void_v<result_type>) {
    if (!ended) std::rethrow_exception(group->canceled());
    co_return result.take();
  }
}

template <class Body, class Scope>
concept scope_body = std::invocable<Body&, Scope&> && is_task<std::invoke_result_t<Body&, Scope&>>;

}  // namespace detail

/// `co_await with_scope(body)`: calls body(scope&), which makes a task, and goes on with its value when that
/// and all that was spawned have ended. The body is kept as long. If the one that awaits is cancelled, all
/// are.
template <class Body>
  requires detail::scope_body<Body, scope>
auto with_scope(Body body) {
  return detail::in_scope<scope>(std::move(body));
}
/// The same, with a scope_of<T>.
template <class T, class Body>
  requires detail::scope_body<Body, scope_of<T>>
auto with_scope_of(Body body) {
  return detail::in_scope<scope_of<T>>(std::move(body));
}

}  // namespace gauntlet

#pragma GCC visibility pop
