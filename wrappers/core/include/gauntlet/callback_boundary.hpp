#pragma once
/// Where C calls back into C++: an exception must not travel through C frames. The boundary keeps it on the
/// way in and throws it again, the very same, once the C library has returned.

#include <concepts>
#include <exception>
#include <utility>

#pragma GCC visibility push(default)

namespace gauntlet {

/// One per object that C calls back. Not for several threads at once.
class callback_boundary {
 public:
  /// Runs `work`. False if it threw: then tell the C library that the callback failed. The first exception is
  /// kept; what is thrown while one is kept is a consequence of it.
  template <std::invocable Work>
  bool run(Work&& work) noexcept {
    try {
      std::forward<Work>(work)();
      return true;
    } catch (...) {
      if (!kept_) kept_ = std::current_exception();
      return false;
    }
  }

  /// Throws what is kept, if anything, and keeps it no longer.
  void rethrow() {
    if (kept_) std::rethrow_exception(std::exchange(kept_, nullptr));
  }

 private:
  std::exception_ptr kept_;
};

}  // namespace gauntlet

#pragma GCC visibility pop
