/* Writing: rows in, bytes out. */
#include "state.h"

static void on_write(png_structp png, png_bytep data, size_t size) {
  struct gauntlet_png* self = png_get_io_ptr(png);
  if (self->callbacks.write(self->callbacks.user, data, size) != 0)
    raise_failure(self, GAUNTLET_PNG_CALLBACK, "the sink failed");
  self->offset += size;
}

/* libpng calls fflush on its io pointer where there is no function of ours. */
static void on_flush(png_structp png) { (void)png; }

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

int gauntlet_png_set_compression_level(struct gauntlet_png* self, int level) {
  if (!at_stage(self, WRITE_INFO, "set_compression_level")) return GAUNTLET_PNG_ERROR;
  if (level < -1 || level > 9) return fail(self, GAUNTLET_PNG_USAGE, "a compression level is -1, or 0 to 9");
  GUARD(self, { png_set_compression_level(self->png, level); });
  return status_of(self);
}

int gauntlet_png_write_info(struct gauntlet_png* self, int* passes) {
  if (!at_stage(self, WRITE_INFO, "write_info")) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    png_write_info(self->png, self->info);
    *passes = png_set_interlace_handling(self->png);
    self->row_bytes = png_get_rowbytes(self->png, self->info);
    self->rows_left = (uint64_t)png_get_image_height(self->png, self->info) * (uint64_t)*passes;
    self->rows_follow = 1;
    self->stage = WRITE_ROWS;
  });
  return status_of(self);
}

int gauntlet_png_write_row(struct gauntlet_png* self, const unsigned char* row, size_t size) {
  if (!at_stage(self, WRITE_ROWS, "write_row")) return GAUNTLET_PNG_ERROR;
  if (self->rows_left == 0) return fail(self, GAUNTLET_PNG_USAGE, "write_row is called after the last row");
  if (size < self->row_bytes)
    return fail(self, GAUNTLET_PNG_USAGE, "a row is shorter than the header makes it");
  GUARD(self, {
    png_write_row(self->png, row);
    --self->rows_left;
  });
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
