// expected: no matching function for call
#include <gauntlet/uv.hpp>

namespace uv = gauntlet::uv;

// A span may be awaited, by who keeps its bytes; a callback comes when they may be gone.
void use(uv::tcp& stream, std::span<const std::byte> borrowed) {
  stream.write(std::vector<std::byte>(borrowed.begin(), borrowed.end()), [] {});
#ifdef MUST_NOT_COMPILE
  stream.write(borrowed, [] {});
#endif
}
