/* Header and metadata, in and out by value. libpng's getters hand out pointers into its own structs; nothing
 * here lets such a pointer come back in (two of libpng's CVEs of 2025 and 2026 were just that). */
#include "state.h"

#include <string.h>

/* A getter: call answers what png_get_* does, 0 for "no such chunk". */
#define GET(self, call)                                                \
  do {                                                                 \
    volatile int get_found = 0;                                        \
    if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR; \
    GUARD(self, { get_found = (call) != 0; });                         \
    if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR; \
    if (!get_found) return GAUNTLET_PNG_ABSENT;                        \
  } while (0)

#define SET(self, name, call)                                         \
  do {                                                                \
    if (!at_stage(self, WRITE_INFO, name)) return GAUNTLET_PNG_ERROR; \
    GUARD(self, { call; });                                           \
    return status_of(self);                                           \
  } while (0)

int gauntlet_png_get_IHDR(struct gauntlet_png* self, struct gauntlet_png_header* header) {
  png_uint_32 width = 0, height = 0;
  int bit_depth = 0, color_type = 0, interlace = 0;
  /* libpng has no "not yet" here: it takes an IHDR that was not read for one that is wrong. */
  const int known = self->stage != READ_HEADER && self->stage != WRITE_HEADER;
  GET(self, known && png_get_IHDR(self->png, self->info, &width, &height, &bit_depth, &color_type, &interlace,
                                  NULL, NULL));
  header->width = width;
  header->height = height;
  header->bit_depth = (uint8_t)bit_depth;
  header->color_type = (uint8_t)color_type;
  header->interlaced = interlace != PNG_INTERLACE_NONE;
  header->channels = png_get_channels(self->png, self->info);
  header->row_bytes = png_get_rowbytes(self->png, self->info);
  return GAUNTLET_PNG_OK;
}

/* ---- text ---- */

int gauntlet_png_get_text_count(struct gauntlet_png* self, size_t* count) {
  int found = 0;
  *count = 0;
  GET(self, png_get_text(self->png, self->info, NULL, &found));
  *count = found > 0 ? (size_t)found : 0;
  return GAUNTLET_PNG_OK;
}

static const char* or_empty(const char* string) { return string != NULL ? string : ""; }

int gauntlet_png_get_text(struct gauntlet_png* self, size_t index, struct gauntlet_png_text* text) {
  png_textp all = NULL;
  int count = 0;
  GET(self, png_get_text(self->png, self->info, &all, &count));
  if (count < 0 || index >= (size_t)count) return GAUNTLET_PNG_ABSENT;
  const png_text* found = &all[index];
  text->international = found->compression >= PNG_ITXT_COMPRESSION_NONE;
  text->compressed =
      found->compression == PNG_TEXT_COMPRESSION_zTXt || found->compression == PNG_ITXT_COMPRESSION_zTXt;
  text->key = or_empty(found->key);
  text->text = or_empty(found->text);
  text->language = text->international ? or_empty(found->lang) : "";
  text->translated_key = text->international ? or_empty(found->lang_key) : "";
  return GAUNTLET_PNG_OK;
}

static int compression_of(const struct gauntlet_png_text* text) {
  if (text->international) return text->compressed ? PNG_ITXT_COMPRESSION_zTXt : PNG_ITXT_COMPRESSION_NONE;
  return text->compressed ? PNG_TEXT_COMPRESSION_zTXt : PNG_TEXT_COMPRESSION_NONE;
}

/* SAFETY: png_text has no const, but png_set_text copies every string before it returns and writes to none.
 */
static char* without_const(const char* string) {
  const union {
    const char* in;
    char* out;
  } pointer = {string};
  return pointer.out;
}

int gauntlet_png_set_text(struct gauntlet_png* self, const struct gauntlet_png_text* text) {
  png_text one;
  memset(&one, 0, sizeof one);
  one.compression = compression_of(text);
  one.key = without_const(text->key);
  one.text = without_const(text->text);
  one.lang = without_const(text->language);
  one.lang_key = without_const(text->translated_key);
  SET(self, "set_text", png_set_text(self->png, self->info, &one, 1));
}

/* ---- single chunks ---- */

int gauntlet_png_get_gAMA(struct gauntlet_png* self, int32_t* gamma_times_100000) {
  png_fixed_point gamma = 0;
  GET(self, png_get_gAMA_fixed(self->png, self->info, &gamma));
  *gamma_times_100000 = gamma;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_gAMA(struct gauntlet_png* self, int32_t gamma_times_100000) {
  SET(self, "set_gAMA", png_set_gAMA_fixed(self->png, self->info, gamma_times_100000));
}

int gauntlet_png_get_sRGB(struct gauntlet_png* self, int* intent) {
  int found = 0;
  GET(self, png_get_sRGB(self->png, self->info, &found));
  *intent = found;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_sRGB(struct gauntlet_png* self, int intent) {
  SET(self, "set_sRGB", png_set_sRGB(self->png, self->info, intent));
}

int gauntlet_png_get_pHYs(struct gauntlet_png* self, struct gauntlet_png_physical* physical) {
  png_uint_32 x = 0, y = 0;
  int unit = 0;
  GET(self, png_get_pHYs(self->png, self->info, &x, &y, &unit));
  physical->x = x;
  physical->y = y;
  physical->unit_is_metre = unit == PNG_RESOLUTION_METER;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_pHYs(struct gauntlet_png* self, const struct gauntlet_png_physical* physical) {
  const int unit = physical->unit_is_metre ? PNG_RESOLUTION_METER : PNG_RESOLUTION_UNKNOWN;
  SET(self, "set_pHYs", png_set_pHYs(self->png, self->info, physical->x, physical->y, unit));
}

int gauntlet_png_get_tIME(struct gauntlet_png* self, struct gauntlet_png_time* time) {
  png_timep found = NULL;
  GET(self, png_get_tIME(self->png, self->info, &found));
  time->year = found->year;
  time->month = found->month;
  time->day = found->day;
  time->hour = found->hour;
  time->minute = found->minute;
  time->second = found->second;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_tIME(struct gauntlet_png* self, const struct gauntlet_png_time* time) {
  const png_time value = {.year = time->year,
                          .month = time->month,
                          .day = time->day,
                          .hour = time->hour,
                          .minute = time->minute,
                          .second = time->second};
  SET(self, "set_tIME", png_set_tIME(self->png, self->info, &value));
}

int gauntlet_png_get_PLTE(struct gauntlet_png* self, struct gauntlet_png_palette* palette) {
  png_colorp colors = NULL;
  int size = 0;
  GET(self, png_get_PLTE(self->png, self->info, &colors, &size));
  palette->size = (uint16_t)(size < 0 ? 0 : size > 256 ? 256 : size);
  for (int i = 0; i < palette->size; ++i) {
    palette->rgb[i][0] = colors[i].red;
    palette->rgb[i][1] = colors[i].green;
    palette->rgb[i][2] = colors[i].blue;
  }
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_PLTE(struct gauntlet_png* self, const struct gauntlet_png_palette* palette) {
  png_color colors[256];
  if (palette->size > 256) return fail(self, GAUNTLET_PNG_USAGE, "a palette has at most 256 colours");
  for (int i = 0; i < palette->size; ++i) {
    colors[i].red = palette->rgb[i][0];
    colors[i].green = palette->rgb[i][1];
    colors[i].blue = palette->rgb[i][2];
  }
  SET(self, "set_PLTE", png_set_PLTE(self->png, self->info, colors, palette->size));
}

int gauntlet_png_get_tRNS(struct gauntlet_png* self, struct gauntlet_png_transparency* transparency) {
  png_bytep alpha = NULL;
  png_color_16p color = NULL;
  int size = 0;
  GET(self, png_get_tRNS(self->png, self->info, &alpha, &size, &color));
  memset(transparency, 0, sizeof *transparency);
  if (png_get_color_type(self->png, self->info) == PNG_COLOR_TYPE_PALETTE && alpha != NULL && size > 0) {
    transparency->alpha_size = (uint16_t)(size > 256 ? 256 : size);
    memcpy(transparency->alpha, alpha, transparency->alpha_size);
  } else if (color != NULL) {
    transparency->gray = color->gray;
    transparency->red = color->red;
    transparency->green = color->green;
    transparency->blue = color->blue;
  }
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_tRNS(struct gauntlet_png* self, const struct gauntlet_png_transparency* transparency) {
  png_color_16 color = {.gray = transparency->gray,
                        .red = transparency->red,
                        .green = transparency->green,
                        .blue = transparency->blue};
  if (transparency->alpha_size > 256)
    return fail(self, GAUNTLET_PNG_USAGE, "a palette has at most 256 alphas");
  SET(self, "set_tRNS",
      png_set_tRNS(self->png, self->info, transparency->alpha_size > 0 ? transparency->alpha : NULL,
                   transparency->alpha_size, transparency->alpha_size > 0 ? NULL : &color));
}
