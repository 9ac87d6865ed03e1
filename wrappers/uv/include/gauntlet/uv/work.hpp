#pragma once
/// uv_queue_work: a function on libuv's thread pool, and what comes of it on the loop's thread.

#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>

#include "gauntlet/callback.hpp"
#include "gauntlet/detail/slot.hpp"
#include "gauntlet/uv/completion.hpp"
#include "gauntlet/uv/loop.hpp"
#include "gauntlet/uv/request.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// What a function on the thread pool came to.
template <class T>
class [[nodiscard]] work_result {
 public:
  explicit work_result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  explicit work_result(std::exception_ptr thrown) : state_(std::in_place_index<1>, std::move(thrown)) {}

  /// It returned. Else it threw, or was cancelled before it began.
  explicit operator bool() const noexcept { return state_.index() == 0; }
  /// The value; or throws what the function threw, or uv::error of operation_canceled.
  T get() && {
    if (const auto* const thrown = std::get_if<1>(&state_)) std::rethrow_exception(*thrown);
    return std::move(*std::get_if<0>(&state_));
  }

 private:
  std::variant<T, std::exception_ptr> state_;
};

template <>
class [[nodiscard]] work_result<void> {
 public:
  work_result() noexcept = default;
  explicit work_result(std::exception_ptr thrown) noexcept : thrown_(std::move(thrown)) {}

  explicit operator bool() const noexcept { return !thrown_; }
  void get() && {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  std::exception_ptr thrown_;
};

namespace detail {

/// failure: what the work threw, or how libuv refused it; null if it returned.
struct queued_work {
  virtual ~queued_work() = default;
  virtual void run() = 0;                                            // on the thread pool
  virtual void end(std::exception_ptr failure, bool cancelled) = 0;  // on the loop's thread
};

request queue(loop& loop, std::unique_ptr<queued_work> work, std::source_location where);

/// Work that lives in the coroutine that awaits it.
class offloaded : public request_wait, private queued_work {
 protected:
  offloaded(loop_core& loop, std::source_location where) noexcept : request_wait(loop, "offload", where) {}
  offloaded(offloaded&&) noexcept = default;
  ~offloaded() override = default;

 private:
  void start() final;
  void end(std::exception_ptr failure, bool cancelled) final;
};

template <class Work>
class [[nodiscard]] offload_operation final : public offloaded {
 public:
  using value = std::invoke_result_t<Work&>;

  offload_operation(loop_core& loop, Work&& work, std::source_location where)
      : offloaded(loop, where), work_(std::move(work)) {}
  offload_operation(offload_operation&& other) : offloaded(std::move(other)), work_(std::move(other.work_)) {}
  ~offload_operation() override { leave(); }
  value await_resume() {
    finish();
    return value_.take();
  }

 private:
  void run() override {
    if constexpr (std::is_void_v<value>)
      work_();
    else
      value_.set(work_());
  }

  Work work_;
  gauntlet::detail::slot<value> value_;
};

loop_core& core_of(loop& loop, const char* operation, const std::source_location& where);

template <class Work, class After>
class queued final : public queued_work {
 public:
  using value = std::invoke_result_t<Work&>;
  using result = work_result<value>;

  queued(Work work, After after) : work_(std::move(work)), after_(std::move(after)) {}

  void run() override {
    if constexpr (std::is_void_v<value>)
      work_();
    else
      value_.emplace(work_());
  }
  void end(std::exception_ptr failure, bool cancelled) override {
    if constexpr (std::is_invocable_v<After&, result>) {
      if (failure)
        after_(result(std::move(failure)));
      else if constexpr (std::is_void_v<value>)
        after_(result());
      else
        after_(result(std::move(*value_)));
    } else {
      if (cancelled) return;
      if (failure) std::rethrow_exception(failure);
      if constexpr (takes_value<After, value>::value)
        after_(std::move(*value_));
      else
        after_();
    }
  }

 private:
  Work work_;
  After after_;
  std::optional<std::conditional_t<std::is_void_v<value>, std::monostate, value>> value_;
};

}  // namespace detail

/// Runs work on a thread of the pool, then after on the loop's thread. work must not touch the loop or what
/// belongs to it. after is called with work_result<R>, R being what work returns; or with the R alone, or
/// with nothing: then only if work returned, what it throws comes out of run() as itself, and a cancelled one
/// ends silently. Both are moved in and live until the end. A request that has begun cannot be cancelled, and
/// the loop's end waits for it.
template <class Work, class After = no_callback>
  requires std::is_invocable_v<std::decay_t<Work>&>
request queue_work(loop& loop, Work&& work, After&& after = {},
                   std::source_location where = std::source_location::current()) {
  using queued = detail::queued<std::decay_t<Work>, std::decay_t<After>>;
  static_assert(std::is_invocable_v<std::decay_t<After>&, typename queued::result> ||
                    detail::takes_value<std::decay_t<After>, typename queued::value>::value ||
                    std::is_invocable_v<std::decay_t<After>&>,
                "after must take uv::work_result<R>, R, or nothing");
  if (gauntlet::detail::holds_nothing<std::decay_t<Work>>(work) ||
      gauntlet::detail::holds_nothing<std::decay_t<After>>(after))
    throw misuse("queue_work", "there is nothing to call: give it a callable", where);
  return detail::queue(loop, std::make_unique<queued>(std::forward<Work>(work), std::forward<After>(after)),
                       where);
}

/// `auto sum = co_await offload(loop, [&] { return slow_sum(numbers); })`: the same for a coroutine, with no
/// memory but its own. What work throws comes out of there, itself. Cancelled before a thread has taken it,
/// it is not run; else its end is awaited: let long work look at this_task::get_stop_token().
template <class Work>
  requires std::is_invocable_v<std::decay_t<Work>&>
detail::offload_operation<std::decay_t<Work>> offload(
    loop& loop, Work&& work, std::source_location where = std::source_location::current()) {
  if (gauntlet::detail::holds_nothing<std::decay_t<Work>>(work))
    throw misuse("offload", "there is nothing to call: give it a callable", where);
  return {detail::core_of(loop, "offload", where), std::decay_t<Work>(std::forward<Work>(work)), where};
}

}  // namespace gauntlet::uv

#pragma GCC visibility pop
