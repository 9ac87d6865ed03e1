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
}

static void read_rows(png_structp png, png_infop info, struct reference_image* image) {
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  read_header(png, info, &image->rows);
  image->pixels = calloc(image->rows.height, image->rows.row_bytes);
  if (image->pixels == NULL) png_error(png, "reference: no memory");
  for (int pass = 0; pass < passes; ++pass)
    for (uint32_t y = 0; y < image->rows.height; ++y)
      png_read_row(png, image->pixels + y * image->rows.row_bytes, NULL);
}

static void read_all(png_structp png, png_infop info, uint32_t transforms, struct reference_image* image) {
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_read_info(png, info);
  read_header(png, info, &image->file);
  read_palette(png, info, image);
  read_transparency(png, info, image);
  set_transforms(png, transforms);
  read_rows(png, info, image);
  png_read_end(png, info);
}

struct reference_image* reference_decode(const unsigned char* data, size_t size, uint32_t transforms) {
  struct input input = {data, size};
  struct reference_image* image = calloc(1, sizeof *image);
  png_structp png = NULL;
  png_infop info = NULL;
  if (image == NULL) return NULL;
  png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, image, on_error, on_warning, NULL, zeroed, release);
  if (png != NULL) info = png_create_info_struct(png);
  if (info != NULL) {
    png_set_read_fn(png, &input, on_read);
    read_all(png, info, transforms, image);
  }
  png_destroy_read_struct(&png, &info, NULL);
  return image;
}

void reference_free(struct reference_image* image) {
  if (image == NULL) return;
  free(image->pixels);
  free(image);
}
