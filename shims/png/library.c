/* What needs no file: versions, signatures, and what libpng computes. */
#include <string.h>

#include "state.h"

uint32_t gauntlet_png_access_version_number(void) { return png_access_version_number(); }
const char* gauntlet_png_get_libpng_ver(void) { return png_get_libpng_ver(NULL); }
const char* gauntlet_png_get_copyright(void) { return png_get_copyright(NULL); }

int gauntlet_png_sig_cmp(const unsigned char* data, size_t size) {
  return size > 0 && png_sig_cmp(data, 0, size < 8 ? size : 8) == 0;
}

int gauntlet_png_convert_to_rfc1123(const struct gauntlet_png_time* time, char out[29]) {
  const png_time value = to_png_time(time);
  return png_convert_to_rfc1123_buffer(out, &value) != 0 ? GAUNTLET_PNG_OK : GAUNTLET_PNG_ABSENT;
}

int gauntlet_png_build_grayscale_palette(int bit_depth, struct gauntlet_png_palette* palette) {
  png_color colors[256] = {{0, 0, 0}};
  if (bit_depth != 1 && bit_depth != 2 && bit_depth != 4 && bit_depth != 8) return GAUNTLET_PNG_ABSENT;
  png_build_grayscale_palette(bit_depth, colors);
  palette->size = (uint16_t)(1U << bit_depth);
  for (int i = 0; i < palette->size; ++i) {
    palette->rgb[i][0] = colors[i].red;
    palette->rgb[i][1] = colors[i].green;
    palette->rgb[i][2] = colors[i].blue;
  }
  return GAUNTLET_PNG_OK;
}
