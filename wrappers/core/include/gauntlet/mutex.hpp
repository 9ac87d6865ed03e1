#pragma once
/// One task at a time, over its suspensions, too. For tasks of one loop: what threads share needs a
/// std::mutex.

#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "gauntlet/detail/waitable.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {

/// First come, first served. All calls from one thread. To destroy it while it is locked ends the program.
class mutex : public detail::waitable {
 public:
  class guard;
  class lock_operation;

  mutex() noexcept : mutex(std::string()) {}
  /// name: for dump().
  explicit mutex(std::string name) : waitable(std::move(name)) {}
  ~mutex();

  /// `auto guard = co_await accounts.lock()`. To be cancelled changes nothing.
  lock_operation lock(std::source_location where = std::source_location::current()) noexcept;
  std::optional<guard> try_lock(std::source_location where = std::source_location::current());
  bool is_locked() const noexcept { return locked_; }

 private:
  void unlock() noexcept;

  detail::intrusive_list<lock_operation, detail::waiter_tag> waiting_;
  bool locked_ = false;
  std::source_location locked_at_{};
};

/// Unlocks when it is destroyed, on the same thread.
class [[nodiscard]] mutex::guard {
 public:
  guard(guard&& other) noexcept : locked_(std::exchange(other.locked_, nullptr)) {}
  guard& operator=(guard&& other) noexcept {
    guard old(std::move(other));
    std::swap(locked_, old.locked_);
    return *this;
  }
  ~guard() { unlock(); }

  /// Now; again: nothing.
  void unlock() noexcept {
    if (mutex* const held = std::exchange(locked_, nullptr)) held->unlock();
  }
  explicit operator bool() const noexcept { return locked_ != nullptr; }

 private:
  friend class mutex;
  explicit guard(mutex& locked) noexcept : locked_(&locked) {}

  mutex* locked_;
};

class [[nodiscard]] mutex::lock_operation final : public detail::waiter {
 public:
  lock_operation(mutex& on, std::source_location where) noexcept
      : waiter(on, "mutex::lock", where), mutex_(on) {}
  lock_operation(lock_operation&&) noexcept = default;
  ~lock_operation() override {
    leave();
    if (owns_) mutex_.unlock();
  }

  std::string object() const override;
  guard await_resume() {
    finish();
    owns_ = false;
    return guard(mutex_);
  }

 private:
  friend class mutex;
  void start() override;

  mutex& mutex_;
  bool owns_ = false;  // handed over, and nobody has the guard yet
};

inline mutex::lock_operation mutex::lock(std::source_location where) noexcept { return {*this, where}; }

}  // namespace gauntlet

#pragma GCC visibility pop
