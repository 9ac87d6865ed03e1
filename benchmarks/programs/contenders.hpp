#pragma once
// Who is measured, of a suite.

#include <span>

#include "work.hpp"

struct named_contender {
  const char* name = nullptr;
  const contender* does = nullptr;
};

/// Raw C twice, under two names: what lies between the two is not a difference, and says what to think of
/// others.
std::span<const named_contender> contenders() noexcept;
