// expected: gauntlet::png::image::image(const gauntlet::png::image&)'
#include <gauntlet/png.hpp>

void use(gauntlet::png::image& first) {
  const gauntlet::png::image moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  const gauntlet::png::image copied = moved;
#endif
}
