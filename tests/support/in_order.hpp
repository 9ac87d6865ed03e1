#pragma once
// An order of names for maps that are compared. std::string's own subtracts sizes, and ubsan tells.

#include <algorithm>
#include <string>

namespace gauntlet::test {

struct in_order {
  bool operator()(const std::string& left, const std::string& right) const {
    return std::ranges::lexicographical_compare(left, right);
  }
};

}  // namespace gauntlet::test
