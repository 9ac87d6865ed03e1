// expected: deleted
#include <gauntlet/task.hpp>

void use(gauntlet::task<int>& first) {
  const gauntlet::task<int> moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  const gauntlet::task<int> copied = moved;
#endif
}
