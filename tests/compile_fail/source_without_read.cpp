// expected: constraints not satisfied
#include <gauntlet/png.hpp>

struct source {
  std::size_t read(std::span<std::byte>);
};
struct no_source {
  std::size_t get(std::span<std::byte>);
};

void use() {
  const gauntlet::png::decoder good{source{}};
#ifdef MUST_NOT_COMPILE
  const gauntlet::png::decoder bad{no_source{}};
#endif
}
