/* What the files of this shim share: the state behind a struct gauntlet_png, and the guard that every call of
 * libpng stands in. */
#ifndef GAUNTLET_SHIM_PNG_STATE_H
#define GAUNTLET_SHIM_PNG_STATE_H

#include <png.h>
#include <setjmp.h>

#include "gauntlet/shim/png.h"

/* How far the work has come. A call that does not belong to the present stage is refused: libpng would take
 * it and use rows of the wrong size. */
enum stage { READ_HEADER, READ_INFO, READ_ROWS, READ_END, WRITE_HEADER, WRITE_INFO, WRITE_ROWS, WRITE_END };

struct gauntlet_png {
  png_structp png;
  png_infop info;
  jmp_buf* jump; /* where on_error goes: the frame of the innermost guard, or NULL outside libpng */
  struct gauntlet_png_callbacks callbacks;
  struct gauntlet_png_limits limits;
  struct gauntlet_png_failure failure;
  enum stage stage;
  int rows_follow;     /* row and pass are worth telling */
  uint64_t offset;     /* bytes read or written */
  uint32_t chunk_type; /* reading: of the last chunk whose header was read */
  uint64_t rows_left;  /* over all passes */
  size_t row_bytes;
  int zero_blocks;                  /* what is allocated now must not begin as garbage */
  uint64_t memory;                  /* bytes allocated now */
  enum gauntlet_png_reason refusal; /* why allocate() answered NULL; then this ends in failure */
  uint64_t refused_total;           /* GAUNTLET_PNG_LIMIT: what it would have made memory */
};

/* Runs statements that call libpng. An error jumps back to here, into this frame and no further, so no frame
 * of a caller is skipped. The guard before is put back, so a callback may itself come through here. Nothing
 * that the statements assign is read after a jump, but through the pointer `self`. */
#define GUARD(self, ...)                       \
  do {                                         \
    jmp_buf guard_frame;                       \
    jmp_buf* const guard_outer = (self)->jump; \
    (self)->jump = &guard_frame;               \
    if (setjmp(guard_frame) == 0) {            \
      __VA_ARGS__;                             \
    }                                          \
    (self)->jump = guard_outer;                \
  } while (0)

/* The answer of a function that had no more to say than that. */
static inline int status_of(const struct gauntlet_png* self) {
  return self->failure.reason == GAUNTLET_PNG_NO_FAILURE ? GAUNTLET_PNG_OK : GAUNTLET_PNG_ERROR;
}

/* 1 if the work is at this stage and nothing has failed; otherwise records the misuse. */
int at_stage(struct gauntlet_png* self, enum stage stage, const char* call);

/* Records a failure, the first only: an error on top of an error says nothing new. Answers
 * GAUNTLET_PNG_ERROR. */
int fail(struct gauntlet_png* self, enum gauntlet_png_reason reason, const char* message);
int fail_limit(struct gauntlet_png* self, const char* limit, uint64_t allowed, uint64_t found);

/* Refuses an image beyond max_width, max_height or max_pixels. */
int check_size(struct gauntlet_png* self, uint32_t width, uint32_t height);

/* Hand libpng its reading and writing functions (read.c, write.c). */
void install_reader(struct gauntlet_png* self);
void install_writer(struct gauntlet_png* self);

/* Inside libpng only: records the failure, then lets libpng end its call. */
_Noreturn void raise_failure(struct gauntlet_png* self, enum gauntlet_png_reason reason, const char* message);

#endif
