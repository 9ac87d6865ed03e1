#pragma once
/// Every function that queues a submission, beside the one of liburing's that it stands for, with the same
/// arguments.

#include <functional>
#include <string>
#include <vector>

#include "support.hpp"

namespace gauntlet::uring_shim::test {

struct submission_case {
  std::string name;  // as in io_uring_prep_NAME
  std::function<int(io_uring*, gauntlet_uring_entry)> queue;
  // Both empty if this liburing has none.
  std::function<void(io_uring_sqe*)> liburing;
  std::function<void(io_uring_sqe*)> prep;
};

const std::vector<submission_case>& submission_cases();

}  // namespace gauntlet::uring_shim::test
