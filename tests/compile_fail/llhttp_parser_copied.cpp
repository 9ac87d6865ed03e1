// expected: deleted
#include <gauntlet/llhttp.hpp>

void use(gauntlet::llhttp::parser& first) {
  gauntlet::llhttp::parser moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  gauntlet::llhttp::parser copied = moved;
#endif
}
