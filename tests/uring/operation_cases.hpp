#pragma once
// Operations on files beside the system calls that they stand for, each in a tree of its own.

#include <span>
#include <string>

#include "file_support.hpp"

namespace gauntlet::uring::test {

using tree = temporary_folder;

/// A folder with some of each.
void furnish(const tree& place);

struct operation_case {
  const char* name;
  task<long> (*by_ring)(ring&, const tree&);
  long (*by_system)(const tree&);
};

/// Both answer the same, and leave the same behind.
void compare(std::span<const operation_case> operations);

/// A descriptor of the test's own.
class opened {
 public:
  opened(const std::string& path, int flags);
  opened(const opened&) = delete;
  opened& operator=(const opened&) = delete;
  ~opened();
  operator int() const { return number_; }

 private:
  int number_;
};

/// What a call has answered that opens.
long open_and_close(int number);

}  // namespace gauntlet::uring::test
