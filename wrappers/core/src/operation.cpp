#include "gauntlet/detail/operation.hpp"

#include <cstdlib>
#include <sstream>
#include <utility>

#include "gauntlet/detail/resume.hpp"
#include "gauntlet/detail/suspension.hpp"
#include "gauntlet/error.hpp"
#include "gauntlet/execution_context.hpp"
#include "telling.hpp"
#include "watchdog.hpp"

namespace gauntlet::detail {
namespace {

constexpr std::size_t resumed_in_one_turn = 4096;

}  // namespace

[[gnu::tls_model("initial-exec")]] thread_local constinit resumer this_resumer;

namespace {

/// What an outermost scope of this thread has left for a later turn.
intrusive_list<stop_callback, wait_tag>& left_behind() noexcept {
  static thread_local intrusive_list<stop_callback, wait_tag> list;
  return list;
}

}  // namespace

void resume_scope::take_what_was_left() noexcept {
  this_resumer.some_left_ = false;
  ready_.take_all(left_behind());
}

void resume_scope::leave_for(execution_context& later) noexcept {
  left_behind().take_all(ready_);
  this_resumer.some_left_ = true;
  later.resume_later();
}

void resumes_apart::hand_over() noexcept {
  if (around_ != nullptr)
    around_->take_what_was_left();
  else if (execution_context* const outer = execution_context::current())
    outer->resume_later();
  else
    const resume_scope now;  // nobody else would
}

void resume_scope::resume_all() noexcept {
  const std::coroutine_handle<> outer = std::exchange(this_resumer.next_, nullptr);
  const void* const outer_runs = this_resumer.runs_;
  execution_context* later = nullptr;
  for (std::size_t resumed = 0; !ready_.empty() && later == nullptr; ++resumed) {
    if (resumed >= resumed_in_one_turn) [[unlikely]]
      later = execution_context::current();
    // SAFETY: nothing else is put there.
    if (later == nullptr) run(static_cast<operation&>(ready_.pop_front()));
  }
  this_resumer.runs_ = outer_runs;
  this_resumer.next_ = outer;
  if (later != nullptr) [[unlikely]]
    leave_for(*later);
}

void resume_scope::run(operation& next) noexcept {
  if (next.context_ != nullptr && next.context_->watchdog_ != nullptr) [[unlikely]]
    return run_watched(next, *next.context_->watchdog_);
  this_resumer.go_on(next.take_ready());
}

void resume_scope::run_watched(operation& next, watchdog& watching) noexcept {
  const execution_context::holding here(watching, next);
  this_resumer.run(next.take_ready());
}

void operation::resume_now() noexcept {
  const resume_scope now;
  resume_in_turn();
}

bool operation::suspend(std::coroutine_handle<> coroutine, chain_link* link) {
  return suspend_as(coroutine, link, [this] { start(); });
}

void operation::start_failed() noexcept {
  failure_ = std::current_exception();
  state_ = state::done;
}

void operation::tell_suspended() noexcept {
  if (context_->watchdog_ != nullptr) {
    since_ = context_->now();
    context_->watchdog_->suspended(*this);
  }
  if (context_->observer_ != nullptr) context_->observer_->suspended(*this);
}

void operation::refuse_second_time() const {
  throw misuse(kind_, "it is awaited for the second time: call the function again for another one", where_);
}

void operation::complete() {
  if (state_ != state::starting && context_ != nullptr && !context_->is_here()) [[unlikely]]
    context_->refuse_thread(kind_, where_);
  complete_here();
}

pending_operation operation::describe(std::chrono::steady_clock::time_point now) const {
  pending_operation told{.kind = kind_, .object = object(), .age = {}, .where = where_};
  if (context_ != nullptr) told.age = now - since_;
  for (const chain_link* at = link_; at != nullptr; at = at->parent) {
    if (at->internal && at->name.empty() && at->role == nullptr) continue;
    told.chain.push_back({.name = at->name.empty() && at->role != nullptr ? at->role : at->name,
                          .where = at->internal ? std::source_location() : at->where,
                          .started = at->started});
  }
  return told;
}

std::string_view operation::task_name() const noexcept {
  for (const chain_link* at = link_; at != nullptr; at = at->parent)
    if (!at->name.empty()) return at->name;
  return {};
}

void operation::throw_canceled() const {
  throw error(std::make_error_code(std::errc::operation_canceled), kind_, object(), "", where_);
}

void operation::throw_failure() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  throw_canceled();
  std::abort();  // whoever overrides it throws
}

void operation::destroyed_in_flight() const noexcept {
  std::ostringstream told;
  told << describe(context_ != nullptr ? context_->now() : since_);
  end_program(
      "a coroutine is destroyed while it awaits an operation in flight, which still uses its memory. Let "
      "that "
      "come to its end before: make happen what it waits for, or await it in a gauntlet::task, cancel that "
      "and "
      "await it. It is " +
      told.str());
}

}  // namespace gauntlet::detail
