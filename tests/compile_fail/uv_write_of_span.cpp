// expected: no matching function for call
#include <gauntlet/uv.hpp>

void use(gauntlet::uv::tcp& stream, std::span<const std::byte> borrowed) {
  stream.try_write(borrowed);
  stream.write(std::vector(borrowed.begin(), borrowed.end()));
#ifdef MUST_NOT_COMPILE
  stream.write(borrowed);
#endif
}
