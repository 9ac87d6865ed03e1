#pragma once
/// Which thread may assert. Catch2 3.7 keeps its assertions in order on one thread at a time; two that assert
/// at once are a race, which a tool sees only when they meet. So each lane ends a test that asserts on a
/// thread that it has not named.

#include <exception>
#include <thread>
#include <utility>

namespace gauntlet::test {

/// While one lives, its thread asserts, and the one that did so before waits for it.
class asserts_here {
 public:
  asserts_here() noexcept;
  asserts_here(const asserts_here&) = delete;
  asserts_here& operator=(const asserts_here&) = delete;
  ~asserts_here();

  static bool allowed() noexcept;

 private:
  std::thread::id before_;
};

/// Does the work, which may assert, on a thread of its own, and waits for it; what it throws comes out.
template <class Work>
void on_another_thread(Work&& work) {
  std::exception_ptr failure;
  std::thread([&] {
    const asserts_here meanwhile;
    try {
      std::forward<Work>(work)();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace gauntlet::test
