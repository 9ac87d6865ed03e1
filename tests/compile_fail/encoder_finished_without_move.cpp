// expected: discards qualifiers
#include <gauntlet/png.hpp>

void use(gauntlet::png::encoder<gauntlet::png::memory_sink>& first,
         gauntlet::png::encoder<gauntlet::png::memory_sink>& second) {
  std::move(first).finish();
#ifdef MUST_NOT_COMPILE
  second.finish();
#endif
}
