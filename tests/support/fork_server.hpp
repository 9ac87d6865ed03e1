#pragma once

#include <optional>
#include <string>

// Test cases each in a process of its own, without each start of the program being paid for: under Valgrind a
// start takes longer than most test cases, a fork of a program that has started takes next to nothing.
namespace gauntlet::test {

// Reads test cases from `control`, a line for each, and forks. In the child this returns the name, and the
// child goes on as if the program had been started for it. The parent waits for the child and answers its
// status, as waitpid gives it, in a line; when no more come, this returns nothing.
std::optional<std::string> next_forked_case(int control);

}  // namespace gauntlet::test
