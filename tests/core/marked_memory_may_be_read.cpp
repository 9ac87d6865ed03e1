// Without mark_written this is a finding of MemorySanitizer's and of memcheck's; the canary
// "uninitialised memory" proves that they look.
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <memory>

#include "gauntlet/memory_checker.hpp"

TEST_CASE("memory that the kernel wrote may be read once it is marked") {
  const auto memory = std::make_unique_for_overwrite<volatile unsigned char[]>(64);
  gauntlet::mark_written(const_cast<unsigned char*>(memory.get()), 64);
  std::size_t odd = 0;
  for (std::size_t i = 0; i < 64; ++i)
    if ((memory[i] & 1) != 0) ++odd;
  CHECK(odd <= 64);
}
