// lends --list: the kinds of operations. lends KIND TOUCH: one cell of the table in docs/borrow-tracking.md.
#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <string_view>

#include "touch.hpp"

namespace {

using namespace gauntlet::lends;

constexpr std::array<std::string_view, 7> touches{"nothing", "read",      "write", "free",
                                                  "after",   "neighbour", "last"};

/// 3: there is no such cell.
int run_one(std::span<const named_kind> kinds, std::string_view name, touch how, bool& found) {
  const auto at = std::ranges::find(kinds, name, &named_kind::name);
  if (at == kinds.end()) return 2;
  found = true;
  if (how == touch::free && at->owns) return 3;
  if (how == touch::neighbour && (at->owns || at->whole)) return 3;
  at->run(how == touch::last && at->shared ? touch::write_last : how);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  // Freed memory stays where it is: without a tool, too, a cell is what it was the last time.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  if (count == 2 && std::string_view(arguments[1]) == "--list") {
    for (const auto kinds : {kinds_of_uv(), kinds_of_uring(), kinds_of_png()})
      for (const named_kind& each : kinds) std::cout << each.name << (each.shared ? " (shared)" : "") << '\n';
    return 0;
  }
  if (count != 3) return 2;
  const auto how = std::ranges::find(touches, std::string_view(arguments[2]));
  if (how == touches.end()) return 2;
  bool found = false;
  for (const auto kinds : {kinds_of_uv(), kinds_of_uring(), kinds_of_png()}) {
    const int status = run_one(kinds, arguments[1], static_cast<touch>(how - touches.begin()), found);
    if (found) return status;
  }
  return 2;
}
