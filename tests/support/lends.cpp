#include "lends.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace gauntlet::detail {

// Of gauntlet::core, which not every test program has, nor every lane's keeps lends.
[[gnu::weak]] std::vector<std::string> lent_now();

}  // namespace gauntlet::detail

namespace gauntlet::test {

bool report_lends() {
  if (detail::lent_now == nullptr) return false;
  const std::vector<std::string> lent = detail::lent_now();
  for (const std::string& range : lent) std::fprintf(stderr, "gauntlet: still lent: %s\n", range.c_str());
  return !lent.empty();
}

}  // namespace gauntlet::test
