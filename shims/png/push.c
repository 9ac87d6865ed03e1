/* Reading data that comes when it comes. The stream is cut at the borders of its chunks here, so that libpng
 * gets every chunk but IDAT whole: by itself it copies all it has of a chunk with every piece that comes, and
 * a chunk of megabytes in pieces of bytes takes hours. Where the chunks are is also what lets us skip one
 * that is too large, stop behind the header, and say where an error was. */
#include <string.h>

#include "state.h"

static int rows_are_complete(const struct gauntlet_png* self) {
  if (self->interlaced) return png_get_current_pass_number(self->png) >= 7;
  return png_get_current_row_number(self->png) >= self->height;
}

/* As png_read_end says it; libpng does not where data is pushed. */
static void check_palette_indices(struct gauntlet_png* self) {
  png_colorp palette;
  int size = 0;
  if (png_get_PLTE(self->png, self->info, &palette, &size) == 0) return;
  if (png_get_palette_max(self->png, self->info) >= size)
    png_benign_error(self->png, "Read palette index exceeding num_palette");
}

/* At the first chunk behind the image. libpng would not mind if rows were missing. */
static void leave_image(struct gauntlet_png* self) {
  if (!self->rows_follow) return;
  if (!rows_are_complete(self)) raise_failure(self, GAUNTLET_PNG_REFUSED, "Not enough image data");
  self->rows_follow = 0;
  self->chunk_type = png_get_uint_32((png_const_bytep) "IDAT"); /* it is what the warning is about */
  check_palette_indices(self);
  self->chunk_type = png_get_uint_32(self->push.begin + 4);
}

/* Pushed, libpng warns where it refuses what is pulled, or says it with each slice: what is made of a file
 * would depend on how it is cut. */
int is_warning_of_push(struct gauntlet_png* self, const char* message) {
  if (!self->pushes) return 0;
  if (strstr(message, "ADLER32 checksum mismatch") != NULL ||
      strcmp(message, "Truncated compressed data in IDAT") == 0)
    raise_failure(self, GAUNTLET_PNG_REFUSED, "incorrect data check");
  if (strcmp(message, "Extra compressed data in IDAT") != 0 &&
      strcmp(message, "Extra compression data in IDAT") != 0)
    return 0;
  if (!self->push.has_extra_data) {
    self->push.has_extra_data = 1;
    png_benign_error(self->png, "Extra compressed data");
  }
  return 1;
}

/* libpng calls it for each IDAT that follows another chunk; only the first begins the image. */
static void on_info(png_structp png, png_infop info) {
  struct gauntlet_png* self = png_get_progressive_ptr(png);
  (void)info;
  if (self->stage == READ_HEADER) enter_read_info(self);
}

static void on_row(png_structp png, png_bytep row, png_uint_32 number, int pass) {
  struct gauntlet_png* self = png_get_progressive_ptr(png);
  if (check_expansion(self, number, pass) != GAUNTLET_PNG_OK) raise_recorded(self);
  if (self->callbacks.row(self->callbacks.user, row, number, pass) != 0)
    raise_failure(self, GAUNTLET_PNG_CALLBACK, "the row callback failed");
}

static void on_end(png_structp png, png_infop info) {
  struct gauntlet_png* self = png_get_progressive_ptr(png);
  (void)info;
  self->stage = READ_END;
}

void install_pusher(struct gauntlet_png* self) {
  self->pushes = 1;
  GUARD(self, { png_set_progressive_read_fn(self->png, self, on_info, on_row, on_end); });
  install_chunk_reader(self);
}

int gauntlet_png_progressive_combine_row(struct gauntlet_png* self, unsigned char* image_row, size_t size,
                                         const unsigned char* row) {
  if (!at_stage(self, READ_ROWS, "progressive_combine_row")) return GAUNTLET_PNG_ERROR;
  if (size < self->row_bytes)
    return fail(self, GAUNTLET_PNG_USAGE, "the memory for a row is shorter than row_bytes");
  GUARD(self, { png_progressive_combine_row(self->png, image_row, row); });
  return status_of(self);
}

/* ---- cutting the stream into chunks ---- */

/* SAFETY: png_process_data takes no const, but only reads. */
static void give(struct gauntlet_png* self, const png_byte* data, size_t size) {
  const union {
    const png_byte* in;
    png_bytep out;
  } pointer = {data};
  if (size > 0) png_process_data(self->png, self->info, pointer.out, size);
}

static size_t smaller(uint64_t a, size_t b) { return a < b ? (size_t)a : b; }

/* The eight bytes of a signature or of a chunk's length and name. 1 when they are complete. */
static int gather_begin(struct push* push, const png_byte* data, size_t size, size_t* used) {
  *used = smaller(sizeof push->begin - push->begin_size, size);
  if (*used > 0) memcpy(push->begin + push->begin_size, data, *used);
  push->begin_size += *used;
  return push->begin_size == sizeof push->begin;
}

static void expect_chunk(struct push* push) {
  push->place = IN_CHUNK_HEADER;
  push->begin_size = 0;
  push->chunk_size = 0;
}

static size_t take_signature(struct gauntlet_png* self, const png_byte* data, size_t size) {
  struct push* push = &self->push;
  size_t used;
  const int complete = gather_begin(push, data, size, &used);
  self->offset += used;
  /* A wrong byte is told of at once, not when eight have come. */
  if (!complete &&
      png_sig_cmp(push->begin, self->signature_bytes, push->begin_size - self->signature_bytes) == 0)
    return used;
  check_signature(self, push->begin, push->begin_size);
  give(self, push->begin, sizeof push->begin);
  expect_chunk(push);
  return used;
}

/* libpng takes any name for the first chunk behind the image. */
static void check_chunk_name(struct gauntlet_png* self, const png_byte name[4]) {
  for (int i = 0; i < 4; ++i)
    if ((name[i] | 0x20) < 'a' || (name[i] | 0x20) > 'z')
      raise_failure(self, GAUNTLET_PNG_REFUSED, "invalid chunk type");
}

static size_t take_chunk_header(struct gauntlet_png* self, const png_byte* data, size_t size) {
  struct push* push = &self->push;
  size_t used;
  const int complete = gather_begin(push, data, size, &used);
  self->offset += used;
  if (!complete) return used;
  push->left = (uint64_t)png_get_uint_32(push->begin) + 4; /* and its CRC */
  push->place = memcmp(push->begin + 4, "IDAT", 4) == 0 ? IN_IMAGE_DATA : IN_CHUNK;
  if (is_to_be_skipped(self, push->begin)) {
    push->place = IN_SKIPPED_CHUNK;
    return used;
  }
  check_chunk_name(self, push->begin + 4);
  if (push->place == IN_CHUNK) leave_image(self);
  give(self, push->begin, sizeof push->begin);
  return used;
}

/* Room for what has come, twice as much each time, so that who only announces a large chunk gets none. */
static int make_room(struct gauntlet_png* self, size_t size) {
  struct push* push = &self->push;
  size_t room = push->chunk_room < 256 ? 256 : push->chunk_room;
  png_bytep grown;
  if (size <= push->chunk_room) return GAUNTLET_PNG_OK;
  while (room < size) room = room < SIZE_MAX / 2 ? 2 * room : size;
  grown = take_memory(self, room);
  if (grown == NULL) return GAUNTLET_PNG_ERROR;
  if (push->chunk != NULL) {
    memcpy(grown, push->chunk, push->chunk_size);
    give_memory_back(self, push->chunk);
  }
  push->chunk = grown;
  push->chunk_room = room;
  return GAUNTLET_PNG_OK;
}

static size_t take_chunk(struct gauntlet_png* self, const png_byte* data, size_t size) {
  struct push* push = &self->push;
  const size_t used = smaller(push->left, size);
  self->offset += used;
  push->left -= used;
  if (push->chunk_size == 0 && push->left == 0) { /* all at once: as it lies there */
    give(self, data, used);
  } else {
    if (make_room(self, push->chunk_size + used) != GAUNTLET_PNG_OK) raise_recorded(self);
    memcpy(push->chunk + push->chunk_size, data, used);
    push->chunk_size += used;
    if (push->left == 0) give(self, push->chunk, push->chunk_size);
  }
  if (push->left == 0) expect_chunk(push);
  return used;
}

static size_t take_image_data(struct gauntlet_png* self, const png_byte* data, size_t size) {
  const size_t used = smaller(self->push.left, size);
  self->offset += used;
  self->push.left -= used;
  give(self, data, used);
  if (self->push.left == 0) expect_chunk(&self->push);
  return used;
}

static size_t take_skipped(struct gauntlet_png* self, size_t size) {
  const size_t used = smaller(self->push.left, size);
  self->offset += used;
  self->push.left -= used;
  if (self->push.left == 0) expect_chunk(&self->push);
  return used;
}

static size_t take_some(struct gauntlet_png* self, const png_byte* data, size_t size) {
  switch (self->push.place) {
    case IN_SIGNATURE:
      return take_signature(self, data, size);
    case IN_CHUNK_HEADER:
      return take_chunk_header(self, data, size);
    case IN_CHUNK:
      return take_chunk(self, data, size);
    case IN_IMAGE_DATA:
      return take_image_data(self, data, size);
    case IN_SKIPPED_CHUNK:
      return take_skipped(self, size);
  }
  return size;
}

static void check_input_bytes(struct gauntlet_png* self) {
  if (self->offset <= self->limits.max_input_bytes) return;
  fail_limit(self, "max_input_bytes", self->limits.max_input_bytes, self->offset);
  raise_recorded(self);
}

static int is_waiting(const struct gauntlet_png* self) {
  return self->stage == READ_INFO || self->stage == READ_END;
}

int gauntlet_png_process_data(struct gauntlet_png* self, const unsigned char* data, size_t size,
                              size_t* taken) {
  *taken = 0;
  if (!self->pushes) return fail(self, GAUNTLET_PNG_USAGE, "process_data is for pushed data");
  if (self->jump != NULL) return fail(self, GAUNTLET_PNG_USAGE, "process_data is called from a callback");
  GUARD(self, {
    while (*taken < size && !is_waiting(self) && status_of(self) == GAUNTLET_PNG_OK) {
      *taken += take_some(self, data + *taken, size - *taken);
      check_input_bytes(self);
    }
  });
  return status_of(self);
}

int gauntlet_png_process_end(struct gauntlet_png* self) {
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  if (self->stage == READ_END) return GAUNTLET_PNG_OK;
  GUARD(self, {
    if (self->push.place == IN_SIGNATURE) check_signature(self, self->push.begin, self->push.begin_size);
    raise_failure(self, GAUNTLET_PNG_TRUNCATED, "the data ends inside the file");
  });
  return status_of(self);
}
