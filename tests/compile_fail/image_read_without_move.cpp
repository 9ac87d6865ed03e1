// expected: passing 'gauntlet::png::decoder' as 'this' argument discards qualifiers
#include <gauntlet/png.hpp>

void use(gauntlet::png::decoder& decoder) {
#ifdef MUST_NOT_COMPILE
  decoder.read_image();
#endif
  std::move(decoder).read_image();
}
