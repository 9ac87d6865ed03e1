#pragma once
/// A coroutine type of another house: it runs at once, has no link and no loop, and whoever has it may
/// destroy its frame at any time.

#include <coroutine>
#include <exception>
#include <utility>

namespace gauntlet::test {

class foreign {
 public:
  struct promise_type {
    foreign get_return_object() noexcept {
      return foreign(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_always final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    static void unhandled_exception() noexcept { std::terminate(); }
  };

  foreign(foreign&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  foreign& operator=(foreign&&) = delete;
  ~foreign() { destroy(); }

  bool done() const noexcept { return frame_.done(); }
  /// Wherever it stands.
  void destroy() noexcept {
    if (frame_) std::exchange(frame_, nullptr).destroy();
  }

 private:
  explicit foreign(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
};

}  // namespace gauntlet::test
