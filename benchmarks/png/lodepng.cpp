// lodepng, with an inflate and a deflate of its own. Its deflate has no levels.
#include <lodepng.h>

#include <cstdlib>

#include "contender.h"

namespace {

int read(bytes file, take_picture* take, void* user) {
  unsigned char* pixels = nullptr;
  unsigned width = 0;
  unsigned height = 0;
  const bool done = lodepng_decode32(&pixels, &width, &height, file.data, file.size) == 0;
  if (done) take(user, {width, height, pixels});
  std::free(pixels);
  return done ? 1 : 0;
}

int write(picture picture, int, take_bytes* take, void* user) {
  lodepng::State state;
  state.encoder.auto_convert = 0;  // the others do not look for a smaller color type either
  unsigned char* file = nullptr;
  std::size_t size = 0;
  const bool done = lodepng_encode(&file, &size, picture.rgba, picture.width, picture.height, &state) == 0;
  if (done) take(user, {file, size});
  std::free(file);
  return done ? 1 : 0;
}

}  // namespace

extern "C" const contender lodepng_contender = {"lodepng", read, write};
