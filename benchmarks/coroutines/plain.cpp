#include <array>
#include <chrono>
#include <cstddef>
#include <memory>

#include "work.hpp"

namespace {

/// As large as the frame of a task that does the same.
struct block {
  long sum = 0;
  std::array<std::byte, 240> rest;
};

/// Not inlined, and its block is taken in truth.
[[gnu::noinline]] long add(long one, long other) {
  const std::unique_ptr<block> taken = std::make_unique_for_overwrite<block>();
  taken->sum = one + other;
  asm volatile("" : : "r"(taken.get()) : "memory");
  return taken->sum;
}

long task(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += add(number_of(i), 1);
  return sum;
}

long channel(long count) {
  std::array<long, 8> ring{};
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    long& slot = ring[static_cast<std::size_t>(i) % ring.size()];
    slot = number_of(i);
    asm volatile("" : : "r"(&slot) : "memory");
    sum += slot;
  }
  return sum;
}

long when_all(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    sum += add(number_of(i), 1);
    sum += add(number_of(i), 2);
  }
  return sum;
}

long with_timeout(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    const auto began = std::chrono::steady_clock::now();
    asm volatile("" : : "r"(&began) : "memory");
    sum += add(number_of(i), 1);
  }
  return sum;
}

long suspend(long count) {
  long (*volatile called)(long) = number_of;
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += called(i);
  return sum;
}

}  // namespace

extern const contender plain_contender{.name = "plain",
                                       .task = task,
                                       .spawn = task,
                                       .channel = channel,
                                       .when_all = when_all,
                                       .with_timeout = with_timeout,
                                       .suspend = suspend};
