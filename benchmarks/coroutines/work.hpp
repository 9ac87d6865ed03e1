#pragma once
// What is measured: the same work by plain calls and by tasks.

#include <string>

struct contender {
  const char* name = nullptr;
  /// count calls of a function that takes a block of memory, adds two numbers in it and gives it back; by
  /// tasks: count tasks that add two numbers, whose frame is that block, each awaited.
  long (*task)(long count) = nullptr;
  /// The same, each spawned in a scope and joined.
  long (*spawn)(long count) = nullptr;
  /// count numbers into a ring of eight and out again; by tasks: through a channel, from one task to another.
  long (*channel)(long count) = nullptr;
  /// count times two such calls; by tasks: when_all of two.
  long (*when_all)(long count) = nullptr;
  /// count such calls, and what time it is before each; by tasks: each with a timeout that does not expire.
  long (*with_timeout)(long count) = nullptr;
  /// count calls through a pointer, without a block; by tasks: two that wake each other by events.
  long (*suspend)(long count) = nullptr;
};

extern const contender plain_contender;
extern const contender tasks_contender;

using operation = long (*)(long count);

/// Throws std::runtime_error if there is none of that name.
const contender& contender_named(const std::string& name);
operation operation_named(const contender& contender, const std::string& name);

/// What keeps the compiler from knowing all of it beforehand.
long number_of(long index);
