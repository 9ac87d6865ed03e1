/* Reading: bytes in, rows out. */
#include "state.h"

#include <stdio.h>

/* At most size bytes to out; answers how many there were. Leaves by libpng's jump if the source fails or says
 * what cannot be, so it runs inside a guard only. */
static size_t pull(struct gauntlet_png* self, png_bytep out, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ptrdiff_t n = self->callbacks.read(self->callbacks.user, out + done, size - done);
    if (n == 0) break;
    if (n < 0) raise_failure(self, GAUNTLET_PNG_CALLBACK, "the source failed");
    if ((size_t)n > size - done)
      raise_failure(self, GAUNTLET_PNG_USAGE, "the source claims more bytes than it was asked for");
    done += (size_t)n;
    self->offset += (size_t)n;
  }
  if (self->offset > self->limits.max_input_bytes) {
    fail_limit(self, "max_input_bytes", self->limits.max_input_bytes, self->offset);
    png_error(self->png, "too many bytes");
  }
  return done;
}

static void on_read(png_structp png, png_bytep out, size_t size) {
  struct gauntlet_png* self = png_get_io_ptr(png);
  if (pull(self, out, size) < size)
    raise_failure(self, GAUNTLET_PNG_TRUNCATED, "the data ends inside the file");
}

void install_reader(struct gauntlet_png* self) {
  GUARD(self, { png_set_read_fn(self->png, self, on_read); });
}

/* libpng would say "Not a PNG file" of an empty file and of a text alike; the caller wants to know which. */
static void read_signature(struct gauntlet_png* self) {
  png_byte signature[8] = {0};
  const size_t size = pull(self, signature, sizeof signature);
  char message[96];
  if (size == 0) raise_failure(self, GAUNTLET_PNG_EMPTY, "there is no data at all");
  if (png_sig_cmp(signature, 0, size) != 0) {
    snprintf(message, sizeof message, "it begins with %02X %02X %02X %02X, not with PNG's signature",
             signature[0], signature[1], signature[2], signature[3]);
    raise_failure(self, GAUNTLET_PNG_NOT_A_PNG, message);
  }
  if (size < sizeof signature)
    raise_failure(self, GAUNTLET_PNG_TRUNCATED, "the data ends inside the signature");
  png_set_sig_bytes(self->png, sizeof signature);
}

int gauntlet_png_read_info(struct gauntlet_png* self) {
  if (!at_stage(self, READ_HEADER, "read_info")) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    read_signature(self);
    png_read_info(self->png, self->info);
    if (check_size(self, png_get_image_width(self->png, self->info),
                   png_get_image_height(self->png, self->info)) == GAUNTLET_PNG_OK)
      self->stage = READ_INFO;
  });
  return status_of(self);
}

/* ---- transforms
 * ----------------------------------------------------------------------------------------------------- */

#define TRANSFORM(self, name, call)                                  \
  do {                                                               \
    if (!at_stage(self, READ_INFO, name)) return GAUNTLET_PNG_ERROR; \
    GUARD(self, { call; });                                          \
    return status_of(self);                                          \
  } while (0)

int gauntlet_png_set_expand(struct gauntlet_png* self) {
  TRANSFORM(self, "set_expand", png_set_expand(self->png));
}
int gauntlet_png_set_strip_16(struct gauntlet_png* self) {
  TRANSFORM(self, "set_strip_16", png_set_strip_16(self->png));
}
int gauntlet_png_set_scale_16(struct gauntlet_png* self) {
  TRANSFORM(self, "set_scale_16", png_set_scale_16(self->png));
}
int gauntlet_png_set_gray_to_rgb(struct gauntlet_png* self) {
  TRANSFORM(self, "set_gray_to_rgb", png_set_gray_to_rgb(self->png));
}
int gauntlet_png_set_add_alpha(struct gauntlet_png* self, uint32_t alpha) {
  TRANSFORM(self, "set_add_alpha", png_set_add_alpha(self->png, alpha, PNG_FILLER_AFTER));
}
int gauntlet_png_set_packing(struct gauntlet_png* self) {
  TRANSFORM(self, "set_packing", png_set_packing(self->png));
}
int gauntlet_png_set_swap(struct gauntlet_png* self) { TRANSFORM(self, "set_swap", png_set_swap(self->png)); }
int gauntlet_png_set_bgr(struct gauntlet_png* self) { TRANSFORM(self, "set_bgr", png_set_bgr(self->png)); }

/* ---- rows
 * -----------------------------------------------------------------------------------------------------------
 */

/* row_bytes < 2^38 (a width of 31 bits, 8 bytes a pixel at the most) and height < 2^31, so the product may
 * overflow 64 bits. */
static int check_image_bytes(struct gauntlet_png* self, uint64_t height) {
  const uint64_t allowed = self->limits.max_image_bytes;
  const uint64_t row_bytes = self->row_bytes;
  if (row_bytes <= allowed / height) return GAUNTLET_PNG_OK;
  return fail_limit(self, "max_image_bytes", allowed,
                    row_bytes <= UINT64_MAX / height ? row_bytes * height : UINT64_MAX);
}

int gauntlet_png_start_read_image(struct gauntlet_png* self, int* passes) {
  if (!at_stage(self, READ_INFO, "start_read_image")) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    const uint64_t height = png_get_image_height(self->png, self->info);
    *passes = png_set_interlace_handling(self->png);
    /* This allocates the row buffers. libpng reads bytes of them that it never wrote, and they show in the
     * last pixels (libpng issues 692 and 844). zlib's blocks, made elsewhere, are larger and need no zeros.
     */
    self->zero_blocks = 1;
    png_read_update_info(self->png, self->info);
    self->zero_blocks = 0;
    self->row_bytes = png_get_rowbytes(self->png, self->info);
    if (check_image_bytes(self, height) == GAUNTLET_PNG_OK) {
      self->rows_left = height * (uint64_t)*passes;
      self->rows_follow = 1;
      self->stage = READ_ROWS;
    }
  });
  return status_of(self);
}

int gauntlet_png_read_row(struct gauntlet_png* self, unsigned char* row, size_t size) {
  if (!at_stage(self, READ_ROWS, "read_row")) return GAUNTLET_PNG_ERROR;
  if (self->rows_left == 0) return fail(self, GAUNTLET_PNG_USAGE, "read_row is called after the last row");
  if (size < self->row_bytes)
    return fail(self, GAUNTLET_PNG_USAGE, "the memory for a row is shorter than row_bytes");
  GUARD(self, {
    png_read_row(self->png, row, NULL);
    --self->rows_left;
  });
  return status_of(self);
}

int gauntlet_png_read_end(struct gauntlet_png* self) {
  if (!at_stage(self, READ_ROWS, "read_end")) return GAUNTLET_PNG_ERROR;
  if (self->rows_left != 0) return fail(self, GAUNTLET_PNG_USAGE, "read_end is called before the last row");
  self->rows_follow = 0;
  GUARD(self, {
    png_read_end(self->png, self->info);
    self->stage = READ_END;
  });
  return status_of(self);
}
