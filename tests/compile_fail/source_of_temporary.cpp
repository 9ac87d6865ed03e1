// expected: use of deleted function
#include <gauntlet/png.hpp>

std::vector<std::byte> download();

void use(const std::vector<std::byte>& kept) {
  const gauntlet::png::memory_source good{kept};
  const gauntlet::png::memory_source view{std::span<const std::byte>(kept)};
#ifdef MUST_NOT_COMPILE
  const gauntlet::png::memory_source dangling{download()};
#endif
}
