// The wrapper as its users call it.
#include <exception>
#include <gauntlet/png.hpp>
#include <span>

#include "contender.h"

namespace png = gauntlet::png;

namespace {

// SAFETY: unsigned char may alias std::byte.
const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

int read(bytes file, take_picture* take, void* user) try {
  const png::image image =
      png::decode(std::as_bytes(std::span(file.data, file.size)), {.format = png::format::rgba8});
  take(user, {image.width(), image.height(), raw(image.pixels())});
  return 1;
} catch (const std::exception&) {
  return 0;
}

int write(picture picture, int level, take_bytes* take, void* user) try {
  const std::size_t size = std::size_t{picture.width} * picture.height * 4;
  const png::image_view view{.width = picture.width,
                             .height = picture.height,
                             .pixels = std::as_bytes(std::span(picture.rgba, size))};
  const std::vector<std::byte> file = png::encode(view, {.level = level});
  take(user, {raw(file), file.size()});
  return 1;
} catch (const std::exception&) {
  return 0;
}

}  // namespace

extern "C" const contender wrapper_contender = {"wrapper", read, write};
