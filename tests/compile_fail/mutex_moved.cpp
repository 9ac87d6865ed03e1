// expected: deleted
#include <gauntlet/mutex.hpp>

void use(gauntlet::mutex& accounts) {
  gauntlet::mutex& same = accounts;
#ifdef MUST_NOT_COMPILE
  gauntlet::mutex moved = std::move(same);
#else
  static_cast<void>(same);
#endif
}
