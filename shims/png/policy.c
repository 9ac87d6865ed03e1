/* How strict libpng is, and what it keeps: to be said before the first byte. */
#include <string.h>

#include "state.h"

#define CONFIGURE(self, name, call)                                                     \
  do {                                                                                  \
    if (!at_stage_or(self, READ_HEADER, WRITE_HEADER, name)) return GAUNTLET_PNG_ERROR; \
    GUARD(self, { call; });                                                             \
    return status_of(self);                                                             \
  } while (0)

int gauntlet_png_set_crc_action(struct gauntlet_png* self, int critical, int ancillary) {
  const int critical_is_valid = critical >= 0 && critical <= 4 && critical != GAUNTLET_PNG_CRC_WARN_DISCARD;
  if (!critical_is_valid || ancillary < 0 || ancillary > 4)
    return fail(self, GAUNTLET_PNG_USAGE, "there is no such CRC action for these chunks");
  CONFIGURE(self, "set_crc_action", png_set_crc_action(self->png, critical, ancillary));
}

int gauntlet_png_set_benign_errors(struct gauntlet_png* self, int allowed) {
  CONFIGURE(self, "set_benign_errors", png_set_benign_errors(self->png, allowed != 0));
}

int gauntlet_png_set_check_for_invalid_index(struct gauntlet_png* self, int check) {
  CONFIGURE(self, "set_check_for_invalid_index", png_set_check_for_invalid_index(self->png, check ? 1 : -1));
}

int gauntlet_png_permit_mng_features(struct gauntlet_png* self, uint32_t bits, uint32_t* granted) {
  CONFIGURE(self, "permit_mng_features", *granted = png_permit_mng_features(self->png, bits));
}

int gauntlet_png_set_sig_bytes(struct gauntlet_png* self, int count) {
  static const png_byte signature[8] = {137, 80, 78, 71, 13, 10, 26, 10};
  if (!at_stage_or(self, READ_HEADER, WRITE_HEADER, "set_sig_bytes")) return GAUNTLET_PNG_ERROR;
  if (count < 0 || count > 8) return fail(self, GAUNTLET_PNG_USAGE, "a signature has 8 bytes");
  if (self->offset != 0)
    return fail(self, GAUNTLET_PNG_USAGE, "set_sig_bytes is called after the first byte was pushed");
  if (self->pushes) { /* libpng refuses a pushed file of whose signature nothing is left */
    memcpy(self->push.begin, signature, (size_t)count);
    self->push.begin_size = (size_t)count;
  }
  self->signature_bytes = (size_t)count;
  CONFIGURE(self, "set_sig_bytes", png_set_sig_bytes(self->png, self->pushes ? 0 : count));
}

int gauntlet_png_set_compression_buffer_size(struct gauntlet_png* self, size_t size) {
  if (size < 6 || size > PNG_UINT_31_MAX)
    return fail(self, GAUNTLET_PNG_USAGE, "a buffer for compressed data has 6 bytes to 2 GiB");
  CONFIGURE(self, "set_compression_buffer_size", png_set_compression_buffer_size(self->png, size));
}

static int is_option(int option) {
  return option == GAUNTLET_PNG_MAXIMUM_INFLATE_WINDOW || option == GAUNTLET_PNG_SKIP_SRGB_CHECK_PROFILE ||
         option == GAUNTLET_PNG_IGNORE_ADLER32;
}

/* png_set_option takes every number that is not too large, also of what this libpng was built without. */
static int is_built_in(int option) {
#ifdef PNG_DISABLE_ADLER32_CHECK_SUPPORTED
  (void)option;
  return 1;
#else
  return option != GAUNTLET_PNG_IGNORE_ADLER32;
#endif
}

int gauntlet_png_set_option(struct gauntlet_png* self, int option, int on) {
  volatile int answer = PNG_OPTION_INVALID;
  if (!at_stage_or(self, READ_HEADER, WRITE_HEADER, "set_option")) return GAUNTLET_PNG_ERROR;
  if (!is_option(option)) return fail(self, GAUNTLET_PNG_USAGE, "there is no such option");
  GUARD(self, {
    if (is_built_in(option)) answer = png_set_option(self->png, option, on ? PNG_OPTION_ON : PNG_OPTION_OFF);
  });
  if (answer == PNG_OPTION_INVALID)
    return fail(self, GAUNTLET_PNG_UNSUPPORTED, "this libpng was built without the option");
  return status_of(self);
}

int gauntlet_png_set_keep_unknown_chunks(struct gauntlet_png* self, int keep, const char* name) {
  if (keep < GAUNTLET_PNG_KEEP_DEFAULT || keep > GAUNTLET_PNG_KEEP_ALWAYS)
    return fail(self, GAUNTLET_PNG_USAGE, "there is no such way to keep unknown chunks");
  if (name != NULL && !is_chunk_name(name))
    return fail(self, GAUNTLET_PNG_USAGE, "a chunk's name is four letters, the third a capital");
  if (name != NULL && is_structure(name))
    return fail(self, GAUNTLET_PNG_USAGE, "IHDR, PLTE, IDAT and IEND are the image: they cannot be unknown");
  if (name == NULL) self->keep_unknown = keep;
  CONFIGURE(self, "set_keep_unknown_chunks",
            png_set_keep_unknown_chunks(self->png, keep, (png_const_bytep)name, name != NULL ? 1 : 0));
}

/* libpng forces a chunk to be kept, with a warning, that nobody has taken and nobody wants. */
static int is_unwanted(const struct gauntlet_png* self, const png_unknown_chunk* chunk) {
  const int ancillary = (chunk->name[0] & 0x20) != 0;
  int keep = png_handle_as_unknown(self->png, chunk->name);
  if (keep == PNG_HANDLE_CHUNK_AS_DEFAULT) keep = self->keep_unknown;
  return ancillary && keep != PNG_HANDLE_CHUNK_ALWAYS && keep != PNG_HANDLE_CHUNK_IF_SAFE;
}

static int on_chunk(png_structp png, png_unknown_chunkp chunk) {
  struct gauntlet_png* self = png_get_user_chunk_ptr(png);
  struct gauntlet_png_unknown_chunk found;
  int answer;
  memcpy(found.name, chunk->name, sizeof found.name);
  found.size = (uint32_t)chunk->size;
  found.data = chunk->data;
  found.location = chunk->location;
  answer = self->callbacks.chunk(self->callbacks.user, &found);
  if (answer < 0) raise_failure(self, GAUNTLET_PNG_CALLBACK, "the chunk callback failed");
  return answer != 0 || is_unwanted(self, chunk);
}

void install_chunk_reader(struct gauntlet_png* self) {
  if (self->callbacks.chunk == NULL) return;
  GUARD(self, { png_set_read_user_chunk_fn(self->png, self, on_chunk); });
}
