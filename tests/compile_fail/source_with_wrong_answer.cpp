// expected: constraints not satisfied
#include <gauntlet/png.hpp>

struct source {
  std::size_t read(std::span<std::byte>);
};
// As POSIX has it: -1 would become a very large count.
struct posix_source {
  long read(std::span<std::byte>);
};

void use() {
  const gauntlet::png::decoder good{source{}};
#ifdef MUST_NOT_COMPILE
  const gauntlet::png::decoder bad{posix_source{}};
#endif
}
