// expected: no known conversion for argument 1 from 'int' to 'const gauntlet::png::transforms&'
#include <gauntlet/png.hpp>

void use(gauntlet::png::decoder& first, gauntlet::png::decoder& second) {
  std::move(first).start(gauntlet::png::transform::expand | gauntlet::png::transform::bgr);
#ifdef MUST_NOT_COMPILE
  std::move(second).start(3);
#endif
}
