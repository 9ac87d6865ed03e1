#pragma once
// An open descriptor, shared by its file and the operations in flight on it, whatever their threads: its
// number is closed by the last of them, so that no operation ever meets another file under the same number.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "gauntlet/uv/fs_file.hpp"

namespace gauntlet::uv::detail {

/// Who wants to close a descriptor itself, and waits for the last use to end.
class waiting_close {
 public:
  /// From now on the number is its own. On the thread of the last user.
  virtual void last_use_ended(int number) noexcept = 0;

 protected:
  ~waiting_close() = default;
};

class descriptor {
 public:
  /// Not open yet. name: as errors call it.
  explicit descriptor(std::string name) noexcept : name_(std::move(name)) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  int number() const noexcept { return number_; }
  const std::string& name() const noexcept { return name_; }

  // ---- by a user
  /// Before it is shared between threads.
  void open(int number) noexcept { number_ = number; }
  void rename(std::string name) noexcept { name_ = std::move(name); }
  /// Nobody else uses it, nor will: who would must have got it from a user.
  bool used_by_one() const noexcept { return uses_.load(std::memory_order_acquire) == 1; }
  /// Of its only user: the number is the caller's.
  int take() noexcept { return std::exchange(number_, -1); }
  void add_use() noexcept { uses_.fetch_add(1, std::memory_order_relaxed); }
  void end_use() noexcept;

  // ---- waiting for the end of uses
  void wait_with(waiting_close& close) noexcept { waiting_.store(&close, std::memory_order_release); }
  /// It will not be told any more; or, if false, it is being told.
  bool stop_waiting() noexcept { return waiting_.exchange(nullptr, std::memory_order_acq_rel) != nullptr; }

 private:
  std::atomic<std::uint32_t> uses_{0};
  std::atomic<waiting_close*> waiting_{nullptr};
  int number_ = -1;
  std::string name_;
};

/// uv_fs_close, here and now: what libuv answers.
int close_number(int number) noexcept;

}  // namespace gauntlet::uv::detail
