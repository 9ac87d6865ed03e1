/* What libpng does to rows on their way. Its own order is fixed, whatever the order of these calls. */
#include <string.h>

#include "state.h"

#define TRANSFORM(self, name, call)                                  \
  do {                                                               \
    if (!at_stage(self, READ_INFO, name)) return GAUNTLET_PNG_ERROR; \
    GUARD(self, { call; });                                          \
    return status_of(self);                                          \
  } while (0)

#define TRANSFORM_BOTH_WAYS(self, name, call)                                        \
  do {                                                                               \
    if (!at_stage_or(self, READ_INFO, WRITE_START, name)) return GAUNTLET_PNG_ERROR; \
    GUARD(self, { call; });                                                          \
    return status_of(self);                                                          \
  } while (0)

int gauntlet_png_set_expand(struct gauntlet_png* self) {
  TRANSFORM(self, "set_expand", png_set_expand(self->png));
}
int gauntlet_png_set_expand_16(struct gauntlet_png* self) {
  TRANSFORM(self, "set_expand_16", png_set_expand_16(self->png));
}
int gauntlet_png_set_palette_to_rgb(struct gauntlet_png* self) {
  TRANSFORM(self, "set_palette_to_rgb", png_set_palette_to_rgb(self->png));
}
int gauntlet_png_set_expand_gray_1_2_4_to_8(struct gauntlet_png* self) {
  TRANSFORM(self, "set_expand_gray_1_2_4_to_8", png_set_expand_gray_1_2_4_to_8(self->png));
}
int gauntlet_png_set_tRNS_to_alpha(struct gauntlet_png* self) {
  TRANSFORM(self, "set_tRNS_to_alpha", png_set_tRNS_to_alpha(self->png));
}
int gauntlet_png_set_strip_16(struct gauntlet_png* self) {
  TRANSFORM(self, "set_strip_16", png_set_strip_16(self->png));
}
int gauntlet_png_set_scale_16(struct gauntlet_png* self) {
  TRANSFORM(self, "set_scale_16", png_set_scale_16(self->png));
}
int gauntlet_png_set_strip_alpha(struct gauntlet_png* self) {
  TRANSFORM(self, "set_strip_alpha", png_set_strip_alpha(self->png));
}
int gauntlet_png_set_gray_to_rgb(struct gauntlet_png* self) {
  TRANSFORM(self, "set_gray_to_rgb", png_set_gray_to_rgb(self->png));
}
int gauntlet_png_set_add_alpha(struct gauntlet_png* self, uint32_t alpha, int after) {
  TRANSFORM(self, "set_add_alpha",
            png_set_add_alpha(self->png, alpha, after ? PNG_FILLER_AFTER : PNG_FILLER_BEFORE));
}

/* ---- both ways ---- */

int gauntlet_png_set_packing(struct gauntlet_png* self) {
  TRANSFORM_BOTH_WAYS(self, "set_packing", png_set_packing(self->png); self->rows_are_packed_by_us = 1);
}
int gauntlet_png_set_packswap(struct gauntlet_png* self) {
  TRANSFORM_BOTH_WAYS(self, "set_packswap", png_set_packswap(self->png));
}
int gauntlet_png_set_swap(struct gauntlet_png* self) {
  TRANSFORM_BOTH_WAYS(self, "set_swap", png_set_swap(self->png));
}
int gauntlet_png_set_bgr(struct gauntlet_png* self) {
  TRANSFORM_BOTH_WAYS(self, "set_bgr", png_set_bgr(self->png));
}
int gauntlet_png_set_swap_alpha(struct gauntlet_png* self) {
  TRANSFORM_BOTH_WAYS(self, "set_swap_alpha", png_set_swap_alpha(self->png));
}
int gauntlet_png_set_invert_alpha(struct gauntlet_png* self) {
  if (!at_stage_or(self, READ_INFO, WRITE_INFO, "set_invert_alpha")) return GAUNTLET_PNG_ERROR;
  GUARD(self, { png_set_invert_alpha(self->png); });
  return status_of(self);
}
int gauntlet_png_set_invert_mono(struct gauntlet_png* self) {
  TRANSFORM_BOTH_WAYS(self, "set_invert_mono", png_set_invert_mono(self->png));
}
int gauntlet_png_set_filler(struct gauntlet_png* self, uint32_t filler, int after) {
  TRANSFORM_BOTH_WAYS(self, "set_filler",
                      png_set_filler(self->png, filler, after ? PNG_FILLER_AFTER : PNG_FILLER_BEFORE);
                      self->rows_have_filler = 1);
}
static int is_among(uint8_t bits, uint8_t depth) { return bits >= 1 && bits <= depth; }

/* Writing a channel of 0 true bits, libpng finds no end. */
static int can_be_shifted_up(const struct gauntlet_png* self,
                             const struct gauntlet_png_significant_bits* bits) {
  const uint8_t color = png_get_color_type(self->png, self->info);
  const uint8_t depth = png_get_bit_depth(self->png, self->info);
  const int has_color = (color & PNG_COLOR_MASK_COLOR) != 0;
  if (color == PNG_COLOR_TYPE_PALETTE) return 1; /* not shifted at all */
  if (has_color &&
      !(is_among(bits->red, depth) && is_among(bits->green, depth) && is_among(bits->blue, depth)))
    return 0;
  if (!has_color && !is_among(bits->gray, depth)) return 0;
  return (color & PNG_COLOR_MASK_ALPHA) == 0 || is_among(bits->alpha, depth);
}

int gauntlet_png_set_shift(struct gauntlet_png* self, const struct gauntlet_png_significant_bits* bits) {
  const png_color_8 raw = {
      .red = bits->red, .green = bits->green, .blue = bits->blue, .gray = bits->gray, .alpha = bits->alpha};
  if (self->stage == WRITE_START && !can_be_shifted_up(self, bits))
    return fail(self, GAUNTLET_PNG_USAGE, "each channel that is shifted up has 1 true bit to all of them");
  TRANSFORM_BOTH_WAYS(self, "set_shift", png_set_shift(self->png, &raw));
}

static void on_transform(png_structp png, png_row_infop info, png_bytep row) {
  struct gauntlet_png* self = png_get_user_transform_ptr(png);
  const struct gauntlet_png_row_info found = {.width = info->width,
                                              .color_type = info->color_type,
                                              .bit_depth = info->bit_depth,
                                              .channels = info->channels,
                                              .row_bytes = info->rowbytes};
  if (self->callbacks.transform(self->callbacks.user, &found, row) != 0)
    raise_failure(self, GAUNTLET_PNG_CALLBACK, "the transform callback failed");
}

/* Both or none: libpng makes room in its row for depth times channels, and where one of them is 0, for
 * nothing. Pixels of 3, 5 or 6 bits it would write, as pixels of 4, past the end of an interlaced row. */
static const char* objection_to_pixels(int depth, int channels) {
  const int depth_is_valid = depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
  int bits;
  if (depth == 0 && channels == 0) return NULL;
  if (depth == 0 || channels == 0) return "a transform that changes pixels says their depth and channels";
  if (!depth_is_valid || channels < 1 || channels > 4)
    return "a transform makes 1 to 4 channels of 1, 2, 4, 8 or 16 bits";
  bits = depth * channels;
  if (bits != 1 && bits != 2 && bits != 4 && bits % 8 != 0)
    return "a transform's pixels have 1, 2 or 4 bits, or whole bytes";
  return NULL;
}

int gauntlet_png_set_user_transform(struct gauntlet_png* self, int depth, int channels) {
  const char* const objection = self->callbacks.transform == NULL ? "a transform needs its callback"
                                                                  : objection_to_pixels(depth, channels);
  if (objection != NULL) return fail(self, GAUNTLET_PNG_USAGE, objection);
  if (self->stage == WRITE_START)
    GUARD(self, {
      png_set_write_user_transform_fn(self->png, on_transform);
      png_set_user_transform_info(self->png, self, 0, 0);
    });
  else if (at_stage(self, READ_INFO, "set_user_transform"))
    GUARD(self, {
      png_set_read_user_transform_fn(self->png, on_transform);
      png_set_user_transform_info(self->png, self, depth, channels);
    });
  return status_of(self);
}

/* ---- colours of a reader ---- */

int gauntlet_png_set_gamma(struct gauntlet_png* self, int32_t screen, int32_t file) {
  TRANSFORM(self, "set_gamma", png_set_gamma_fixed(self->png, screen, file));
}

int gauntlet_png_set_alpha_mode(struct gauntlet_png* self, int mode, int32_t output_gamma) {
  if (mode < PNG_ALPHA_PNG || mode > PNG_ALPHA_BROKEN)
    return fail(self, GAUNTLET_PNG_USAGE,
                "alpha is straight (0), associated (1), optimized (2) or broken (3)");
  TRANSFORM(self, "set_alpha_mode", png_set_alpha_mode_fixed(self->png, mode, output_gamma));
}

int gauntlet_png_set_background(struct gauntlet_png* self, const struct gauntlet_png_color* color, int whose,
                                int expand, int32_t gamma) {
  const png_color_16 raw = {.index = color->index,
                            .red = color->red,
                            .green = color->green,
                            .blue = color->blue,
                            .gray = color->gray};
  if (whose < PNG_BACKGROUND_GAMMA_SCREEN || whose > PNG_BACKGROUND_GAMMA_UNIQUE)
    return fail(self, GAUNTLET_PNG_USAGE, "a background's gamma is the screen's, the file's, or its own");
  TRANSFORM(self, "set_background", png_set_background_fixed(self->png, &raw, whose, expand != 0, gamma));
}

int gauntlet_png_set_rgb_to_gray(struct gauntlet_png* self, int on_color, int32_t red, int32_t green) {
  if (on_color < PNG_ERROR_ACTION_NONE || on_color > PNG_ERROR_ACTION_ERROR)
    return fail(self, GAUNTLET_PNG_USAGE, "a colour is ignored (1), warned of (2) or an error (3)");
  TRANSFORM(self, "set_rgb_to_gray", png_set_rgb_to_gray_fixed(self->png, on_color, red, green));
}

/* ---- quantize ---- */

/* Without a histogram libpng looks for close colours, and may find no end or read beyond its table where many
 * are to go (CVE-2026-25646), or where memory is refused. */
static const char* objection_to_quantize(const struct gauntlet_png_palette* palette, int maximum_colors,
                                         int has_histogram) {
  if (palette->size == 0 || palette->size > 256) return "quantize needs a palette of 1 to 256 colours";
  if (maximum_colors < 1 || maximum_colors > 256) return "quantize makes 1 to 256 colours";
  if (!has_histogram && palette->size > maximum_colors)
    return "to leave out colours, quantize needs a histogram of the palette";
  return NULL;
}

/* The caller's palette as libpng will keep it. Colours that are not there have the count 0. */
static void copy_quantize(struct gauntlet_png* self, const struct gauntlet_png_palette* palette,
                          const uint16_t* histogram, png_uint_16 counts[256]) {
  memset(self->quantize_palette, 0, sizeof self->quantize_palette);
  memset(counts, 0, 256 * sizeof counts[0]);
  for (int i = 0; i < palette->size; ++i) {
    self->quantize_palette[i].red = palette->rgb[i][0];
    self->quantize_palette[i].green = palette->rgb[i][1];
    self->quantize_palette[i].blue = palette->rgb[i][2];
    counts[i] = histogram != NULL ? histogram[i] : 1;
  }
}

static void answer_palette(const struct gauntlet_png* self, struct gauntlet_png_palette* palette,
                           int colors) {
  palette->size = (uint16_t)colors;
  for (int i = 0; i < palette->size; ++i) {
    palette->rgb[i][0] = self->quantize_palette[i].red;
    palette->rgb[i][1] = self->quantize_palette[i].green;
    palette->rgb[i][2] = self->quantize_palette[i].blue;
  }
}

/* libpng looks up every index of a palette image, also those beyond the palette (CVE-2025-64505): there, 256
 * colours are given, and all that are not the caller's are left out. Of rgb rows each becomes the index of
 * the closest colour, so there must be none that is not the caller's. */
int gauntlet_png_set_quantize(struct gauntlet_png* self, struct gauntlet_png_palette* palette,
                              int maximum_colors, const uint16_t* histogram, int full) {
  png_uint_16 counts[256];
  const int leaves_out = palette->size > maximum_colors;
  const int colors = leaves_out ? maximum_colors : palette->size;
  const char* const objection = objection_to_quantize(palette, maximum_colors, histogram != NULL);
  if (!at_stage(self, READ_INFO, "set_quantize")) return GAUNTLET_PNG_ERROR;
  if (objection != NULL) return fail(self, GAUNTLET_PNG_USAGE, objection);
  copy_quantize(self, palette, leaves_out ? histogram : NULL, counts);
  GUARD(self, {
    png_set_quantize(self->png, self->quantize_palette, full ? palette->size : 256, colors, counts,
                     full != 0);
  });
  answer_palette(self, palette, colors);
  return status_of(self);
}
