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
  REFERENCE_EXPAND_16 = 1 << 8,
  REFERENCE_PALETTE_TO_RGB = 1 << 9,
  REFERENCE_EXPAND_GRAY = 1 << 10,
  REFERENCE_TRNS_TO_ALPHA = 1 << 11,
  REFERENCE_STRIP_ALPHA = 1 << 12,
  REFERENCE_PACKSWAP = 1 << 13,
  REFERENCE_SWAP_ALPHA = 1 << 14,
  REFERENCE_INVERT_ALPHA = 1 << 15,
  REFERENCE_INVERT_MONO = 1 << 16,
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

/* All that libpng can be told to do to rows. Begin with reference_nothing. */
struct reference_settings {
  uint32_t flags;
  int alpha_mode; /* -1: not set */
  int32_t alpha_gamma;
  int32_t screen_gamma; /* 0: not set */
  int32_t default_gamma;
  int background; /* whose gamma; 0: not set */
  int background_expand;
  int32_t background_gamma;
  uint16_t background_color[5]; /* index, red, green, blue, gray */
  int gray_action;              /* 0: not set */
  int32_t gray_red, gray_green;
  int filler; /* 0: not set; 1: a filler, 2: an alpha */
  int filler_after;
  uint16_t filler_value;
  int shifts;
  uint8_t shift[5]; /* red, green, blue, gray, alpha */
  int palette_size; /* of quantize; 0: not set. Writing: of PLTE */
  int maximum_colors, full;
  unsigned char palette[256][3]; /* answered as libpng has left it */
  const uint16_t* histogram;
};
extern const struct reference_settings reference_nothing;

/* Free what it answers with reference_free, also when failed. NULL: no memory. */
struct reference_image* reference_decode_as(const unsigned char* data, size_t size,
                                            struct reference_settings* settings);
/* The picture after so many passes, of rows given to png_read_row as rows or as display rows. */
struct reference_image* reference_passes(const unsigned char* data, size_t size, int passes, int blocks);

/* A file, from rows that lie row_bytes apart. Answers its size, or 0; out has room for 64 KiB. */
size_t reference_encode(const struct reference_header* header, const struct reference_settings* settings,
                        const unsigned char* rows, unsigned char* out);

struct reference_image* reference_decode(const unsigned char* data, size_t size, uint32_t transforms);
void reference_free(struct reference_image* image);

#ifdef __cplusplus
}
#endif
#endif
