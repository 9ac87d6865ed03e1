#pragma once
// What the programs share: operations by their name, with the file and the sockets that they work on.

#include <string>

#include "contender.h"

struct task {
  std::string name{};  // OPERATION or OPERATION/VARIANT
  int width = 1;
  long count = 0;
};

/// The operation of that name (before the first /), or nullptr if the contender has none; throws
/// std::runtime_error if there is no such name.
operation* operation_of(const contender& contender, const std::string& name);

/// The contender that the command line calls so; throws std::runtime_error if there is none.
const contender& contender_named(const std::string& name);

/// Does the work once; throws std::runtime_error if it fails. A contender that hangs for minutes ends the
/// program.
void perform(const contender& contender, const task& task, observer& observer);
