#pragma once
/// What event, mutex, semaphore and channel have in common: a name, a thread, and tasks that wait for them in
/// the order in which they came.

#include <atomic>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "gauntlet/detail/intrusive_list.hpp"
#include "gauntlet/detail/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::detail {

/// Belongs to the thread that uses it first, whoever made it. Never moves: those that wait know it.
class waitable {
 public:
  waitable(const waitable&) = delete;
  waitable& operator=(const waitable&) = delete;

  /// As it was made, for dump(); may be empty.
  std::string_view name() const noexcept { return name_ ? std::string_view(*name_) : std::string_view(); }

 protected:
  explicit waitable(std::string name)
      : name_(name.empty() ? nullptr : std::make_shared<const std::string>(std::move(name))) {}
  ~waitable() = default;

  /// Throws misuse on any other thread than that of the first call.
  void require_thread(const char* operation, const std::source_location& where) const;
  /// The same for destructors, which must not throw: ends the program.
  void require_thread_or_end(const char* operation) const noexcept;
  /// For those that still wait when it is destroyed, or closed. Where there is no memory: bad_alloc.
  static std::exception_ptr destroyed(const operation& waiting) noexcept;
  static std::exception_ptr closed(const operation& waiting) noexcept;

 private:
  friend class waiter;

  bool on_its_thread() const noexcept;

  std::shared_ptr<const std::string> name_;  // shared with those that were cancelled and tell it later
  mutable std::atomic<const void*> thread_{nullptr};
};

class waiter : public operation, public list_node<struct waiter_tag> {
 public:
  std::string object() const override { return std::string(name_ ? *name_ : on_.name()); }

 protected:
  waiter(const waitable& on, const char* kind, std::source_location where) noexcept
      : operation(kind, where), on_(on) {}
  waiter(waiter&&) noexcept = default;
  ~waiter() override = default;

  void cancel() noexcept override {
    name_ = on_.name_;  // which may be gone when the error asks for it
    static_cast<list_node<waiter_tag>&>(*this).unlink();
    complete_canceled();
  }

 private:
  const waitable& on_;
  std::shared_ptr<const std::string> name_;
};

}  // namespace gauntlet::detail

#pragma GCC visibility pop
