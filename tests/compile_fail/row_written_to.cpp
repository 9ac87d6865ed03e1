// expected: assignment of read-only location
#include <gauntlet/png.hpp>

// The row belongs to the reader, which goes on using it.
void use(gauntlet::png::row_reader& rows) {
  for (const auto row : rows) {
    static_cast<void>(row[0]);
#ifdef MUST_NOT_COMPILE
    row[0] = std::byte{0};
#endif
  }
}
