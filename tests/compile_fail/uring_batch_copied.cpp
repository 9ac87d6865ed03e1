// expected: deleted
#include <gauntlet/uring.hpp>

void use(gauntlet::uring::batch& first) {
  gauntlet::uring::batch moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  gauntlet::uring::batch copied = moved;
#endif
}
