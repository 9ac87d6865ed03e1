#pragma once
/// What is called once in each turn of the loop: uv_prepare_t, uv_check_t, uv_idle_t.

#include <source_location>

#include "gauntlet/uv/handle.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// Called right before the loop waits for events.
class prepare : public handle {
 public:
  explicit prepare(loop& loop,
                   std::source_location where = std::source_location::current());  ///< uv_prepare_init
  /// Of one that runs: from now on calls this (uv_prepare_start).
  void start(callback<void()> called, std::source_location where = std::source_location::current());
  void stop(std::source_location where = std::source_location::current());  ///< uv_prepare_stop
};

/// Called right after the loop has waited for events.
class check : public handle {
 public:
  explicit check(loop& loop,
                 std::source_location where = std::source_location::current());  ///< uv_check_init
  /// Of one that runs: from now on calls this (uv_check_start).
  void start(callback<void()> called, std::source_location where = std::source_location::current());
  void stop(std::source_location where = std::source_location::current());  ///< uv_check_stop
};

/// Called before prepare; while one runs, the loop does not wait.
class idle : public handle {
 public:
  explicit idle(loop& loop, std::source_location where = std::source_location::current());  ///< uv_idle_init
  /// Of one that runs: from now on calls this (uv_idle_start).
  void start(callback<void()> called, std::source_location where = std::source_location::current());
  void stop(std::source_location where = std::source_location::current());  ///< uv_idle_stop
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
