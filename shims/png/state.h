/* What the files of this shim share: the state behind a struct gauntlet_png, and the guard that every call of
 * libpng stands in. */
#ifndef GAUNTLET_SHIM_PNG_STATE_H
#define GAUNTLET_SHIM_PNG_STATE_H

#include <png.h>
#include <setjmp.h>

#include "gauntlet/shim/png.h"

/* How far the work has come. A call that does not belong to the present stage is refused: libpng would take
 * it and use rows of the wrong size. */
enum stage {
  READ_HEADER,
  READ_INFO,
  READ_ROWS,
  READ_END,
  WRITE_HEADER,
  WRITE_INFO,
  WRITE_START,
  WRITE_ROWS,
  WRITE_END
};

/* Where in the stream of chunks pushed data is (push.c). */
enum place { IN_SIGNATURE, IN_CHUNK_HEADER, IN_CHUNK, IN_IMAGE_DATA, IN_SKIPPED_CHUNK };

struct push {
  enum place place;
  png_byte begin[8]; /* of the signature or a chunk, as far as it has come */
  size_t begin_size;
  uint64_t left;     /* bytes to come of the chunk, its CRC included */
  png_bytep chunk;   /* a chunk that came in pieces */
  size_t chunk_size; /* how much of it has come */
  size_t chunk_room;
  int has_extra_data; /* behind the image, and it was warned of */
};

union block;

struct gauntlet_png {
  png_structp png;
  png_infop info;
  jmp_buf* jump; /* where on_error goes: the frame of the innermost guard, or NULL outside libpng */
  struct gauntlet_png_callbacks callbacks;
  struct gauntlet_png_limits limits;
  struct gauntlet_png_failure failure;
  enum stage stage;
  int pushes;          /* a reader that is given its data */
  int keep_unknown;    /* what set_keep_unknown_chunks says of all that it has no name for */
  int rows_follow;     /* row and pass are worth telling */
  int skips;           /* the warning is ours: a chunk is left out */
  uint64_t offset;     /* bytes read or written */
  uint32_t chunk_type; /* reading: of the last chunk whose header was read */
  uint32_t chunks;     /* reading: GAUNTLET_PNG_HAS_... of those that libpng 1.6.39 derives from each other */
  uint64_t rows_left;  /* over all passes */
  size_t row_bytes;
  size_t signature_bytes; /* that were read before, or are not to be written */
  uint32_t width;         /* of the image; with height, pixel_bits and interlaced: what a row unpacks to */
  uint32_t height;
  uint32_t pixel_bits; /* in the file, before transforms */
  int interlaced;
  uint8_t color_type; /* reading: of the file; like gamma and background changed in png_info by transforms */
  png_fixed_point gamma;   /* of gAMA */
  png_color_16 background; /* of bKGD */
  uint32_t row;            /* the next row of the caller's, and its pass */
  int pass;
  uint64_t row_bytes_in_file;
  uint64_t unpacked_allowed; /* by max_expansion, when it was last computed */
  uint64_t unpacked;         /* bytes of rows so far, as the file has them */
  int rows_are_packed_by_us; /* writing: set_packing */
  int rows_have_filler;      /* writing: set_filler */
  int between_rows;          /* writing: a row or a flush has begun the image's data, more rows follow */
  png_color quantize_palette[256]; /* libpng keeps a pointer to it */
  uint32_t written;                /* writing: PNG_INFO_tIME and _eXIf of what stands before the image */
  struct push push;
  size_t zero_up_to;                /* what is allocated now, and not larger, must not begin as garbage */
  uint64_t memory;                  /* bytes allocated now */
  union block* blocks;              /* all of them */
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

/* The same for a call that belongs to either of two stages. */
int at_stage_or(struct gauntlet_png* self, enum stage stage, enum stage other, const char* call);

/* A getter: call answers what png_get_* does, 0 for "no such chunk". */
#define GET(self, call)                                                \
  do {                                                                 \
    volatile int get_found = 0;                                        \
    if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR; \
    GUARD(self, { get_found = (call) != 0; });                         \
    if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR; \
    if (!get_found) return GAUNTLET_PNG_ABSENT;                        \
  } while (0)

/* A setter, of a writer before its first chunk. */
#define SET(self, name, call)                                         \
  do {                                                                \
    if (!at_stage(self, WRITE_INFO, name)) return GAUNTLET_PNG_ERROR; \
    GUARD(self, { call; });                                           \
    return status_of(self);                                           \
  } while (0)

/* A setter of what may also stand behind the image. */
#define SET_EVEN_LATE(self, name, call)                                              \
  do {                                                                               \
    if (!at_stage_or(self, WRITE_INFO, WRITE_ROWS, name)) return GAUNTLET_PNG_ERROR; \
    GUARD(self, { call; });                                                          \
    return status_of(self);                                                          \
  } while (0)

/* Four letters, the third a capital, as PNG wants it. */
int is_chunk_name(const char* name);
/* The four chunks that are the image itself. */
int is_structure(const char* name);

/* SAFETY: libpng's structs for setters have no const, but the setters copy what they are given and write to
 * none of it. */
static inline char* without_const(const char* string) {
  const union {
    const char* in;
    char* out;
  } pointer = {string};
  return pointer.out;
}

static inline png_time to_png_time(const struct gauntlet_png_time* time) {
  const png_time value = {.year = time->year,
                          .month = time->month,
                          .day = time->day,
                          .hour = time->hour,
                          .minute = time->minute,
                          .second = time->second};
  return value;
}

/* Memory that counts, as libpng's does; NULL if there is none, and then why is recorded. */
void* take_memory(struct gauntlet_png* self, size_t size);
void give_memory_back(struct gauntlet_png* self, void* memory);

/* Whether a value that libpng may have derived from another chunk (gAMA and cHRM from sRGB, sRGB from iCCP)
 * stands in the file itself; always so of a writer. */
int is_in_file(const struct gauntlet_png* self, uint32_t has);

/* Reading: the chunk that begins with header is ancillary and beyond max_chunk_bytes. Warns of it if so. */
int is_to_be_skipped(struct gauntlet_png* self, const png_byte header[8]);
/* Reading: refuses what is no PNG by the size bytes that it begins with, of 8. Ends in libpng's jump. */
void check_signature(struct gauntlet_png* self, const png_byte* signature, size_t size);
/* Reading: counts what the row has unpacked to; fails beyond max_expansion. */
int check_expansion(struct gauntlet_png* self, uint32_t row, int pass);

/* Refuses an image beyond max_width, max_height or max_pixels. */
int check_size(struct gauntlet_png* self, uint32_t width, uint32_t height);

/* Hand libpng its functions (read.c, write.c, push.c, policy.c). */
void install_reader(struct gauntlet_png* self);
void install_writer(struct gauntlet_png* self);
void install_pusher(struct gauntlet_png* self);
void install_chunk_reader(struct gauntlet_png* self);
/* Pushed data: libpng's warning was dealt with, and is not to be told (push.c). */
int is_warning_of_push(struct gauntlet_png* self, const char* message);
/* Once all before the image is written (metadata.c). */
void note_written(struct gauntlet_png* self);
/* Keeps of the metadata what transforms change (color.c). */
void remember_before_transforms(struct gauntlet_png* self);
/* Once the file's header is known (read.c). */
void enter_read_info(struct gauntlet_png* self);

/* Inside libpng only: records the failure, then lets libpng end its call. */
_Noreturn void raise_recorded(struct gauntlet_png* self);
_Noreturn void raise_failure(struct gauntlet_png* self, enum gauntlet_png_reason reason, const char* message);

#endif
