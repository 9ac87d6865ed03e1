// expected: no matching function for call
#include <gauntlet/uv.hpp>

#include <string>

void use(gauntlet::uv::tcp& stream) {
  stream.read_start([](std::span<std::byte>) {});
#ifdef MUST_NOT_COMPILE
  stream.read_start([](std::string) {});
#endif
}
