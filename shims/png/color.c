/* What the numbers in the rows mean: palettes, transparency, and the chunks about colour. By value, as in
 * metadata.c. */
#include <stdio.h>
#include <string.h>

#include "state.h"

/* ---- palettes and transparency ---- */

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

int gauntlet_png_get_hIST(struct gauntlet_png* self, uint16_t histogram[256], size_t* count) {
  png_uint_16p counts = NULL;
  png_colorp colors = NULL;
  int size = 0;
  GET(self,
      png_get_hIST(self->png, self->info, &counts) && png_get_PLTE(self->png, self->info, &colors, &size));
  *count = (size_t)(size < 0 ? 0 : size > 256 ? 256 : size);
  for (size_t i = 0; i < *count; ++i) histogram[i] = counts[i];
  return GAUNTLET_PNG_OK;
}

/* libpng reads as many as there are colours in the palette. */
int gauntlet_png_set_hIST(struct gauntlet_png* self, const uint16_t* histogram, size_t count) {
  png_colorp colors = NULL;
  volatile int size = 0;
  if (!at_stage(self, WRITE_INFO, "set_hIST")) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    int found = 0;
    if (png_get_PLTE(self->png, self->info, &colors, &found) != 0) size = found;
  });
  if (size <= 0 || count != (size_t)size)
    return fail(self, GAUNTLET_PNG_USAGE,
                "a histogram has one count for each colour of the palette set before");
  SET(self, "set_hIST", png_set_hIST(self->png, self->info, histogram));
}

static int suggested(struct gauntlet_png* self, size_t index, png_sPLT_t* palette) {
  png_sPLT_tp all = NULL;
  volatile int count = 0;
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  GUARD(self, { count = png_get_sPLT(self->png, self->info, &all); });
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  if (count <= 0 || index >= (size_t)count) return GAUNTLET_PNG_ABSENT;
  *palette = all[index];
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_get_sPLT_count(struct gauntlet_png* self, size_t* count) {
  png_sPLT_tp all = NULL;
  *count = 0;
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    const int found = png_get_sPLT(self->png, self->info, &all);
    *count = found > 0 ? (size_t)found : 0;
  });
  return status_of(self);
}

int gauntlet_png_get_sPLT(struct gauntlet_png* self, size_t index, const char** name, uint8_t* depth,
                          size_t* size) {
  png_sPLT_t palette;
  const int status = suggested(self, index, &palette);
  if (status != GAUNTLET_PNG_OK) return status;
  *name = palette.name != NULL ? palette.name : "";
  *depth = palette.depth;
  *size = palette.nentries > 0 ? (size_t)palette.nentries : 0;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_get_sPLT_color(struct gauntlet_png* self, size_t index, size_t color_index,
                                struct gauntlet_png_suggested_color* color) {
  png_sPLT_t palette;
  const int status = suggested(self, index, &palette);
  if (status != GAUNTLET_PNG_OK) return status;
  if (palette.nentries <= 0 || color_index >= (size_t)palette.nentries) return GAUNTLET_PNG_ABSENT;
  const png_sPLT_entry* found = &palette.entries[color_index];
  color->red = found->red;
  color->green = found->green;
  color->blue = found->blue;
  color->alpha = found->alpha;
  color->frequency = found->frequency;
  return GAUNTLET_PNG_OK;
}

static void add_suggested(struct gauntlet_png* self, const char* name, uint8_t depth,
                          const struct gauntlet_png_suggested_color* colors, size_t size) {
  png_sPLT_entryp entries = png_malloc(self->png, (size > 0 ? size : 1) * sizeof *entries);
  png_sPLT_t palette;
  for (size_t i = 0; i < size; ++i) {
    entries[i].red = colors[i].red;
    entries[i].green = colors[i].green;
    entries[i].blue = colors[i].blue;
    entries[i].alpha = colors[i].alpha;
    entries[i].frequency = colors[i].frequency;
  }
  palette.name = without_const(name);
  palette.depth = depth;
  palette.entries = entries;
  palette.nentries = (png_int_32)size;
  png_set_sPLT(self->png, self->info, &palette, 1); /* if it jumps, destroy gives entries back */
  png_free(self->png, entries);
}

int gauntlet_png_set_sPLT(struct gauntlet_png* self, const char* name, uint8_t depth,
                          const struct gauntlet_png_suggested_color* colors, size_t size) {
  const size_t length = strlen(name);
  if ((depth != 8 && depth != 16) || length == 0 || length > 79 || size > PNG_UINT_31_MAX / 10)
    return fail(self, GAUNTLET_PNG_USAGE,
                "a suggested palette has a name of 1 to 79 bytes, and 8 or 16 bits");
  SET(self, "set_sPLT", add_suggested(self, name, depth, colors, size));
}

/* ---- what the samples mean ---- */

/* png_read_update_info puts into png_info the gamma and the background that the rows will have, and the color
 * type. What the file says is asked for before. */
void remember_before_transforms(struct gauntlet_png* self) {
  png_color_16p background = NULL;
  self->color_type = png_get_color_type(self->png, self->info);
  png_get_gAMA_fixed(self->png, self->info, &self->gamma);
  if (png_get_bKGD(self->png, self->info, &background) != 0) self->background = *background;
}

static int transforms_are_fixed(const struct gauntlet_png* self) {
  return self->stage == READ_ROWS || self->stage == READ_END;
}

static int is_gray(const struct gauntlet_png* self) { return (self->color_type & PNG_COLOR_MASK_COLOR) == 0; }

int gauntlet_png_get_gAMA(struct gauntlet_png* self, int32_t* gamma_times_100000) {
  png_fixed_point gamma = 0;
  GET(self, is_in_file(self, GAUNTLET_PNG_HAS_gAMA) && png_get_gAMA_fixed(self->png, self->info, &gamma));
  *gamma_times_100000 = transforms_are_fixed(self) ? self->gamma : gamma;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_gAMA(struct gauntlet_png* self, int32_t gamma_times_100000) {
  SET(self, "set_gAMA", png_set_gAMA_fixed(self->png, self->info, gamma_times_100000));
}

int gauntlet_png_get_sRGB(struct gauntlet_png* self, int* intent) {
  int found = 0;
  GET(self, is_in_file(self, GAUNTLET_PNG_HAS_sRGB) && png_get_sRGB(self->png, self->info, &found));
  *intent = found;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_sRGB(struct gauntlet_png* self, int intent) {
  SET(self, "set_sRGB", png_set_sRGB(self->png, self->info, intent));
}

int gauntlet_png_get_cHRM(struct gauntlet_png* self, struct gauntlet_png_chromaticities* value) {
  png_fixed_point x[8] = {0};
  GET(self,
      is_in_file(self, GAUNTLET_PNG_HAS_cHRM) &&
          png_get_cHRM_fixed(self->png, self->info, &x[0], &x[1], &x[2], &x[3], &x[4], &x[5], &x[6], &x[7]));
  *value = (struct gauntlet_png_chromaticities){x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]};
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_cHRM(struct gauntlet_png* self, const struct gauntlet_png_chromaticities* value) {
  SET(self, "set_cHRM",
      png_set_cHRM_fixed(self->png, self->info, value->white_x, value->white_y, value->red_x, value->red_y,
                         value->green_x, value->green_y, value->blue_x, value->blue_y));
}

int gauntlet_png_get_iCCP(struct gauntlet_png* self, struct gauntlet_png_profile* profile) {
  png_charp name = NULL;
  png_bytep data = NULL;
  png_uint_32 size = 0;
  int compression = 0;
  GET(self, png_get_iCCP(self->png, self->info, &name, &compression, &data, &size));
  profile->name = name != NULL ? name : "";
  profile->icc.data = data;
  profile->icc.size = size;
  return GAUNTLET_PNG_OK;
}

/* libpng 1.6.39 takes the size of what it writes from the profile's own first four bytes. */
int gauntlet_png_set_iCCP(struct gauntlet_png* self, const struct gauntlet_png_profile* profile) {
  const struct gauntlet_png_bytes icc = profile->icc;
  if (icc.size < 132 || png_get_uint_32(icc.data) != icc.size)
    return fail(self, GAUNTLET_PNG_USAGE,
                "an ICC profile has at least 132 bytes, and begins with their number");
  SET(self, "set_iCCP",
      png_set_iCCP(self->png, self->info, profile->name, PNG_COMPRESSION_TYPE_BASE, icc.data, icc.size));
}

/* libpng answers something for channels that the image does not have, too. */
int gauntlet_png_get_sBIT(struct gauntlet_png* self, struct gauntlet_png_significant_bits* bits) {
  png_color_8p found = NULL;
  GET(self, png_get_sBIT(self->png, self->info, &found));
  memset(bits, 0, sizeof *bits);
  if (is_gray(self)) {
    bits->gray = found->gray;
  } else {
    bits->red = found->red;
    bits->green = found->green;
    bits->blue = found->blue;
  }
  if ((self->color_type & PNG_COLOR_MASK_ALPHA) != 0) bits->alpha = found->alpha;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_sBIT(struct gauntlet_png* self, const struct gauntlet_png_significant_bits* bits) {
  const png_color_8 raw = {
      .red = bits->red, .green = bits->green, .blue = bits->blue, .gray = bits->gray, .alpha = bits->alpha};
  SET(self, "set_sBIT", png_set_sBIT(self->png, self->info, &raw));
}

/* libpng answers the palette's colour beside the index, and the gray in red, green and blue; what does not
 * stand in the chunk cannot be written back. */
int gauntlet_png_get_bKGD(struct gauntlet_png* self, struct gauntlet_png_color* color) {
  png_color_16p found = NULL;
  GET(self, png_get_bKGD(self->png, self->info, &found));
  if (transforms_are_fixed(self)) found = &self->background;
  memset(color, 0, sizeof *color);
  if (self->color_type == PNG_COLOR_TYPE_PALETTE) {
    color->index = found->index;
  } else if (is_gray(self)) {
    color->gray = found->gray;
  } else {
    color->red = found->red;
    color->green = found->green;
    color->blue = found->blue;
  }
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_bKGD(struct gauntlet_png* self, const struct gauntlet_png_color* color) {
  const png_color_16 raw = {.index = color->index,
                            .red = color->red,
                            .green = color->green,
                            .blue = color->blue,
                            .gray = color->gray};
  SET(self, "set_bKGD", png_set_bKGD(self->png, self->info, &raw));
}

/* ---- what libpng 1.6.39 does not have ---- */

#if !defined(PNG_cICP_SUPPORTED) || !defined(PNG_mDCV_SUPPORTED) || !defined(PNG_cLLI_SUPPORTED)
static int too_old(struct gauntlet_png* self, const char* chunk, const char* since) {
  char message[96];
  if (!at_stage(self, WRITE_INFO, chunk)) return GAUNTLET_PNG_ERROR;
  snprintf(message, sizeof message, "this was built for libpng %s, which has no %s: libpng %s has",
           PNG_LIBPNG_VER_STRING, chunk, since);
  return fail(self, GAUNTLET_PNG_UNSUPPORTED, message);
}
#endif

#ifdef PNG_cICP_SUPPORTED
int gauntlet_png_get_cICP(struct gauntlet_png* self, struct gauntlet_png_cicp* value) {
  GET(self, png_get_cICP(self->png, self->info, &value->colour_primaries, &value->transfer_function,
                         &value->matrix_coefficients, &value->video_full_range));
  return GAUNTLET_PNG_OK;
}
int gauntlet_png_set_cICP(struct gauntlet_png* self, const struct gauntlet_png_cicp* value) {
  SET(self, "set_cICP",
      png_set_cICP(self->png, self->info, value->colour_primaries, value->transfer_function,
                   value->matrix_coefficients, value->video_full_range));
}
#else
int gauntlet_png_get_cICP(struct gauntlet_png* self, struct gauntlet_png_cicp* value) {
  (void)value;
  return status_of(self) == GAUNTLET_PNG_OK ? GAUNTLET_PNG_ABSENT : GAUNTLET_PNG_ERROR;
}
int gauntlet_png_set_cICP(struct gauntlet_png* self, const struct gauntlet_png_cicp* value) {
  (void)value;
  return too_old(self, "cICP", "1.6.45");
}
#endif

#ifdef PNG_mDCV_SUPPORTED
/* libpng's unit is half of the chunk's. */
int gauntlet_png_get_mDCV(struct gauntlet_png* self, struct gauntlet_png_mastering_display* value) {
  png_fixed_point x[8] = {0};
  GET(self, png_get_mDCV_fixed(self->png, self->info, &x[0], &x[1], &x[2], &x[3], &x[4], &x[5], &x[6], &x[7],
                               &value->max_luminance, &value->min_luminance));
  value->primaries = (struct gauntlet_png_chromaticities){x[0] / 2, x[1] / 2, x[2] / 2, x[3] / 2,
                                                          x[4] / 2, x[5] / 2, x[6] / 2, x[7] / 2};
  return GAUNTLET_PNG_OK;
}
int gauntlet_png_set_mDCV(struct gauntlet_png* self, const struct gauntlet_png_mastering_display* value) {
  const struct gauntlet_png_chromaticities* p = &value->primaries;
  const int32_t all[8] = {p->white_x, p->white_y, p->red_x,  p->red_y,
                          p->green_x, p->green_y, p->blue_x, p->blue_y};
  for (int i = 0; i < 8; ++i)
    if (all[i] < 0 || all[i] > 0xFFFF)
      return fail(self, GAUNTLET_PNG_USAGE, "mDCV's chromaticities are 0 to 65535, in units of 0.00002");
  SET(self, "set_mDCV",
      png_set_mDCV_fixed(self->png, self->info, 2 * p->white_x, 2 * p->white_y, 2 * p->red_x, 2 * p->red_y,
                         2 * p->green_x, 2 * p->green_y, 2 * p->blue_x, 2 * p->blue_y, value->max_luminance,
                         value->min_luminance));
}
#else
int gauntlet_png_get_mDCV(struct gauntlet_png* self, struct gauntlet_png_mastering_display* value) {
  (void)value;
  return status_of(self) == GAUNTLET_PNG_OK ? GAUNTLET_PNG_ABSENT : GAUNTLET_PNG_ERROR;
}
int gauntlet_png_set_mDCV(struct gauntlet_png* self, const struct gauntlet_png_mastering_display* value) {
  (void)value;
  return too_old(self, "mDCV", "1.6.46");
}
#endif

#ifdef PNG_cLLI_SUPPORTED
int gauntlet_png_get_cLLI(struct gauntlet_png* self, struct gauntlet_png_light_level* value) {
  GET(self, png_get_cLLI_fixed(self->png, self->info, &value->max_content, &value->max_frame_average));
  return GAUNTLET_PNG_OK;
}
int gauntlet_png_set_cLLI(struct gauntlet_png* self, const struct gauntlet_png_light_level* value) {
  SET(self, "set_cLLI",
      png_set_cLLI_fixed(self->png, self->info, value->max_content, value->max_frame_average));
}
#else
int gauntlet_png_get_cLLI(struct gauntlet_png* self, struct gauntlet_png_light_level* value) {
  (void)value;
  return status_of(self) == GAUNTLET_PNG_OK ? GAUNTLET_PNG_ABSENT : GAUNTLET_PNG_ERROR;
}
int gauntlet_png_set_cLLI(struct gauntlet_png* self, const struct gauntlet_png_light_level* value) {
  (void)value;
  return too_old(self, "cLLI", "1.6.46");
}
#endif
