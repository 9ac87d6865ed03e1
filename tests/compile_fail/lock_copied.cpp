// expected: deleted
#include <gauntlet/mutex.hpp>

void use(gauntlet::mutex::guard& first) {
  const gauntlet::mutex::guard moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  const gauntlet::mutex::guard copied = moved;
#endif
}
