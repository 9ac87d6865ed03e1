// expected: deleted
#include <gauntlet/uring.hpp>

void use(gauntlet::uring::provided_buffer& first) {
  gauntlet::uring::provided_buffer moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  gauntlet::uring::provided_buffer copied = moved;
#endif
}
