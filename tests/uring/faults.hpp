#pragma once
// What the kernel does not do here as it would.

#include <chrono>

namespace gauntlet::uring::test {

/// The next calls that submit answer this, and by the clock each has taken so long.
void let_fail(int calls, int error_number, std::chrono::seconds each = {});

/// How many have since.
int failures() noexcept;

/// How often a ring has waited for a batch.
int waits_for_batches() noexcept;

}  // namespace gauntlet::uring::test
