// expected: no matching function for call
#include <gauntlet/uv.hpp>

void use(gauntlet::uv::loop& loop) {
  gauntlet::uv::queue_work(loop, [] {});
#ifdef MUST_NOT_COMPILE
  gauntlet::uv::queue_work(loop, nullptr);
#endif
}
