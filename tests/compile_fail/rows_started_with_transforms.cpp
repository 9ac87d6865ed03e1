// expected: has no member named 'start'
#include <gauntlet/png.hpp>

// Transforms that are set too late cannot be written down, whatever they hold.
void use(gauntlet::png::decoder& decoder) {
  const gauntlet::png::transforms wanted{.shift = gauntlet::png::significant_bits{}};
  gauntlet::png::row_reader rows = std::move(decoder).start(wanted);
#ifdef MUST_NOT_COMPILE
  std::move(rows).start(wanted);
#endif
}
