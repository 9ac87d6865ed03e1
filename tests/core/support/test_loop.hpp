#pragma once
/// A small real loop, for the tests of what core does without any C library: the steady clock, timers, and
/// work that is posted from other threads.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <condition_variable>
#include <gauntlet/callback.hpp>
#include <gauntlet/detail/resume.hpp>
#include <gauntlet/error.hpp>
#include <gauntlet/execution_context.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gauntlet::test {

class plain_loop : public execution_context {
 public:
  plain_loop() = default;
  ~plain_loop() override = default;

  clock::time_point now() const noexcept override { return clock::now(); }
  bool on_this_thread() const noexcept override { return thread_ == detail::this_thread(); }
  [[noreturn]] void refuse_thread(const char* operation, const std::source_location& where) const override {
    throw misuse(operation, "called on another thread: post to the loop", where);
  }
  bool turn() override {
    const entered here(*this);
    if (std::exchange(later_, false)) resume_ready();
    std::vector<callback<void()>> now_posted;
    bool timer_is_due = false;
    {
      std::unique_lock lock(mutex_);
      const auto something = [&] {
        return !posted_.empty() || later_ || is_due(wake_at_) || is_due(watch_at_);
      };
      while (!something()) {
        if (!wake_at_ && guards_ == 0) return false;
        if (const std::optional<clock::time_point> next = earlier(wake_at_, watch_at_))
          changed_.wait_until(lock, *next);
        else
          changed_.wait(lock);
      }
      now_posted.swap(posted_);
      timer_is_due = is_due(wake_at_);
      if (timer_is_due) wake_at_.reset();
    }
    if (is_due(watch_at_)) {
      watch_at_.reset();
      check_pending();
    }
    if (timer_is_due) expire_timers();
    for (callback<void()>& work : now_posted) {
      const holding callback_here(*this, "posted callback", {});
      work();
    }
    return true;
  }

  /// Any thread.
  void post(callback<void()> work) {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(work));
    changed_.notify_one();
  }
  /// While there is one, turn() waits for what is posted. On the loop's thread.
  void add_guard() { ++guards_; }
  void remove_guard() { --guards_; }

 private:
  void wake_at(std::optional<clock::time_point> time) noexcept override { wake_at_ = time; }
  void resume_later() noexcept override { later_ = true; }
  bool watch_at(std::optional<clock::time_point> time) noexcept override {
    watch_at_ = time;
    return true;
  }
  bool is_due(const std::optional<clock::time_point>& time) const noexcept { return time && *time <= now(); }
  static std::optional<clock::time_point> earlier(std::optional<clock::time_point> one,
                                                  std::optional<clock::time_point> other) noexcept {
    return one && other ? std::min(*one, *other) : one ? one : other;
  }

  const void* thread_ = detail::this_thread();
  std::optional<clock::time_point> wake_at_;
  std::optional<clock::time_point> watch_at_;
  bool later_ = false;
  int guards_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<callback<void()>> posted_;
};

/// Every test proves that nothing is left.
class test_loop final : public plain_loop {
 public:
  test_loop() = default;
  ~test_loop() override {
    CHECK(pending().empty());
    CHECK(take_suppressed_errors().empty());  // a test that expects some takes them
  }
};

/// The message of the Exception that work throws; "" if it throws none.
template <class Exception, class Work>
std::string thrown_by(Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (const Exception& thrown) {
    return thrown.what();
  }
  return {};
}

/// The code of the error that work throws; none if it throws none.
template <class Work>
std::error_code code_of(Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (const error& thrown) {
    return thrown.code();
  }
  return {};
}

}  // namespace gauntlet::test
