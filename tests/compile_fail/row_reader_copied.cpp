// expected: use of deleted function 'gauntlet::png::row_reader::row_reader(const gauntlet::png::row_reader&)'
#include <gauntlet/png.hpp>

void use(gauntlet::png::row_reader& first) {
  const gauntlet::png::row_reader moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  const gauntlet::png::row_reader copied = moved;
#endif
}
