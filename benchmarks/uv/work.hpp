#pragma once
// What the programs share: operations by their name, with the process at the other end where they need one.

#include <memory>
#include <string>

#include "contender.h"
#include "peer.hpp"
#include "task.hpp"

/// The operation of that name (before the first /), or nullptr if the contender has none; throws
/// std::runtime_error if there is no such name.
operation* operation_of(const contender& contender, const std::string& name);

/// The contender that the command line calls so; throws std::runtime_error if there is none.
const contender& contender_named(const std::string& name);

/// An observer that brings visitors to whoever listens, and measures nothing.
struct host : observer {
  host();

  long visitors = 0;   // how many connections they make
  long rounds = 0;     // how many round trips each makes and measures; 0: one, and then they are idle
  std::string said{};  // by those that measured
  std::unique_ptr<peer> visiting{};
};

/// Does the work once; throws std::runtime_error if it fails. A contender that hangs for minutes ends the
/// program.
void perform(const contender& contender, const task& task, host& observer);
