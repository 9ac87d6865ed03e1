// expected: deleted
#include <gauntlet/scope.hpp>

void use(gauntlet::scope& peers) {
  gauntlet::scope& same = peers;
#ifdef MUST_NOT_COMPILE
  gauntlet::scope copied = same;
#else
  static_cast<void>(same);
#endif
}
