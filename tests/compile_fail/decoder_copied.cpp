// expected: use of deleted function 'gauntlet::png::decoder::decoder(const gauntlet::png::decoder&)'
#include <gauntlet/png.hpp>

void use(gauntlet::png::decoder& first) {
  const gauntlet::png::decoder moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  const gauntlet::png::decoder copied = moved;
#endif
}
