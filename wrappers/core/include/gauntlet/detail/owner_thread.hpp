#pragma once
/// The thread that a loop, and all that is made with it, belongs to.

#include <array>
#include <atomic>
#include <mutex>
#include <source_location>

#include "gauntlet/detail/resume.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::detail {

class owner_thread {
 public:
  /// The calling one.
  void bind() noexcept;
  /// Any thread: one comparison.
  bool is_this() const noexcept { return thread_.load(std::memory_order_relaxed) == this_thread(); }
  /// Throws misuse that names both threads. what: "loop"; it has a post().
  [[noreturn]] void refuse(const char* operation, const char* what, const std::source_location& where) const;

 private:
  std::atomic<const void*> thread_{nullptr};
  mutable std::mutex mutex_;  // for what follows
  int id_ = 0;
  std::array<char, 16> name_{};
};

}  // namespace gauntlet::detail

#pragma GCC visibility pop
