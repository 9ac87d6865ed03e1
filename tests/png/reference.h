/* The same work done by the raw library, as its manual says: what our answers are compared with. */
#ifndef GAUNTLET_TEST_REFERENCE_H
#define GAUNTLET_TEST_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bits are those of gauntlet::png::transform. */
enum {
  REFERENCE_EXPAND = 1 << 0,
  REFERENCE_SCALE_16 = 1 << 1,
  REFERENCE_STRIP_16 = 1 << 2,
  REFERENCE_GRAY_TO_RGB = 1 << 3,
  REFERENCE_ADD_ALPHA = 1 << 4,
  REFERENCE_PACKING = 1 << 5,
  REFERENCE_SWAP = 1 << 6,
  REFERENCE_BGR = 1 << 7,
  REFERENCE_RGBA8 = REFERENCE_EXPAND | REFERENCE_SCALE_16 | REFERENCE_GRAY_TO_RGB | REFERENCE_ADD_ALPHA
};

struct reference_header {
  uint32_t width, height;
  int bit_depth, color_type, interlaced, channels;
  size_t row_bytes;
};

struct reference_image {
  int failed;
  char message[128];
  int warnings;
  struct reference_header file; /* as IHDR says */
  struct reference_header rows; /* after transforms */
  unsigned char* pixels;        /* rows.row_bytes * rows.height; bits that no pixel uses are 0 */
  int palette_size, alpha_size, has_transparent;
  unsigned char palette[256][3];
  unsigned char alpha[256];
  uint16_t gray, red, green, blue;
};

/* Free what it answers with reference_free, also when failed. NULL: no memory. */
struct reference_image* reference_decode(const unsigned char* data, size_t size, uint32_t transforms);
void reference_free(struct reference_image* image);

#ifdef __cplusplus
}
#endif
#endif
