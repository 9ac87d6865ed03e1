// expected: no matching function for call to 'gauntlet::scope::scope()'
#include <gauntlet/scope.hpp>

void use() {
#ifdef MUST_NOT_COMPILE
  gauntlet::scope mine;
#endif
}
