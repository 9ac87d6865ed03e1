// expected: is_trivially_destructible_v
#include <gauntlet/png.hpp>
#include <string>

// An error of libpng jumps over its destructor.
void use(gauntlet::png::decoder& decoder, const std::string& text) {
  decoder.protect([&text](png_struct_def*, png_info_def*) { static_cast<void>(text); });
#ifdef MUST_NOT_COMPILE
  decoder.protect([text](png_struct_def*, png_info_def*) { static_cast<void>(text); });
#endif
}
