// stb_image and stb_image_write, with an inflate and a deflate of their own. Reading checks no CRC. The
// writer's level is a length of search, not zlib's scale.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#include <climits>
#include <cstdint>

#include "contender.h"

namespace {

int read(bytes file, take_picture* take, void* user) {
  if (file.size > INT_MAX) return 0;
  int width = 0;
  int height = 0;
  unsigned char* pixels =
      stbi_load_from_memory(file.data, static_cast<int>(file.size), &width, &height, nullptr, STBI_rgb_alpha);
  if (pixels == nullptr) return 0;
  take(user, {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), pixels});
  stbi_image_free(pixels);
  return 1;
}

struct receiver {
  take_bytes* take;
  void* user;
};

void on_file(void* user, void* data, int size) {
  const auto& to = *static_cast<receiver*>(user);
  to.take(to.user, {static_cast<unsigned char*>(data), static_cast<std::size_t>(size)});
}

int write(picture picture, int level, take_bytes* take, void* user) {
  if (picture.width > INT_MAX / 4 || picture.height > INT_MAX) return 0;
  receiver to{take, user};
  stbi_write_png_compression_level = level;
  const int width = static_cast<int>(picture.width);
  return stbi_write_png_to_func(on_file, &to, width, static_cast<int>(picture.height), 4, picture.rgba,
                                width * 4);
}

}  // namespace

extern "C" const contender stb_contender = {"stb", read, write};
