// expected: constraints not satisfied
#include <gauntlet/png.hpp>

struct sink {
  void write(std::span<const std::byte>);
};
struct no_sink {
  void put(std::span<const std::byte>);
};

void use(sink& good, no_sink& bad, const gauntlet::png::image& picture) {
  static_cast<void>(bad);
  gauntlet::png::encode_to(good, picture);
#ifdef MUST_NOT_COMPILE
  gauntlet::png::encode_to(bad, picture);
#endif
}
