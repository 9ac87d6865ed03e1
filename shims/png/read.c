/* Reading: bytes in, rows out. */
#include "state.h"

#include <stdio.h>
#include <string.h>

/* As callbacks.read, or from the memory that was given instead of it. */
static ptrdiff_t read_some(struct gauntlet_png* self, png_bytep out, size_t size) {
  const struct gauntlet_png_callbacks* from = &self->callbacks;
  size_t left;
  if (from->data == NULL) return from->read(from->user, out, size);
  left = from->data_size - (size_t)self->offset;
  if (size > left) size = left;
  memcpy(out, from->data + self->offset, size);
  return (ptrdiff_t)size;
}

/* At most size bytes to out; answers how many there were. Leaves by libpng's jump if the source fails or says
 * what cannot be, so it runs inside a guard only. */
static size_t pull(struct gauntlet_png* self, png_bytep out, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ptrdiff_t n = read_some(self, out + done, size - done);
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

static void note_chunk(struct gauntlet_png* self, const png_byte header[8]) {
  self->chunk_type = png_get_uint_32(header + 4);
  if (memcmp(header + 4, "gAMA", 4) == 0) self->chunks |= GAUNTLET_PNG_HAS_gAMA;
  if (memcmp(header + 4, "cHRM", 4) == 0) self->chunks |= GAUNTLET_PNG_HAS_cHRM;
  if (memcmp(header + 4, "sRGB", 4) == 0) self->chunks |= GAUNTLET_PNG_HAS_sRGB;
}

/* libpng 1.6.48 skips such chunks by itself; 1.6.39 warns of them, and then reads them all the same. */
int is_to_be_skipped(struct gauntlet_png* self, const png_byte header[8]) {
  const uint32_t size = png_get_uint_32(header);
  const int ancillary = (header[4] & 0x20) != 0;
  char message[96];
  note_chunk(self, header);
  if (!ancillary || size <= self->limits.max_chunk_bytes || size > PNG_UINT_31_MAX) return 0;
  snprintf(message, sizeof message, "skipped: it has %llu bytes, max_chunk_bytes is %llu",
           (unsigned long long)size, (unsigned long long)self->limits.max_chunk_bytes);
  self->skips = 1;
  png_warning(self->png, message);
  self->skips = 0;
  return 1;
}

/* Chunks that are to be skipped are read past, and header becomes that of the next one. */
static void skip_large_chunks(struct gauntlet_png* self, png_byte header[8]) {
  while (is_to_be_skipped(self, header)) {
    pull_away(self, (uint64_t)png_get_uint_32(header) + 4); /* and its CRC */
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
  install_chunk_reader(self);
}

/* libpng would say "Not a PNG file" of an empty file and of a text alike; the caller wants to know which.
 * signature[0 .. signature_bytes) was read before and is not there. */
void check_signature(struct gauntlet_png* self, const png_byte* signature, size_t size) {
  const size_t before = self->signature_bytes;
  const size_t shown = size - before < 4 ? size - before : 4;
  char first[16] = "";
  char message[96];
  if (before == 8) return;
  if (size == before) raise_failure(self, GAUNTLET_PNG_EMPTY, "there is no data at all");
  if (png_sig_cmp(signature, before, size - before) != 0) {
    for (size_t i = 0; i < shown; ++i)
      snprintf(first + 3 * i, sizeof first - 3 * i, "%02X ", signature[before + i]);
    first[3 * shown - 1] = 0;
    snprintf(message, sizeof message, "it begins with %s, not with PNG's signature", first);
    raise_failure(self, GAUNTLET_PNG_NOT_A_PNG, message);
  }
  if (size < 8) raise_failure(self, GAUNTLET_PNG_TRUNCATED, "the data ends inside the signature");
}

static void read_signature(struct gauntlet_png* self) {
  const size_t before = self->signature_bytes;
  png_byte signature[8] = {0};
  const size_t size = before + pull(self, signature + before, sizeof signature - before);
  check_signature(self, signature, size);
  png_set_sig_bytes(self->png, sizeof signature);
}

void enter_read_info(struct gauntlet_png* self) {
  self->width = png_get_image_width(self->png, self->info);
  self->height = png_get_image_height(self->png, self->info);
  self->pixel_bits =
      (uint32_t)png_get_channels(self->png, self->info) * png_get_bit_depth(self->png, self->info);
  self->row_bytes_in_file = png_get_rowbytes(self->png, self->info);
  self->interlaced = png_get_interlace_type(self->png, self->info) != PNG_INTERLACE_NONE;
  remember_before_transforms(self);
  if (check_size(self, self->width, self->height) == GAUNTLET_PNG_OK) self->stage = READ_INFO;
}

int gauntlet_png_read_info(struct gauntlet_png* self) {
  if (!at_stage(self, READ_HEADER, "read_info")) return GAUNTLET_PNG_ERROR;
  if (self->pushes) return fail(self, GAUNTLET_PNG_USAGE, "read_info is for readers that pull");
  GUARD(self, {
    read_signature(self);
    png_read_info(self->png, self->info);
    enter_read_info(self);
  });
  return status_of(self);
}

/* ---- rows ---- */

/* row_bytes < 2^38 (a width of 31 bits, 8 bytes a pixel at the most) and height < 2^31, so the product may
 * overflow 64 bits. */
static int check_image_bytes(struct gauntlet_png* self) {
  const uint64_t height = self->height;
  const uint64_t allowed = self->limits.max_image_bytes;
  const uint64_t row_bytes = self->row_bytes;
  if (row_bytes <= allowed / height) return GAUNTLET_PNG_OK;
  return fail_limit(self, "max_image_bytes", allowed,
                    row_bytes <= UINT64_MAX / height ? row_bytes * height : UINT64_MAX);
}

int gauntlet_png_start_read_image(struct gauntlet_png* self, int* passes) {
  if (!at_stage(self, READ_INFO, "start_read_image")) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    *passes = png_set_interlace_handling(self->png);
    /* This allocates the row buffers, which libpng leaves as they come and has been seen to read before it
     * wrote them (its issues 692 and 844). No test of ours comes to such a byte, since nothing goes on after
     * an error here; zeros make sure. A row has 8 bytes a pixel at the most, 16 with a transform of the
     * caller's; larger blocks are zlib's, which needs no zeros, and of a small image is most of the work. */
    self->zero_up_to = 16 * (size_t)self->width + 256;
    png_read_update_info(self->png, self->info);
    self->zero_up_to = 0;
    self->row_bytes = png_get_rowbytes(self->png, self->info);
    if (check_image_bytes(self) == GAUNTLET_PNG_OK) {
      self->rows_left = self->height * (uint64_t)*passes;
      self->rows_follow = 1;
      self->stage = READ_ROWS;
    }
  });
  return status_of(self);
}

/* How many pixels of a row an Adam7 pass brings. */
static uint64_t pixels_in_pass(uint32_t width, uint32_t row, int pass) {
  static const struct {
    uint32_t x, x_step, y, y_step;
  } adam7[7] = {{0, 8, 0, 8}, {4, 8, 0, 8}, {0, 4, 4, 8}, {2, 4, 0, 4},
                {0, 2, 2, 4}, {1, 2, 0, 2}, {0, 1, 1, 2}};
  if (pass < 0 || pass > 6 || row % adam7[pass].y_step != adam7[pass].y || width <= adam7[pass].x) return 0;
  return ((uint64_t)width - adam7[pass].x + adam7[pass].x_step - 1) / adam7[pass].x_step;
}

static uint64_t row_bytes_in_pass(const struct gauntlet_png* self, uint32_t row, int pass) {
  return (pixels_in_pass(self->width, row, pass) * self->pixel_bits + 7) / 8;
}

/* More was read since unpacked_allowed was computed, or too much was unpacked. */
static int recompute_expansion(struct gauntlet_png* self) {
  const uint64_t most = self->limits.max_expansion;
  self->unpacked_allowed = self->offset > UINT64_MAX / most ? UINT64_MAX : self->offset * most;
  if (self->unpacked <= self->unpacked_allowed) return GAUNTLET_PNG_OK;
  return fail_limit(self, "max_expansion", most, (self->unpacked + self->offset - 1) / self->offset);
}

int check_expansion(struct gauntlet_png* self, uint32_t row, int pass) {
  self->unpacked += self->interlaced ? row_bytes_in_pass(self, row, pass) : self->row_bytes_in_file;
  return self->unpacked <= self->unpacked_allowed ? GAUNTLET_PNG_OK : recompute_expansion(self);
}

static void count_interlaced_row(struct gauntlet_png* self) {
  check_expansion(self, self->row, self->pass);
  if (++self->row < self->height) return;
  self->row = 0;
  ++self->pass;
}

/* For every row there is: of a small image each instruction here shows. */
static inline void count_row(struct gauntlet_png* self) {
  --self->rows_left;
  if (self->interlaced) {
    count_interlaced_row(self);
    return;
  }
  self->unpacked += self->row_bytes_in_file;
  if (self->unpacked > self->unpacked_allowed) recompute_expansion(self);
}

int gauntlet_png_read_row(struct gauntlet_png* self, unsigned char* row, unsigned char* display,
                          size_t size) {
  if (!at_stage(self, READ_ROWS, "read_row")) return GAUNTLET_PNG_ERROR;
  if (self->pushes) return fail(self, GAUNTLET_PNG_USAGE, "read_row is for readers that pull");
  if (self->rows_left == 0) return fail(self, GAUNTLET_PNG_USAGE, "read_row is called after the last row");
  if (size < self->row_bytes)
    return fail(self, GAUNTLET_PNG_USAGE, "the memory for a row is shorter than row_bytes");
  GUARD(self, {
    png_read_row(self->png, row, display);
    count_row(self);
  });
  return status_of(self);
}

int gauntlet_png_read_rows(struct gauntlet_png* self, unsigned char* rows, size_t size, uint32_t count) {
  if (!at_stage(self, READ_ROWS, "read_rows")) return GAUNTLET_PNG_ERROR;
  if (self->pushes) return fail(self, GAUNTLET_PNG_USAGE, "read_rows is for readers that pull");
  if (self->rows_left < count)
    return fail(self, GAUNTLET_PNG_USAGE, "read_rows is called for more rows than there are");
  if (count > 0 && size / count < self->row_bytes)
    return fail(self, GAUNTLET_PNG_USAGE, "the memory for the rows is shorter than row_bytes for each");
  GUARD(self, {
    for (size_t y = 0; y < count && status_of(self) == GAUNTLET_PNG_OK; ++y) {
      png_read_row(self->png, rows + y * self->row_bytes, NULL);
      count_row(self);
    }
  });
  return status_of(self);
}

int gauntlet_png_read_end(struct gauntlet_png* self) {
  if (!at_stage(self, READ_ROWS, "read_end")) return GAUNTLET_PNG_ERROR;
  if (self->pushes) return fail(self, GAUNTLET_PNG_USAGE, "read_end is for readers that pull");
  if (self->rows_left != 0) return fail(self, GAUNTLET_PNG_USAGE, "read_end is called before the last row");
  self->rows_follow = 0;
  GUARD(self, {
    png_read_end(self->png, self->info);
    self->stage = READ_END;
  });
  return status_of(self);
}

/* ---- what the rows have shown ---- */

int gauntlet_png_get_rgb_to_gray_status(struct gauntlet_png* self, int* found) {
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  GUARD(self, { *found = png_get_rgb_to_gray_status(self->png) != 0; });
  return status_of(self);
}

int gauntlet_png_get_palette_max(struct gauntlet_png* self, int* highest) {
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  GUARD(self, { *highest = png_get_palette_max(self->png, self->info); });
  return status_of(self);
}

enum gauntlet_png_progress gauntlet_png_get_progress(const struct gauntlet_png* self) {
  switch (self->stage) {
    case READ_INFO:
      return GAUNTLET_PNG_AT_START;
    case READ_ROWS:
      return GAUNTLET_PNG_AT_ROWS;
    case READ_END:
      return GAUNTLET_PNG_AT_END;
    default:
      return GAUNTLET_PNG_AT_HEADER;
  }
}
