/* What every contender does: a file's bytes to 8-bit RGBA pixels, and back. C, because one of them is C.
 *
 * Results are lent to a function for the length of its call, so each contender keeps them in its library's
 * own kind of memory: nothing is copied for the sake of this interface. */
#ifndef GAUNTLET_BENCHMARKS_PNG_CONTENDER_H
#define GAUNTLET_BENCHMARKS_PNG_CONTENDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bytes {
  const unsigned char* data;
  size_t size;
};

struct picture {
  uint32_t width;
  uint32_t height;
  const unsigned char* rgba; /* rows follow each other */
};

typedef void take_picture(void* user, struct picture picture);
typedef void take_bytes(void* user, struct bytes bytes);

struct contender {
  const char* name;
  /* 1 when take was called, 0 when the library failed. */
  int (*read)(struct bytes file, take_picture* take, void* user);
  int (*write)(struct picture picture, int level, take_bytes* take, void* user);
};

extern const struct contender raw_contender; /* C on libpng: what the others are compared with */
extern const struct contender wrapper_contender;
extern const struct contender pngpp_contender;
extern const struct contender spng_contender;
extern const struct contender lodepng_contender;
extern const struct contender stb_contender;

#ifdef __cplusplus
}
#endif

#endif
