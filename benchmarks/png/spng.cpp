// libspng, on the same zlib as libpng.
#include <spng.h>

#include <cstdlib>
#include <memory>

#include "contender.h"

namespace {

struct free_memory {
  void operator()(void* memory) const { std::free(memory); }
};
struct free_context {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using context_ptr = std::unique_ptr<spng_ctx, free_context>;
using memory_ptr = std::unique_ptr<void, free_memory>;

int read(bytes file, take_picture* take, void* user) {
  const context_ptr context(spng_ctx_new(0));
  spng_ihdr header{};
  std::size_t size = 0;
  if (!context || spng_set_png_buffer(context.get(), file.data, file.size) != 0 ||
      spng_get_ihdr(context.get(), &header) != 0 ||
      spng_decoded_image_size(context.get(), SPNG_FMT_RGBA8, &size) != 0)
    return 0;
  const memory_ptr pixels(std::malloc(size));
  if (!pixels || spng_decode_image(context.get(), pixels.get(), size, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS) != 0)
    return 0;
  take(user, {header.width, header.height, static_cast<unsigned char*>(pixels.get())});
  return 1;
}

int write(picture picture, int level, take_bytes* take, void* user) {
  const context_ptr context(spng_ctx_new(SPNG_CTX_ENCODER));
  if (!context) return 0;
  spng_ihdr header{};
  header.width = picture.width;
  header.height = picture.height;
  header.bit_depth = 8;
  header.color_type = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA;
  const std::size_t pixels_size = std::size_t{picture.width} * picture.height * 4;
  if (spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1) != 0 ||
      spng_set_option(context.get(), SPNG_IMG_COMPRESSION_LEVEL, level) != 0 ||
      spng_set_ihdr(context.get(), &header) != 0 ||
      spng_encode_image(context.get(), picture.rgba, pixels_size, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE) != 0)
    return 0;
  std::size_t size = 0;
  int error = 0;
  const memory_ptr file(spng_get_png_buffer(context.get(), &size, &error));
  if (!file) return 0;
  take(user, {static_cast<unsigned char*>(file.get()), size});
  return 1;
}

}  // namespace

extern "C" const contender spng_contender = {"libspng", read, write};
