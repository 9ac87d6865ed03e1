// expected: deleted
#include <gauntlet/uring.hpp>

void use(gauntlet::uring::ring& first) {
  gauntlet::uring::ring moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  gauntlet::uring::ring copied = moved;
#endif
}
