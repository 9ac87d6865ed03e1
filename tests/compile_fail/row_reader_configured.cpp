// expected: has no member named 'start'
#include <gauntlet/png.hpp>

// Transforms that are set too late cannot be written down.
void use(gauntlet::png::decoder& decoder) {
  gauntlet::png::row_reader rows = std::move(decoder).start();
#ifdef MUST_NOT_COMPILE
  std::move(rows).start(gauntlet::png::transform::expand);
#endif
}
