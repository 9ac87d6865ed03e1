// Faults between threads in our own C++ code.
#include <mutex>
#include <thread>

#include "canary.hpp"
#include "together.hpp"

void canary_data_race(bool faulty) {
  std::mutex mutex;
  int counter = 0;
  const auto count = [&] {
    for (int round = 0; round < 100; ++round) {
      std::unique_lock lock{mutex, std::defer_lock};
      if (!faulty) lock.lock();
      counter = opaque(counter) + 1;
    }
  };
  run_together(count, count);
}

void canary_lock_inversion(bool faulty) {
  std::mutex first;
  std::mutex second;
  const auto lock = [](std::mutex& outer, std::mutex& inner) {
    const std::lock_guard outer_lock{outer};
    const std::lock_guard inner_lock{inner};
  };
  // One thread after the other: they disagree on the order and yet can never wait for each other here.
  std::thread{[&] { lock(first, second); }}.join();
  std::thread{[&] { faulty ? lock(second, first) : lock(first, second); }}.join();
}
