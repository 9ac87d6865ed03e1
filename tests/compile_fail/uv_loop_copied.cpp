// expected: deleted
#include <gauntlet/uv.hpp>

void use(gauntlet::uv::loop& first) {
  gauntlet::uv::loop moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  gauntlet::uv::loop copied = moved;
#endif
}
