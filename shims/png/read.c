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

static void pull_all(struct gauntlet_png* self, png_bytep out, size_t size) {
  if (pull(self, out, size) < size)
    raise_failure(self, GAUNTLET_PNG_TRUNCATED, "the data ends inside the file");
}

static void pull_away(struct gauntlet_png* self, uint64_t size) {
  png_byte unused[1024];
  while (size > 0) {
    const size_t part = size < sizeof unused ? (size_t)size : sizeof unused;
    pull_all(self, unused, part);
    size -= part;
  }
}

/* header: the length and the type of a chunk. Where the chunk is ancillary and larger than max_chunk_bytes,
 * it is read past, and header becomes the next one's. libpng 1.6.48 skips such chunks by itself; 1.6.39 warns
 * of them, and then reads them all the same. */
static void skip_large_chunks(struct gauntlet_png* self, png_byte header[8]) {
  for (;;) {
    const uint32_t size = png_get_uint_32(header);
    const int ancillary = (header[4] & 0x20) != 0;
    char message[96];
    self->chunk_type = png_get_uint_32(header + 4);
    if (!ancillary || size <= self->limits.max_chunk_bytes || size > PNG_UINT_31_MAX) return;
    snprintf(message, sizeof message, "skipped: it has %llu bytes, max_chunk_bytes is %llu",
             (unsigned long long)size, (unsigned long long)self->limits.max_chunk_bytes);
    png_warning(self->png, message);
    pull_away(self, (uint64_t)size + 4); /* and its CRC */
    pull_all(self, header, 8);
  }
}

static void on_read(png_structp png, png_bytep out, size_t size) {
  struct gauntlet_png* self = png_get_io_ptr(png);
  pull_all(self, out, size);
  if ((png_get_io_state(png) & PNG_IO_MASK_LOC) == PNG_IO_CHUNK_HDR && size == 8)
    skip_large_chunks(self, out);
}

void install_reader(struct gauntlet_png* self) {
  GUARD(self, { png_set_read_fn(self->png, self, on_read); });
}

/* libpng would say "Not a PNG file" of an empty file and of a text alike; the caller wants to know which. */
static void read_signature(struct gauntlet_png* self) {
  png_byte signature[8] = {0};
  const size_t size = pull(self, signature, sizeof signature);
  char first[16] = "";
  char message[96];
  if (size == 0) raise_failure(self, GAUNTLET_PNG_EMPTY, "there is no data at all");
  if (png_sig_cmp(signature, 0, size) != 0) {
    const size_t shown = size < 4 ? size : 4;
    for (size_t i = 0; i < shown; ++i) snprintf(first + 3 * i, sizeof first - 3 * i, "%02X ", signature[i]);
    first[3 * shown - 1] = 0;
    snprintf(message, sizeof message, "it begins with %s, not with PNG's signature", first);
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

/* ---- transforms ---- */

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

/* ---- rows ---- */

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
    /* This allocates the row buffers, which libpng leaves as they come and has been seen to read before it
     * wrote them (its issues 692 and 844). No test of ours comes to such a byte, since nothing goes on after
     * an error here; zeros make sure. zlib's blocks, made elsewhere, are larger and need none. */
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
