// expected: has no member named 'read_start'
#include <gauntlet/uv.hpp>

void use(gauntlet::uv::tcp& talks, gauntlet::uv::tcp_listener& listens) {
  talks.read_start([](std::span<std::byte>) {});
  listens.listen([](gauntlet::uv::tcp) {});
#ifdef MUST_NOT_COMPILE
  listens.read_start([](std::span<std::byte>) {});
#endif
}
