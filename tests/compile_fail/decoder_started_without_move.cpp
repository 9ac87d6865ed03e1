// expected: passing 'gauntlet::png::decoder' as 'this' argument discards qualifiers
#include <gauntlet/png.hpp>

void use(gauntlet::png::decoder& decoder) {
#ifdef MUST_NOT_COMPILE
  decoder.start();
#endif
  std::move(decoder).start();
}
