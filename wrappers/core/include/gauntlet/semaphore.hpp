#pragma once
/// So many tasks at a time.

#include <cstddef>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "gauntlet/detail/waitable.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {

/// First come, first served. All calls from one thread. To destroy it while a permit is out ends the program.
class semaphore : public detail::waitable {
 public:
  class permit;
  class acquire_operation;

  /// available: so many permits to begin with. name: for dump().
  explicit semaphore(std::size_t available, std::string name = {})
      : waitable(std::move(name)), available_(available) {}
  ~semaphore();

  /// `auto permit = co_await connections.acquire()`. To be cancelled changes nothing.
  acquire_operation acquire(std::source_location where = std::source_location::current()) noexcept;
  std::optional<permit> try_acquire(std::source_location where = std::source_location::current());
  /// So many more than there were.
  void release(std::size_t count = 1, std::source_location where = std::source_location::current());
  std::size_t available() const noexcept { return available_; }

 private:
  void give_back() noexcept;
  void hand_out() noexcept;

  detail::intrusive_list<acquire_operation, detail::waiter_tag> waiting_;
  std::size_t available_;
  std::size_t out_ = 0;
};

/// Gives itself back when it is destroyed, on the same thread.
class [[nodiscard]] semaphore::permit {
 public:
  permit(permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
  permit& operator=(permit&& other) noexcept {
    permit old(std::move(other));
    std::swap(from_, old.from_);
    return *this;
  }
  ~permit() { give_back(); }

  /// Now; again: nothing.
  void give_back() noexcept {
    if (semaphore* const from = std::exchange(from_, nullptr)) from->give_back();
  }
  /// It is used up: one less, until somebody calls release().
  void consume() noexcept {
    if (semaphore* const from = std::exchange(from_, nullptr)) --from->out_;
  }

 private:
  friend class semaphore;
  explicit permit(semaphore& from) noexcept : from_(&from) {}

  semaphore* from_;
};

class [[nodiscard]] semaphore::acquire_operation final : public detail::waiter {
 public:
  acquire_operation(semaphore& on, std::source_location where) noexcept
      : waiter(on, "semaphore::acquire", where), semaphore_(on) {}
  acquire_operation(acquire_operation&&) noexcept = default;
  ~acquire_operation() override {
    leave();
    if (owns_) semaphore_.give_back();
  }

  permit await_resume() {
    finish();
    owns_ = false;
    return permit(semaphore_);
  }

 private:
  friend class semaphore;
  void start() override;

  semaphore& semaphore_;
  bool owns_ = false;  // handed out, and nobody has the permit yet
};

inline semaphore::acquire_operation semaphore::acquire(std::source_location where) noexcept {
  return {*this, where};
}

}  // namespace gauntlet

#pragma GCC visibility pop
