#pragma once
/// How an operation begins and ends, where the compiler sees it: for the sources of a binding whose
/// operations are so short that calls are a good part of them. Everybody else derives from operation and
/// needs none of this.

#include <concepts>
#include <coroutine>

#include "gauntlet/detail/operation.hpp"
#include "gauntlet/detail/resume.hpp"
#include "gauntlet/detail/stop_state.hpp"
#include "gauntlet/execution_context.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::detail {

/// Its coroutine goes on at the end of the outermost resume_scope; now, if there is none.
inline void operation::resume_in_turn() noexcept {
  if (resume_scope* const outermost = this_resumer.outermost_) [[likely]]
    outermost->ready_.push_back(*this);
  else
    resume_now();
}

/// Where it runs, and its branch there. Both nullptr: nowhere.
inline stop_state* operation::find_context(chain_link* link) noexcept {
  if (link == nullptr) [[unlikely]] {
    context_ = execution_context::current();
    return context_ != nullptr ? &context_->waiting_ : nullptr;
  }
  if (link->context == nullptr) [[unlikely]]
    link->adopt_current_context();
  context_ = link->context;
  return link->stop;
}

/// suspend(), of one that is begun by calling begin.
template <std::invocable Begin>
bool operation::suspend_as(std::coroutine_handle<> coroutine, chain_link* link, Begin begin) {
  if (state_ != state::idle) [[unlikely]]
    refuse_second_time();
  coroutine_ = coroutine;
  link_ = link;
  stop_state* const stop = find_context(link);
  if (context_ != nullptr && !context_->is_here()) [[unlikely]]
    context_->refuse_thread(kind_, where_);
  if (stop != nullptr && stop->requested() && !starts_stopped_) [[unlikely]] {
    canceled_ = true;
    state_ = state::done;
    return false;
  }
  state_ = state::starting;
  try {
    begin();
  } catch (...) {
    start_failed();
  }
  if (state_ == state::done) return false;
  if (stop != nullptr) {
    if (stop->requested()) [[unlikely]] {
      cancel();
      if (state_ == state::done) return false;
    }
    stop->add(*this);
  }
  state_ = state::in_flight;
  if (context_ == nullptr) return true;
  since_ = context_->coarse_time();
  number_ = ++context_->begun_;
  if (context_->watchdog_ != nullptr || context_->observer_ != nullptr) [[unlikely]]
    tell_suspended();
  return true;
}

/// complete(), where the caller knows that this is the thread of its context.
inline void operation::complete_here() noexcept {
  if (state_ == state::starting) {
    state_ = state::done;
    return;
  }
  unlink();
  state_ = state::ready;
  resume_in_turn();
}

}  // namespace gauntlet::detail

#pragma GCC visibility pop
