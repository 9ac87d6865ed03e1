/* libpng as its manual says, by a careful C programmer: own error functions, checked sizes, rows straight
 * into the image, nothing lost on an error. */
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "contender.h"

static void on_error(png_structp png, png_const_charp message) {
  (void)message;
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

/* ---- reading ---- */

struct reading {
  png_structp png;
  png_infop info;
  struct bytes rest;
  uint32_t width;
  uint32_t height;
  unsigned char* pixels;
};

static void on_read(png_structp png, png_bytep out, size_t size) {
  struct bytes* rest = png_get_io_ptr(png);
  if (size > rest->size) png_error(png, "the data ends inside the file");
  memcpy(out, rest->data, size);
  rest->data += size;
  rest->size -= size;
}

static void want_rgba8(struct reading* self) {
  png_set_expand(self->png);
  png_set_scale_16(self->png);
  png_set_gray_to_rgb(self->png);
  png_set_add_alpha(self->png, 0xFFFF, PNG_FILLER_AFTER);
}

static void allocate_pixels(struct reading* self, size_t row_bytes) {
  if (row_bytes == 0 || self->height > SIZE_MAX / row_bytes) png_error(self->png, "the image is too large");
  self->pixels = malloc(row_bytes * self->height);
  if (self->pixels == NULL) png_error(self->png, "out of memory");
}

/* The frame that libpng jumps back to; what must outlive the jump is behind the pointer. */
static int decode(struct reading* self) {
  int passes;
  size_t row_bytes;
  if (setjmp(png_jmpbuf(self->png)) != 0) return 0;
  png_set_read_fn(self->png, &self->rest, on_read);
  png_read_info(self->png, self->info);
  self->width = png_get_image_width(self->png, self->info);
  self->height = png_get_image_height(self->png, self->info);
  want_rgba8(self);
  passes = png_set_interlace_handling(self->png);
  png_read_update_info(self->png, self->info);
  row_bytes = png_get_rowbytes(self->png, self->info);
  allocate_pixels(self, row_bytes);
  for (int pass = 0; pass < passes; ++pass)
    for (uint32_t y = 0; y < self->height; ++y) png_read_row(self->png, self->pixels + y * row_bytes, NULL);
  png_read_end(self->png, NULL);
  return 1;
}

static int raw_read(struct bytes file, take_picture* take, void* user) {
  struct reading self = {.rest = file};
  int done = 0;
  self.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
  if (self.png != NULL) self.info = png_create_info_struct(self.png);
  if (self.info != NULL) done = decode(&self);
  png_destroy_read_struct(&self.png, &self.info, NULL);
  if (done) take(user, (struct picture){self.width, self.height, self.pixels});
  free(self.pixels);
  return done;
}

/* ---- writing ---- */

struct writing {
  png_structp png;
  png_infop info;
  unsigned char* data;
  size_t size;
  size_t capacity;
};

static void on_write(png_structp png, png_bytep data, size_t size) {
  struct writing* self = png_get_io_ptr(png);
  if (size > self->capacity - self->size) {
    const size_t doubled = self->capacity <= SIZE_MAX / 2 ? self->capacity * 2 : SIZE_MAX;
    const size_t capacity = doubled - self->size >= size ? doubled : self->size + size;
    unsigned char* larger = size <= SIZE_MAX - self->size ? realloc(self->data, capacity) : NULL;
    if (larger == NULL) png_error(png, "out of memory");
    self->data = larger;
    self->capacity = capacity;
  }
  memcpy(self->data + self->size, data, size);
  self->size += size;
}

static void on_flush(png_structp png) { (void)png; }

static int encode(struct writing* self, const struct picture* picture, int level) {
  const size_t row_bytes = (size_t)picture->width * 4;
  if (setjmp(png_jmpbuf(self->png)) != 0) return 0;
  png_set_write_fn(self->png, self, on_write, on_flush);
  png_set_IHDR(self->png, self->info, picture->width, picture->height, 8, PNG_COLOR_TYPE_RGBA,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(self->png, level);
  png_write_info(self->png, self->info);
  for (uint32_t y = 0; y < picture->height; ++y) png_write_row(self->png, picture->rgba + y * row_bytes);
  png_write_end(self->png, self->info);
  return 1;
}

static int raw_write(struct picture picture, int level, take_bytes* take, void* user) {
  struct writing self = {0};
  int done = 0;
  self.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
  if (self.png != NULL) self.info = png_create_info_struct(self.png);
  if (self.info != NULL) done = encode(&self, &picture, level);
  png_destroy_write_struct(&self.png, &self.info);
  if (done) take(user, (struct bytes){self.data, self.size});
  free(self.data);
  return done;
}

const struct contender raw_contender = {"raw", raw_read, raw_write};
