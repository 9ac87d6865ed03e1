// expected: use of deleted function
#include <gauntlet/png.hpp>

using memory_encoder = gauntlet::png::encoder<gauntlet::png::memory_sink>;

void use(memory_encoder& first) {
  memory_encoder moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  memory_encoder copied = moved;
#endif
}
