#pragma once
/// Who awaits whom: each task has a link that knows the one that awaits it. Along it a task inherits where it
/// runs and what stops it, and a hung program is read.

#include <concepts>
#include <coroutine>
#include <source_location>
#include <string>

#pragma GCC visibility push(default)

namespace gauntlet {

class execution_context;

namespace detail {

class stop_state;

struct chain_link {
  /// This one is awaited by that one, or started by it.
  void inherit(chain_link& from) noexcept {
    parent = &from;
    context = from.context;
    stop = from.stop;
  }

  /// Of one that nobody of ours awaits: it runs on the loop whose callbacks run on this thread now, if any
  /// do.
  void adopt_current_context() noexcept;  // in execution_context.cpp

  /// Where it is awaited in somebody else's code, for one that is internal.
  std::source_location place() const noexcept {
    const chain_link* at = this;
    while (at->internal && at->parent != nullptr) at = at->parent;
    return at->internal ? std::source_location() : at->where;
  }

  chain_link* parent = nullptr;
  execution_context* context = nullptr;
  stop_state* stop = nullptr;    // where it waits in the context's tree, if it has a context: what those that
                                 // it awaits inherit
  std::string name{};            // given by the user
  const char* role = nullptr;    // what it is, if it is one of the library's own: "with_timeout"
  std::source_location where{};  // where it awaits now, or has last
  std::source_location started{};  // by scope::spawn
  bool was_started = false;
  bool internal = false;  // it awaits in our code, which says nothing to its user
};

/// A coroutine type of another house has no link: nullptr.
template <class Promise>
chain_link* link_of(std::coroutine_handle<Promise> coroutine) noexcept {
  if constexpr (std::derived_from<Promise, chain_link>)
    return &coroutine.promise();
  else
    return nullptr;
}

/// `co_await this_link()`: the link of the task that runs, which must be one of ours. Never suspends.
class this_link {
 public:
  static constexpr bool await_ready() noexcept { return false; }
  template <std::derived_from<chain_link> Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
    found_ = &coroutine.promise();
    return false;
  }
  chain_link& await_resume() const noexcept { return *found_; }

 private:
  chain_link* found_ = nullptr;
};

}  // namespace detail
}  // namespace gauntlet

#pragma GCC visibility pop
