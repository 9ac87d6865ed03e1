#include "reference.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
  const unsigned char* rest;
  size_t size;
};

static void on_read(png_structp png, png_bytep out, size_t size) {
  struct input* input = png_get_io_ptr(png);
  if (size > input->size) png_error(png, "reference: no more data");
  memcpy(out, input->rest, size);
  input->rest += size;
  input->size -= size;
}

static void on_error(png_structp png, png_const_charp message) {
  struct reference_image* image = png_get_error_ptr(png);
  image->failed = 1;
  snprintf(image->message, sizeof image->message, "%s", message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  struct reference_image* image = png_get_error_ptr(png);
  (void)message;
  ++image->warnings;
}

/* libpng's row buffer begins as garbage (its issues 692 and 844), which would make this reference itself a
 * finding of MemorySanitizer and Valgrind. */
static png_voidp zeroed(png_structp png, png_alloc_size_t size) {
  (void)png;
  if (size > (1U << 28)) return NULL; /* some crashers ask for a gigabyte, which takes a second to clear */
  return calloc(1, size);
}

static void release(png_structp png, png_voidp memory) {
  (void)png;
  free(memory);
}

static void read_header(png_structp png, png_infop info, struct reference_header* header) {
  int interlace = 0;
  png_get_IHDR(png, info, &header->width, &header->height, &header->bit_depth, &header->color_type,
               &interlace, NULL, NULL);
  header->interlaced = interlace != PNG_INTERLACE_NONE;
  header->channels = png_get_channels(png, info);
  header->row_bytes = png_get_rowbytes(png, info);
}

static void read_palette(png_structp png, png_infop info, struct reference_image* image) {
  png_colorp colors = NULL;
  if (png_get_PLTE(png, info, &colors, &image->palette_size) == 0) return;
  for (int i = 0; i < image->palette_size; ++i) {
    image->palette[i][0] = colors[i].red;
    image->palette[i][1] = colors[i].green;
    image->palette[i][2] = colors[i].blue;
  }
}

static void read_transparency(png_structp png, png_infop info, struct reference_image* image) {
  png_bytep alpha = NULL;
  png_color_16p color = NULL;
  int size = 0;
  if (png_get_tRNS(png, info, &alpha, &size, &color) == 0) return;
  if (image->file.color_type == PNG_COLOR_TYPE_PALETTE) {
    image->alpha_size = size;
    memcpy(image->alpha, alpha, (size_t)size);
    return;
  }
  image->has_transparent = 1;
  image->gray = color->gray;
  image->red = color->red;
  image->green = color->green;
  image->blue = color->blue;
}

static void set_transforms(png_structp png, uint32_t transforms) {
  if (transforms & REFERENCE_EXPAND) png_set_expand(png);
  if (transforms & REFERENCE_SCALE_16) png_set_scale_16(png);
  if (transforms & REFERENCE_STRIP_16) png_set_strip_16(png);
  if (transforms & REFERENCE_GRAY_TO_RGB) png_set_gray_to_rgb(png);
  if (transforms & REFERENCE_ADD_ALPHA) png_set_add_alpha(png, 0xFFFF, PNG_FILLER_AFTER);
  if (transforms & REFERENCE_PACKING) png_set_packing(png);
  if (transforms & REFERENCE_SWAP) png_set_swap(png);
  if (transforms & REFERENCE_BGR) png_set_bgr(png);
  if (transforms & REFERENCE_EXPAND_16) png_set_expand_16(png);
  if (transforms & REFERENCE_PALETTE_TO_RGB) png_set_palette_to_rgb(png);
  if (transforms & REFERENCE_EXPAND_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  if (transforms & REFERENCE_TRNS_TO_ALPHA) png_set_tRNS_to_alpha(png);
  if (transforms & REFERENCE_STRIP_ALPHA) png_set_strip_alpha(png);
  if (transforms & REFERENCE_PACKSWAP) png_set_packswap(png);
  if (transforms & REFERENCE_SWAP_ALPHA) png_set_swap_alpha(png);
  if (transforms & REFERENCE_INVERT_ALPHA) png_set_invert_alpha(png);
  if (transforms & REFERENCE_INVERT_MONO) png_set_invert_mono(png);
}

const struct reference_settings reference_nothing = {.alpha_mode = -1};

/* What the manual says of gamma: the file's word counts, ours only if it is silent. */
static void set_gamma(png_structp png, png_infop info, const struct reference_settings* s) {
  png_fixed_point file = 0;
  if (png_get_gAMA_fixed(png, info, &file) != 0)
    png_set_gamma_fixed(png, s->screen_gamma, file);
  else
    png_set_gamma_fixed(png, s->screen_gamma, s->default_gamma);
}

static void set_background(png_structp png, const struct reference_settings* s) {
  png_color_16 color;
  color.index = (png_byte)s->background_color[0];
  color.red = s->background_color[1];
  color.green = s->background_color[2];
  color.blue = s->background_color[3];
  color.gray = s->background_color[4];
  png_set_background_fixed(png, &color, s->background, s->background_expand, s->background_gamma);
}

static void set_filler(png_structp png, const struct reference_settings* s) {
  const int place = s->filler_after ? PNG_FILLER_AFTER : PNG_FILLER_BEFORE;
  if (s->filler == 1) png_set_filler(png, s->filler_value, place);
  if (s->filler == 2) png_set_add_alpha(png, s->filler_value, place);
}

static void set_shift(png_structp png, const struct reference_settings* s) {
  png_color_8 bits;
  bits.red = s->shift[0];
  bits.green = s->shift[1];
  bits.blue = s->shift[2];
  bits.gray = s->shift[3];
  bits.alpha = s->shift[4];
  png_set_shift(png, &bits);
}

/* In another order than ours: libpng's own is fixed. Only alpha modes stand before a gamma. */
static void set_settings(png_structp png, png_infop info, struct reference_settings* s) {
  set_transforms(png, s->flags);
  if (s->shifts) set_shift(png, s);
  if (s->filler != 0) set_filler(png, s);
  if (s->gray_action != 0) png_set_rgb_to_gray_fixed(png, s->gray_action, s->gray_red, s->gray_green);
  if (s->alpha_mode >= 0) png_set_alpha_mode_fixed(png, s->alpha_mode, s->alpha_gamma);
  if (s->screen_gamma != 0) set_gamma(png, info, s);
  if (s->background != 0) set_background(png, s);
  if (s->palette_size != 0)
    png_set_quantize(png, (png_colorp)s->palette, s->palette_size, s->maximum_colors, s->histogram, s->full);
}

struct request {
  struct reference_settings* settings;
  int passes; /* 0: all */
  int blocks;
};

static void read_rows(png_structp png, png_infop info, const struct request* request,
                      struct reference_image* image) {
  const int all = png_set_interlace_handling(png);
  const int passes = request->passes != 0 ? request->passes : all;
  png_read_update_info(png, info);
  read_header(png, info, &image->rows);
  image->pixels = calloc(image->rows.height, image->rows.row_bytes);
  if (image->pixels == NULL) png_error(png, "reference: no memory");
  for (int pass = 0; pass < passes; ++pass)
    for (uint32_t y = 0; y < image->rows.height; ++y) {
      png_bytep row = image->pixels + y * image->rows.row_bytes;
      png_read_rows(png, request->blocks ? NULL : &row, request->blocks ? &row : NULL, 1);
    }
  if (passes == all) png_read_end(png, info);
}

static void read_all(png_structp png, png_infop info, const struct request* request,
                     struct reference_image* image) {
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_read_info(png, info);
  read_header(png, info, &image->file);
  read_palette(png, info, image);
  read_transparency(png, info, image);
  set_settings(png, info, request->settings);
  read_rows(png, info, request, image);
}

static struct reference_image* decode(const unsigned char* data, size_t size, const struct request* request) {
  struct input input = {data, size};
  struct reference_image* image = calloc(1, sizeof *image);
  png_structp png = NULL;
  png_infop info = NULL;
  if (image == NULL) return NULL;
  png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, image, on_error, on_warning, NULL, zeroed, release);
  if (png != NULL) info = png_create_info_struct(png);
  if (info != NULL) {
    png_set_read_fn(png, &input, on_read);
    read_all(png, info, request, image);
  }
  png_destroy_read_struct(&png, &info, NULL);
  return image;
}

struct reference_image* reference_decode_as(const unsigned char* data, size_t size,
                                            struct reference_settings* settings) {
  const struct request request = {.settings = settings};
  return decode(data, size, &request);
}

struct reference_image* reference_decode(const unsigned char* data, size_t size, uint32_t transforms) {
  struct reference_settings settings = reference_nothing;
  settings.flags = transforms;
  return reference_decode_as(data, size, &settings);
}

struct reference_image* reference_passes(const unsigned char* data, size_t size, int passes, int blocks) {
  struct reference_settings settings = reference_nothing;
  const struct request request = {&settings, passes, blocks};
  return decode(data, size, &request);
}

void reference_free(struct reference_image* image) {
  if (image == NULL) return;
  free(image->pixels);
  free(image);
}

/* ---- writing */

struct output {
  unsigned char* data;
  size_t size;
};

static void on_write(png_structp png, png_bytep data, size_t size) {
  struct output* output = png_get_io_ptr(png);
  if (size > 65536 - output->size) png_error(png, "reference: no more room");
  memcpy(output->data + output->size, data, size);
  output->size += size;
}

static void on_flush(png_structp png) { (void)png; }

static void write_all(png_structp png, png_infop info, const struct reference_header* header,
                      const struct reference_settings* settings, const unsigned char* rows) {
  int passes = 1;
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_set_IHDR(png, info, header->width, header->height, header->bit_depth, header->color_type,
               header->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (header->color_type == PNG_COLOR_TYPE_PALETTE)
    png_set_PLTE(png, info, (png_const_colorp)settings->palette, settings->palette_size);
  if (settings->flags & REFERENCE_INVERT_ALPHA) png_set_invert_alpha(png);
  png_write_info(png, info);
  set_transforms(png, settings->flags & ~(uint32_t)REFERENCE_INVERT_ALPHA);
  if (settings->shifts) set_shift(png, settings);
  if (settings->filler != 0) set_filler(png, settings);
  passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; ++pass)
    for (uint32_t y = 0; y < header->height; ++y) png_write_row(png, rows + y * header->row_bytes);
  png_write_end(png, info);
}

size_t reference_encode(const struct reference_header* header, const struct reference_settings* settings,
                        const unsigned char* rows, unsigned char* out) {
  struct output output = {out, 0};
  struct reference_image errors = {0};
  png_structp png =
      png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &errors, on_error, on_warning, NULL, zeroed, release);
  png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
  if (info != NULL) {
    png_set_write_fn(png, &output, on_write, on_flush);
    write_all(png, info, header, settings, rows);
  }
  png_destroy_write_struct(&png, &info);
  return errors.failed || errors.warnings != 0 ? 0 : output.size;
}
