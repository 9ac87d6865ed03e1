// expected: deleted
#include <gauntlet/uv.hpp>

void use(gauntlet::uv::request& first) {
  gauntlet::uv::request moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  gauntlet::uv::request copied = moved;
#endif
}
