// expected: deleted
#include <gauntlet/llhttp.hpp>

void use(gauntlet::llhttp::request_reader& first) {
  gauntlet::llhttp::request_reader moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  gauntlet::llhttp::request_reader copied = moved;
#endif
}
