#pragma once
/// Runs a program of tasks again and again, and cancels it at its first suspension, its second, and so on,
/// until it comes to its end uncancelled. For any loop.

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <gauntlet/callback.hpp>
#include <gauntlet/detail/operation.hpp>
#include <gauntlet/error.hpp>
#include <gauntlet/execution_context.hpp>
#include <gauntlet/scope.hpp>
#include <gauntlet/task.hpp>
#include <type_traits>
#include <utility>

namespace gauntlet::test {

/// Asks a scope to stop when the k-th operation below it has been started.
class cancel_at final : private suspension_observer {
 public:
  /// at_once: inside of that suspension; else in a later turn of the loop, when others may have ended: then
  /// later(callback) posts to it.
  cancel_at(execution_context& context, std::size_t k) : context_(context), k_(k) {
    outer_ = context.observe(this);
  }
  cancel_at(const cancel_at&) = delete;
  cancel_at& operator=(const cancel_at&) = delete;
  ~cancel_at() { context_.observe(outer_); }

  void target(scope& target, callback<void(callback<void()>)> later) {
    target_ = &target;
    later_ = std::move(later);
  }
  void forget() { target_ = nullptr; }
  std::size_t suspensions() const noexcept { return seen_; }

 private:
  void suspended(const detail::operation&) noexcept override {
    if (target_ == nullptr || ++seen_ != k_) return;
    if (!later_) return target_->request_stop();
    later_([this] {
      if (target_ != nullptr) target_->request_stop();
    });
  }

  execution_context& context_;
  suspension_observer* outer_ = nullptr;
  std::size_t k_;
  std::size_t seen_ = 0;
  scope* target_ = nullptr;
  callback<void(callback<void()>)> later_;
};

template <class Program>
task<void> under_control(Program& program, cancel_at& cancel, callback<void(callback<void()>)> later,
                         bool& finished) {
  struct forget_scope {
    cancel_at& cancel;
    ~forget_scope() { cancel.forget(); }
  } const whatever_happens{cancel};
  const auto body = [&](scope& all) -> task<void> {
    cancel.target(all, std::move(later));
    co_await program();
    finished = true;
    cancel.forget();
  };
  co_await with_scope(body);
}

/// program: makes a task<void>, anew for each run. check(cancelled): what must hold after each. post:
/// nothing, or what makes a callback run in a later turn. Answers how many suspensions the whole program has.
template <class Program, class Check, class Post = std::nullptr_t>
std::size_t cancel_everywhere(execution_context& context, Program program, Check check, Post post = nullptr) {
  for (std::size_t k = 1;; ++k) {
    INFO("cancelled at suspension " << k);
    cancel_at cancel(context, k);
    bool finished = false;
    callback<void(callback<void()>)> later;
    if constexpr (!std::is_same_v<Post, std::nullptr_t>) later = post;
    run(context, under_control(program, cancel, std::move(later), finished));
    CHECK(context.pending().empty());
    check(!finished);
    REQUIRE(k < 100'000);
    if (cancel.suspensions() < k) {
      CHECK(finished);
      return cancel.suspensions();
    }
  }
}

}  // namespace gauntlet::test
