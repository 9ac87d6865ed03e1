// expected: use of deleted function 'gauntlet::png::file_sink& gauntlet::png::file_sink::
#include <gauntlet/png.hpp>

// What would become of the file that was begun: given up, or committed?
void use(gauntlet::png::file_sink& first, gauntlet::png::file_sink& second) {
  const gauntlet::png::file_sink moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  first = std::move(second);
#endif
}
