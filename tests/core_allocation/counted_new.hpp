#pragma once
/// operator new of all of the process, counted.

namespace gauntlet::test {

struct allocation_plan {
  long made = 0;
  long before_failing = -1;  // below 0: none fails
};

extern constinit allocation_plan allocations;

}  // namespace gauntlet::test
