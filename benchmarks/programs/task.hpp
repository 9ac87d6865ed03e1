#pragma once
// What the programs are asked to do. Each suite's work.hpp says, for its own contenders, how it is done:
//
//     operation* operation_of(const contender&, const std::string& name);
//     const contender& contender_named(const std::string& name);
//     struct host : observer;
//     void perform(const contender&, const task&, host&);

#include <string>

struct task {
  std::string name{};  // OPERATION or OPERATION/VARIANT
  int width = 1;
  long count = 0;
};
