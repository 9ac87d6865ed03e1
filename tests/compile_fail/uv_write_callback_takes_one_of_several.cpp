// expected: no matching function for call
#include <gauntlet/uv.hpp>

namespace uv = gauntlet::uv;

void use(uv::tcp& stream, std::vector<gauntlet::owned_buffer> several) {
  stream.write(std::string("one"), [](uv::outcome<>, gauntlet::owned_buffer) {});
  stream.write(std::move(several), [](uv::outcome<>, std::vector<gauntlet::owned_buffer>) {});
#ifdef MUST_NOT_COMPILE
  stream.write(std::vector<gauntlet::owned_buffer>(2), [](uv::outcome<>, gauntlet::owned_buffer) {});
#endif
}
