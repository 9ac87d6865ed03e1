@only if owners@
// expected: deleted
#include <gauntlet/@name@.hpp>
#include <utility>

void use(gauntlet::@name@::@first_owner@& first) {
  gauntlet::@name@::@first_owner@ moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  gauntlet::@name@::@first_owner@ copied = moved;
#endif
}
