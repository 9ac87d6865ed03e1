/* Life, errors, warnings and memory of a struct gauntlet_png. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gauntlet_png_limits_default(struct gauntlet_png_limits* limits) {
  limits->max_width = 1000000;
  limits->max_height = 1000000;
  limits->max_pixels = UINT64_C(1) << 28;
  limits->max_image_bytes = UINT64_C(1) << 30;
  limits->max_input_bytes = UINT64_C(1) << 30;
  limits->max_chunk_bytes = 8000000;
  limits->max_cached_chunks = 1000;
  limits->max_memory = UINT64_C(1) << 28;
  limits->max_expansion = 1032;
}

int gauntlet_png_limits_valid(const struct gauntlet_png_limits* limits) {
  return limits != NULL && limits->max_width > 0 && limits->max_height > 0 && limits->max_pixels > 0 &&
         limits->max_image_bytes > 0 && limits->max_input_bytes > 0 && limits->max_chunk_bytes > 0 &&
         limits->max_cached_chunks > 0 && limits->max_memory > 0 && limits->max_expansion > 0;
}

/* ---- failures and warnings ---- */

static int is_letter(uint32_t c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

int is_chunk_name(const char* name) {
  for (int i = 0; i < 4; ++i)
    if (!is_letter((unsigned char)name[i])) return 0;
  return (name[2] & 0x20) == 0;
}

int is_structure(const char* name) {
  return strncmp(name, "IHDR", 4) == 0 || strncmp(name, "PLTE", 4) == 0 || strncmp(name, "IDAT", 4) == 0 ||
         strncmp(name, "IEND", 4) == 0;
}

static int writes(const struct gauntlet_png* self) { return self->stage >= WRITE_HEADER; }

/* The chunk that libpng is at, or "": before the first one its type is 0. */
static void chunk_name(const struct gauntlet_png* self, char name[5]) {
  const uint32_t written = self->png != NULL ? png_get_io_chunk_type(self->png) : 0;
  const uint32_t type = writes(self) ? written : self->chunk_type;
  memset(name, 0, 5);
  for (unsigned i = 0; i < 4; ++i) {
    const uint32_t c = (type >> (24 - 8 * i)) & 0xFF;
    if (!is_letter(c)) {
      name[0] = 0;
      return;
    }
    name[i] = (char)c;
  }
}

/* libpng puts "IDAT: " before the messages that belong to a chunk; we give the chunk beside the message. */
static const char* without_chunk(const char* message, const char* chunk) {
  const size_t length = strlen(chunk);
  if (length == 4 && strncmp(message, chunk, 4) == 0 && strncmp(message + 4, ": ", 2) == 0)
    return message + 6;
  return message;
}

static void position(const struct gauntlet_png* self, int64_t* row, int32_t* pass) {
  *row = self->rows_follow ? (int64_t)png_get_current_row_number(self->png) : -1;
  *pass = self->rows_follow ? (int32_t)png_get_current_pass_number(self->png) : -1;
}

int fail(struct gauntlet_png* self, enum gauntlet_png_reason reason, const char* message) {
  struct gauntlet_png_failure* failure = &self->failure;
  if (failure->reason != GAUNTLET_PNG_NO_FAILURE) return GAUNTLET_PNG_ERROR;
  failure->reason = reason;
  failure->offset = self->offset;
  chunk_name(self, failure->chunk);
  position(self, &failure->row, &failure->pass);
  snprintf(failure->message, sizeof failure->message, "%s", without_chunk(message, failure->chunk));
  return GAUNTLET_PNG_ERROR;
}

int fail_limit(struct gauntlet_png* self, const char* limit, uint64_t allowed, uint64_t found) {
  if (self->failure.reason != GAUNTLET_PNG_NO_FAILURE) return GAUNTLET_PNG_ERROR;
  fail(self, GAUNTLET_PNG_LIMIT, "");
  self->failure.limit = limit;
  self->failure.allowed = allowed;
  self->failure.found = found;
  snprintf(self->failure.message, sizeof self->failure.message, "%s is %llu, found %llu", limit,
           (unsigned long long)allowed, (unsigned long long)found);
  return GAUNTLET_PNG_ERROR;
}

void raise_failure(struct gauntlet_png* self, enum gauntlet_png_reason reason, const char* message) {
  fail(self, reason, message);
  png_error(self->png, message);
}

void raise_recorded(struct gauntlet_png* self) { png_error(self->png, self->failure.message); }

int at_stage(struct gauntlet_png* self, enum stage stage, const char* call) {
  return at_stage_or(self, stage, stage, call);
}

int at_stage_or(struct gauntlet_png* self, enum stage stage, enum stage other, const char* call) {
  char message[96];
  if (self->failure.reason != GAUNTLET_PNG_NO_FAILURE) return 0;
  if (self->stage == stage || self->stage == other) return 1;
  snprintf(message, sizeof message, "%s is called out of order", call);
  fail(self, GAUNTLET_PNG_USAGE, message);
  return 0;
}

int check_size(struct gauntlet_png* self, uint32_t width, uint32_t height) {
  const struct gauntlet_png_limits* limits = &self->limits;
  const uint64_t pixels = (uint64_t)width * height;
  if (width > limits->max_width) return fail_limit(self, "max_width", limits->max_width, width);
  if (height > limits->max_height) return fail_limit(self, "max_height", limits->max_height, height);
  if (pixels > limits->max_pixels) return fail_limit(self, "max_pixels", limits->max_pixels, pixels);
  return GAUNTLET_PNG_OK;
}

/* Where memory was refused, that is the reason, whatever libpng says of it. */
static void fail_or_blame_memory(struct gauntlet_png* self, const char* message) {
  if (self->refusal == GAUNTLET_PNG_LIMIT)
    fail_limit(self, "max_memory", self->limits.max_memory, self->refused_total);
  else
    fail(self, self->refusal != GAUNTLET_PNG_NO_FAILURE ? self->refusal : GAUNTLET_PNG_REFUSED, message);
}

static _Noreturn void on_error(png_structp png, png_const_charp message) {
  struct gauntlet_png* self = png_get_error_ptr(png);
  fail_or_blame_memory(self, message);
  if (self->jump == NULL) {
    fprintf(stderr, "gauntlet: libpng was called outside a shim and failed: %s\n", message);
    abort();
  }
  longjmp(*self->jump, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  struct gauntlet_png* self = png_get_error_ptr(png);
  struct gauntlet_png_warning warning;
  /* The chunk is written as it was given; that it has no data is nothing to warn of. */
  if (strcmp(message, "Writing zero-length unknown chunk") == 0) return;
  if (self->refusal != GAUNTLET_PNG_NO_FAILURE) {
    /* png_malloc_warn says so, maybe called by zlib: a jump from here would lose what zlib has allocated so
     * far. Who wanted the memory says next what comes of it. */
    if (strcmp(message, "Out of memory") == 0) return;
    /* libpng would go on without; 1.6.39 then takes the rest of the chunk for the next one. */
    on_error(png, message);
  }
  if (self->png == NULL) { /* all that libpng warns of before there is a struct: versions that do not fit */
    fail(self, GAUNTLET_PNG_INCOMPATIBLE, message);
    return;
  }
  if (is_warning_of_push(self, message) || self->callbacks.warning == NULL) return;
  chunk_name(self, warning.chunk);
  warning.message = without_chunk(message, warning.chunk);
  warning.skipped = self->skips;
  warning.offset = self->offset;
  position(self, &warning.row, &warning.pass);
  if (self->callbacks.warning(self->callbacks.user, &warning) != 0)
    raise_failure(self, GAUNTLET_PNG_CALLBACK, "the warning callback failed");
}

int is_in_file(const struct gauntlet_png* self, uint32_t has) {
  return writes(self) || (self->chunks & has) != 0;
}

/* ---- memory ---- */

/* Before each block stands its size, so that what is held can be counted, and its neighbours, so that destroy
 * finds what libpng has lost: where an allocation fails, its setters and handlers of pCAL, sCAL, sPLT and
 * iCCP do not free what they had so far. */
union block {
  struct {
    union block* before;
    union block* after;
    size_t size;
  } is;
  max_align_t alignment;
};

static void link_block(struct gauntlet_png* self, union block* block, size_t size) {
  block->is.size = size;
  block->is.before = NULL;
  block->is.after = self->blocks;
  if (self->blocks != NULL) self->blocks->is.before = block;
  self->blocks = block;
}

static void unlink_block(struct gauntlet_png* self, union block* block) {
  if (block->is.before != NULL)
    block->is.before->is.after = block->is.after;
  else
    self->blocks = block->is.after;
  if (block->is.after != NULL) block->is.after->is.before = block->is.before;
}

static void* from_outside(struct gauntlet_png* self, size_t size) {
  return self->callbacks.allocate != NULL ? self->callbacks.allocate(self->callbacks.user, size)
                                          : malloc(size);
}

static void to_outside(struct gauntlet_png* self, void* memory, size_t size) {
  if (self->callbacks.release != NULL)
    self->callbacks.release(self->callbacks.user, memory, size);
  else
    free(memory);
}

static void* allocate(struct gauntlet_png* self, size_t size) {
  union block* block;
  if (size > self->limits.max_memory - self->memory || size > SIZE_MAX - sizeof *block) {
    self->refusal = GAUNTLET_PNG_LIMIT;
    self->refused_total = self->memory + size;
    return NULL;
  }
  block = from_outside(self, sizeof *block + size);
  if (block == NULL) {
    self->refusal = GAUNTLET_PNG_OUT_OF_MEMORY;
    return NULL;
  }
  link_block(self, block, size);
  self->memory += size;
  return block + 1;
}

void* take_memory(struct gauntlet_png* self, size_t size) {
  void* memory = allocate(self, size);
  if (memory == NULL) fail_or_blame_memory(self, "out of memory");
  return memory;
}

void give_memory_back(struct gauntlet_png* self, void* memory) {
  union block* block = (union block*)memory - 1;
  const size_t size = block->is.size;
  unlink_block(self, block);
  self->memory -= size;
  to_outside(self, block, sizeof *block + size);
}

/* Zeroed where asked: libpng combines its row buffer with bytes it never wrote (libpng issues 692 and 844),
 * and shows them. */
static png_voidp on_allocate(png_structp png, png_alloc_size_t size) {
  struct gauntlet_png* self = png_get_mem_ptr(png);
  void* memory = allocate(self, size);
  if (memory != NULL && size <= self->zero_up_to) memset(memory, 0, size);
  return memory;
}

static void on_release(png_structp png, png_voidp memory) { give_memory_back(png_get_mem_ptr(png), memory); }

/* ---- life ---- */

/* png_create_*_struct_2 takes all callbacks at once: a version mismatch is told through them, before anyone
 * could set them later. */
static void create_structs(struct gauntlet_png* self) {
  GUARD(self, {
    self->png = writes(self) ? png_create_write_struct_2(PNG_LIBPNG_VER_STRING, self, on_error, on_warning,
                                                         self, on_allocate, on_release)
                             : png_create_read_struct_2(PNG_LIBPNG_VER_STRING, self, on_error, on_warning,
                                                        self, on_allocate, on_release);
    if (self->png != NULL) self->info = png_create_info_struct(self->png);
  });
}

/* chunk_malloc_max counts unpacked bytes too. Width, height and pixels are checked by us, with numbers that
 * libpng's message does not have, so its own limit is opened as far as ours is. */
static void set_limits(struct gauntlet_png* self) {
  const uint32_t most_chunks = self->limits.max_cached_chunks;
  const uint64_t most_bytes = self->limits.max_chunk_bytes;
  GUARD(self, {
    png_set_user_limits(self->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    /* libpng counts down, and skips the chunk at which it comes to 1: it keeps two less than its number says.
     * 0 is no limit. */
    png_set_chunk_cache_max(self->png, most_chunks < UINT32_MAX - 1 ? most_chunks + 2 : 0);
    /* One more, because libpng counts the 0 that it puts behind a text; again, 0 is no limit. */
    png_set_chunk_malloc_max(self->png, most_bytes < SIZE_MAX ? (png_alloc_size_t)most_bytes + 1 : 0);
  });
}

static struct gauntlet_png* create(const struct gauntlet_png_callbacks* callbacks,
                                   const struct gauntlet_png_limits* limits, enum stage stage) {
  struct gauntlet_png* self;
  if (!gauntlet_png_limits_valid(limits)) return NULL;
  if ((callbacks->allocate != NULL) != (callbacks->release != NULL)) return NULL;
  self = calloc(1, sizeof *self);
  if (self == NULL) return NULL;
  self->stage = stage;
  self->callbacks = *callbacks;
  self->limits = *limits;
  create_structs(self);
  if (self->info != NULL)
    set_limits(self);
  else
    fail_or_blame_memory(self, "libpng could not be set up");
  return self;
}

struct gauntlet_png* gauntlet_png_create_reader(const struct gauntlet_png_callbacks* callbacks,
                                                const struct gauntlet_png_limits* limits) {
  struct gauntlet_png* self = NULL;
  if (callbacks != NULL && (callbacks->read != NULL || callbacks->data != NULL))
    self = create(callbacks, limits, READ_HEADER);
  if (self != NULL) install_reader(self);
  return self;
}

struct gauntlet_png* gauntlet_png_create_writer(const struct gauntlet_png_callbacks* callbacks,
                                                const struct gauntlet_png_limits* limits) {
  struct gauntlet_png* self = NULL;
  if (callbacks != NULL && callbacks->write != NULL) self = create(callbacks, limits, WRITE_HEADER);
  if (self != NULL) install_writer(self);
  return self;
}

struct gauntlet_png* gauntlet_png_create_pusher(const struct gauntlet_png_callbacks* callbacks,
                                                const struct gauntlet_png_limits* limits) {
  struct gauntlet_png* self = NULL;
  if (callbacks != NULL && callbacks->row != NULL) self = create(callbacks, limits, READ_HEADER);
  if (self != NULL) install_pusher(self);
  return self;
}

void gauntlet_png_destroy(struct gauntlet_png* self) {
  if (self == NULL) return;
  GUARD(self, {
    if (writes(self))
      png_destroy_write_struct(&self->png, &self->info);
    else
      png_destroy_read_struct(&self->png, &self->info, NULL);
  });
  while (self->blocks != NULL) give_memory_back(self, self->blocks + 1);
  free(self);
}

const struct gauntlet_png_failure* gauntlet_png_get_failure(const struct gauntlet_png* self) {
  return &self->failure;
}

uint64_t gauntlet_png_get_offset(const struct gauntlet_png* self) { return self->offset; }

uint64_t gauntlet_png_memory_in_use(const struct gauntlet_png* self) { return self->memory; }

/* ---- the raw library ---- */

struct png_struct_def* gauntlet_png_native_struct(struct gauntlet_png* self) {
  return self->png;
}
struct png_info_def* gauntlet_png_native_info(struct gauntlet_png* self) {
  return self->info;
}

/* Rows of another size than was told to the caller would be written past the end of his memory. */
static int check_row_bytes(struct gauntlet_png* self) {
  if (self->stage != READ_ROWS || png_get_rowbytes(self->png, self->info) == self->row_bytes)
    return GAUNTLET_PNG_OK;
  return fail(self, GAUNTLET_PNG_USAGE,
              "the raw calls have changed the size of a row, which is fixed by now");
}

int gauntlet_png_protect(struct gauntlet_png* self, gauntlet_png_raw_call call, void* user) {
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  GUARD(self, { call(self->png, self->info, user); });
  /* It may have set what the file does not have. */
  self->chunks = GAUNTLET_PNG_HAS_gAMA | GAUNTLET_PNG_HAS_cHRM | GAUNTLET_PNG_HAS_sRGB;
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  return check_row_bytes(self);
}
