// expected: deleted
#include <gauntlet/uv.hpp>

void use(gauntlet::uv::timer& first) {
  gauntlet::uv::timer moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  gauntlet::uv::timer copied = moved;
#endif
}
