#pragma once
// What the programs share: operations by their name, with the file and the sockets that they work on.

#include <string>

#include "contender.h"
#include "task.hpp"

/// The operation of that name (before the first /), or nullptr if the contender has none; throws
/// std::runtime_error if there is no such name.
operation* operation_of(const contender& contender, const std::string& name);

/// The contender that the command line calls so; throws std::runtime_error if there is none.
const contender& contender_named(const std::string& name);

/// An observer that measures nothing.
struct host : observer {
  host() : observer{.begin = [](observer*) {}, .end = [](observer*) {}} {}
};

/// Does the work once; throws std::runtime_error if it fails. A contender that hangs for minutes ends the
/// program.
void perform(const contender& contender, const task& task, host& observer);
