#pragma once

#include <atomic>
#include <thread>

// Runs both at the same time, each in a thread of its own. The start is relaxed, so that it orders nothing
// between the two: a race in what they do stays a race.
template <class First, class Second>
void run_together(First first, Second second) {
  std::atomic<int> missing{2};
  const auto meet = [&missing] {
    missing.fetch_sub(1, std::memory_order_relaxed);
    while (missing.load(std::memory_order_relaxed) > 0) std::this_thread::yield();
  };
  std::thread one{[&] {
    meet();
    first();
  }};
  std::thread other{[&] {
    meet();
    second();
  }};
  one.join();
  other.join();
}
