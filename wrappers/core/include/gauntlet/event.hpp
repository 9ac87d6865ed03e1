#pragma once
/// Something that has happened or not, which tasks of one loop wait for.

#include <source_location>
#include <string>
#include <utility>

#include "gauntlet/detail/waitable.hpp"

#pragma GCC visibility push(default)

namespace gauntlet {

/// All calls from one thread; from another one, post to the loop.
class event : public detail::waitable {
 public:
  class wait_operation;

  event() noexcept : event(std::string()) {}
  /// name: for dump().
  explicit event(std::string name) : waitable(std::move(name)) {}
  /// Who waits for it gets a misuse.
  ~event();

  bool is_set() const noexcept { return set_; }
  /// Wakes all that wait. It stays set.
  void set(std::source_location where = std::source_location::current());
  void reset(std::source_location where = std::source_location::current());
  /// `co_await happened.wait()`: until it is set. To be cancelled changes nothing.
  wait_operation wait(std::source_location where = std::source_location::current()) noexcept;

 private:
  detail::intrusive_list<wait_operation, detail::waiter_tag> waiting_;
  bool set_ = false;
};

class [[nodiscard]] event::wait_operation final : public detail::waiter {
 public:
  wait_operation(event& on, std::source_location where) noexcept
      : waiter(on, "event::wait", where), event_(on) {}
  wait_operation(wait_operation&&) noexcept = default;
  ~wait_operation() override { leave(); }
  void await_resume() { finish(); }

 private:
  friend class event;
  void start() override;

  event& event_;
};

inline event::wait_operation event::wait(std::source_location where) noexcept { return {*this, where}; }

}  // namespace gauntlet

#pragma GCC visibility pop
