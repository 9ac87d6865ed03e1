// expected: unused-result
#include <gauntlet/llhttp.hpp>

void use(gauntlet::llhttp::request_reader& reader, std::span<const std::byte> bytes) {
  bytes = reader.read(bytes).rest;
#ifdef MUST_NOT_COMPILE
  reader.read(bytes);
#endif
}
