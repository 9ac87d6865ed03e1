// expected: deleted
#include <gauntlet/callback.hpp>

void use(gauntlet::callback<void()>& first) {
  const gauntlet::callback<void()> moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  const gauntlet::callback<void()> copied = moved;
#endif
}
