/* Writing: rows in, bytes out. */
#include <string.h>

#include "state.h"

static void on_write(png_structp png, png_bytep data, size_t size) {
  struct gauntlet_png* self = png_get_io_ptr(png);
  if (self->callbacks.write(self->callbacks.user, data, size) != 0)
    raise_failure(self, GAUNTLET_PNG_CALLBACK, "the sink failed");
  self->offset += size;
}

/* libpng calls fflush on its io pointer where there is no function of ours. */
static void on_flush(png_structp png) {
  struct gauntlet_png* self = png_get_io_ptr(png);
  if (self->callbacks.flush != NULL && self->callbacks.flush(self->callbacks.user) != 0)
    raise_failure(self, GAUNTLET_PNG_CALLBACK, "the sink failed to flush");
}

void install_writer(struct gauntlet_png* self) {
  GUARD(self, { png_set_write_fn(self->png, self, on_write, on_flush); });
}

int gauntlet_png_set_IHDR(struct gauntlet_png* self, const struct gauntlet_png_header* header) {
  if (!at_stage(self, WRITE_HEADER, "set_IHDR")) return GAUNTLET_PNG_ERROR;
  if (check_size(self, header->width, header->height) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    png_set_IHDR(self->png, self->info, header->width, header->height, header->bit_depth, header->color_type,
                 header->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
                 PNG_FILTER_TYPE_BASE);
    self->stage = WRITE_INFO;
  });
  return status_of(self);
}

/* ---- compression ---- */

void gauntlet_png_compression_default(struct gauntlet_png_compression* compression) {
  compression->level = -1;
  compression->mem_level = 8;
  compression->strategy = -1;
  compression->window_bits = 15;
}

/* zlib takes a window of 8 bits for one of 9, and libpng passes on what zlib refuses only with the first
 * row. */
static const char* objection_to(const struct gauntlet_png_compression* value) {
  if (value->level < -1 || value->level > 9) return "a compression level is -1, or 0 to 9";
  if (value->mem_level < 1 || value->mem_level > 9) return "zlib's memory level is 1 to 9";
  if (value->strategy < -1 || value->strategy > 4)
    return "zlib's strategy is 0 to 4, or -1 for libpng's choice";
  if (value->window_bits < 8 || value->window_bits > 15) return "zlib's window has 8 to 15 bits";
  return NULL;
}

/* What libpng's default is need not be said, and each call costs. */
int gauntlet_png_set_compression(struct gauntlet_png* self, const struct gauntlet_png_compression* value) {
  const char* const objection = objection_to(value);
  if (!at_stage_or(self, WRITE_HEADER, WRITE_INFO, "set_compression")) return GAUNTLET_PNG_ERROR;
  if (objection != NULL) return fail(self, GAUNTLET_PNG_USAGE, objection);
  GUARD(self, {
    png_set_compression_level(self->png, value->level);
    png_set_compression_mem_level(self->png, value->mem_level);
    if (value->strategy >= 0) png_set_compression_strategy(self->png, value->strategy);
    png_set_compression_window_bits(self->png, value->window_bits);
  });
  return status_of(self);
}

int gauntlet_png_set_text_compression(struct gauntlet_png* self,
                                      const struct gauntlet_png_compression* value) {
  const char* const objection = objection_to(value);
  if (!at_stage_or(self, WRITE_HEADER, WRITE_INFO, "set_text_compression")) return GAUNTLET_PNG_ERROR;
  if (objection != NULL) return fail(self, GAUNTLET_PNG_USAGE, objection);
  GUARD(self, {
    png_set_text_compression_level(self->png, value->level);
    png_set_text_compression_mem_level(self->png, value->mem_level);
    if (value->strategy >= 0) png_set_text_compression_strategy(self->png, value->strategy);
    png_set_text_compression_window_bits(self->png, value->window_bits);
  });
  return status_of(self);
}

int gauntlet_png_set_filter(struct gauntlet_png* self, int filters) {
  if (filters == 0 || (filters & ~PNG_ALL_FILTERS) != 0)
    return fail(self, GAUNTLET_PNG_USAGE, "there is no such filter");
  SET(self, "set_filter", png_set_filter(self->png, PNG_FILTER_TYPE_BASE, filters));
}

int gauntlet_png_set_flush(struct gauntlet_png* self, int rows) {
  SET(self, "set_flush", png_set_flush(self->png, rows));
}

/* ---- rows ---- */

int gauntlet_png_write_info(struct gauntlet_png* self) {
  if (!at_stage(self, WRITE_INFO, "write_info")) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    png_write_info(self->png, self->info);
    note_written(self);
    self->height = png_get_image_height(self->png, self->info);
    self->width = png_get_image_width(self->png, self->info);
    self->stage = WRITE_START;
  });
  return status_of(self);
}

/* As the caller gives them: libpng takes a filler out of them, and packs pixels together, by itself. */
static size_t row_bytes_given(const struct gauntlet_png* self) {
  size_t channels = png_get_channels(self->png, self->info);
  size_t bits = png_get_bit_depth(self->png, self->info);
  if (self->rows_have_filler) ++channels;
  if (self->rows_are_packed_by_us && bits < 8) bits = 8;
  return ((size_t)self->width * channels * bits + 7) / 8;
}

int gauntlet_png_start_write_image(struct gauntlet_png* self, int* passes, size_t* row_bytes) {
  if (!at_stage(self, WRITE_START, "start_write_image")) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    *passes = png_set_interlace_handling(self->png);
    self->row_bytes = row_bytes_given(self);
    self->rows_left = (uint64_t)self->height * (uint64_t)*passes;
    self->rows_follow = 1;
    self->between_rows = 0;
    self->stage = WRITE_ROWS;
  });
  *row_bytes = self->row_bytes;
  return status_of(self);
}

int gauntlet_png_write_row(struct gauntlet_png* self, const unsigned char* row, size_t size) {
  if (!at_stage(self, WRITE_ROWS, "write_row")) return GAUNTLET_PNG_ERROR;
  if (self->rows_left == 0) return fail(self, GAUNTLET_PNG_USAGE, "write_row is called after the last row");
  if (size < self->row_bytes)
    return fail(self, GAUNTLET_PNG_USAGE, "a row is shorter than the header makes it");
  self->between_rows = self->rows_left > 1;
  GUARD(self, {
    png_write_row(self->png, row);
    --self->rows_left;
  });
  return status_of(self);
}

/* Before the first row and behind the last png_write_flush does nothing: all is written out. */
int gauntlet_png_write_flush(struct gauntlet_png* self) {
  if (!at_stage(self, WRITE_ROWS, "write_flush")) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    if (self->between_rows)
      png_write_flush(self->png);
    else
      on_flush(self->png);
  });
  return status_of(self);
}

/* ---- chunks ---- */

static const char* objection_to_chunk(const struct gauntlet_png* self, const char* name, size_t size) {
  if (!is_chunk_name(name)) return "a chunk's name is four letters, the third a capital";
  if (is_structure(name)) return "IHDR, PLTE, IDAT and IEND are written by libpng";
  if (size > PNG_UINT_31_MAX) return "a chunk has at most 2 GiB";
  if (self->stage == WRITE_ROWS && self->between_rows)
    return "a chunk cannot stand between the rows: write it before the first, or after the last";
  return NULL;
}

int gauntlet_png_write_chunk(struct gauntlet_png* self, const char* name, const unsigned char* data,
                             size_t size) {
  const char* const objection = objection_to_chunk(self, name, size);
  if (!at_stage_or(self, WRITE_START, WRITE_ROWS, "write_chunk")) return GAUNTLET_PNG_ERROR;
  if (objection != NULL) return fail(self, GAUNTLET_PNG_USAGE, objection);
  GUARD(self, { png_write_chunk(self->png, (png_const_bytep)name, data, size); });
  return status_of(self);
}

int gauntlet_png_write_end(struct gauntlet_png* self) {
  if (!at_stage(self, WRITE_ROWS, "write_end")) return GAUNTLET_PNG_ERROR;
  if (self->rows_left != 0) return fail(self, GAUNTLET_PNG_USAGE, "write_end is called before the last row");
  self->rows_follow = 0;
  GUARD(self, {
    png_write_end(self->png, self->info);
    self->stage = WRITE_END;
  });
  return status_of(self);
}
