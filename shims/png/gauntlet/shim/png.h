/* The C face of libpng that can be held: no function of this header jumps, prints, exits or keeps a pointer
 * longer than it says. It needs neither png.h nor setjmp.h, so any language with a C interface can call it.
 *
 * One `struct gauntlet_png` is one file being read or written: libpng's own structs, the callbacks that feed
 * it, its limits, and what went wrong. libpng refers to it by address, so it lives on the heap and never
 * moves. Use each from one thread at a time.
 *
 * Every function answers a gauntlet_png_status. After GAUNTLET_PNG_ERROR, gauntlet_png_get_failure() says
 * what happened and every later call but that one, gauntlet_png_destroy and the native pointers answers
 * GAUNTLET_PNG_ERROR again: libpng leaves its structs half-way when it jumps. Behind each function stands the
 * libpng function of the same name, unless its comment says otherwise. */
#ifndef GAUNTLET_SHIM_PNG_H
#define GAUNTLET_SHIM_PNG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gauntlet_png;
struct png_struct_def;
struct png_info_def;

enum gauntlet_png_status {
  GAUNTLET_PNG_OK = 0,
  GAUNTLET_PNG_ABSENT = 1, /* a getter: the file has no such chunk (yet) */
  GAUNTLET_PNG_ERROR = -1
};

/* Who is to blame, as far as it can be known. */
enum gauntlet_png_reason {
  GAUNTLET_PNG_NO_FAILURE = 0,
  GAUNTLET_PNG_EMPTY,         /* the source had no byte at all */
  GAUNTLET_PNG_NOT_A_PNG,     /* the first eight bytes are not PNG's signature */
  GAUNTLET_PNG_TRUNCATED,     /* the source ended inside the file */
  GAUNTLET_PNG_REFUSED,       /* libpng refused the data: its message says why */
  GAUNTLET_PNG_LIMIT,         /* a gauntlet_png_limits was passed: see limit, allowed, found */
  GAUNTLET_PNG_OUT_OF_MEMORY, /* the C library had no memory */
  GAUNTLET_PNG_INCOMPATIBLE,  /* the libpng that runs is not the one this was compiled for */
  GAUNTLET_PNG_CALLBACK,      /* a callback said that it failed */
  GAUNTLET_PNG_USAGE          /* a call that is out of order, or an argument that cannot be */
};

struct gauntlet_png_failure {
  enum gauntlet_png_reason reason;
  char message[192];
  char chunk[5];     /* the chunk being read or written, or "" */
  uint64_t offset;   /* bytes read or written so far */
  int64_t row;       /* the row being read or written, or -1 */
  int32_t pass;      /* its Adam7 pass, or -1 */
  const char* limit; /* GAUNTLET_PNG_LIMIT: the field's name; static */
  uint64_t allowed;  /* GAUNTLET_PNG_LIMIT */
  uint64_t found;    /* GAUNTLET_PNG_LIMIT */
};

/* What libpng warns of. The strings are valid during the callback. */
struct gauntlet_png_warning {
  const char* message;
  char chunk[5];
  uint64_t offset;
  int64_t row;
  int32_t pass;
};

/* Each is called from inside libpng: it must return, neither jump nor throw. NULL where it is not needed. */
struct gauntlet_png_callbacks {
  void* user;
  /* Up to size bytes to out; answers how many, 0 at the end of the data, -1 if it failed. */
  ptrdiff_t (*read)(void* user, unsigned char* out, size_t size);
  /* All size bytes; answers 0, or -1 if it failed. */
  int (*write)(void* user, const unsigned char* data, size_t size);
  /* Answers 0, or -1 to end the work. */
  int (*warning)(void* user, const struct gauntlet_png_warning* warning);
};

struct gauntlet_png_limits {
  uint32_t max_width;         /* pixels */
  uint32_t max_height;        /* pixels */
  uint64_t max_pixels;        /* width times height */
  uint64_t max_image_bytes;   /* rows as they are given out, all together */
  uint64_t max_input_bytes;   /* read from the source */
  uint64_t max_chunk_bytes;   /* one ancillary chunk, also unpacked; a larger one is skipped with a warning */
  uint32_t max_cached_chunks; /* text, sPLT and unknown chunks kept; more are skipped with a warning */
  uint64_t max_memory;        /* bytes that libpng and zlib hold at once */
};

/* Fit for files from strangers on a machine with some gigabytes. No field may be 0. */
void gauntlet_png_limits_default(struct gauntlet_png_limits* limits);
int gauntlet_png_limits_valid(const struct gauntlet_png_limits* limits);

/* ---- life ---- */

/* NULL if there is no memory for the object, if limits are not valid, or if the callback that is needed is
 * missing. If libpng itself could not be set up (max_memory, no memory, another version than this was
 * compiled for), the object has failed from the beginning and says why. callbacks and limits are copied.
 * (png_create_read_struct_2) */
struct gauntlet_png* gauntlet_png_create_reader(const struct gauntlet_png_callbacks* callbacks,
                                                const struct gauntlet_png_limits* limits);
struct gauntlet_png* gauntlet_png_create_writer(const struct gauntlet_png_callbacks* callbacks,
                                                const struct gauntlet_png_limits* limits);
void gauntlet_png_destroy(struct gauntlet_png* self); /* NULL is allowed */

const struct gauntlet_png_failure* gauntlet_png_get_failure(const struct gauntlet_png* self);

/* Bytes that libpng and zlib hold now. */
uint64_t gauntlet_png_memory_in_use(const struct gauntlet_png* self);

/* The version of the libpng that runs, as 10639. (png_access_version_number) */
uint32_t gauntlet_png_access_version_number(void);

/* ---- header ---- */

enum { /* PNG's own numbers */
       GAUNTLET_PNG_COLOR_GRAY = 0,
       GAUNTLET_PNG_COLOR_RGB = 2,
       GAUNTLET_PNG_COLOR_PALETTE = 3,
       GAUNTLET_PNG_COLOR_GRAY_ALPHA = 4,
       GAUNTLET_PNG_COLOR_RGBA = 6
};

struct gauntlet_png_header {
  uint32_t width;
  uint32_t height;
  uint8_t bit_depth;  /* per sample: 1, 2, 4, 8, 16 */
  uint8_t color_type; /* GAUNTLET_PNG_COLOR_... */
  uint8_t interlaced; /* 1 for Adam7 */
  uint8_t channels;
  uint64_t row_bytes;
};

/* The file's header after read_info, that of the rows to come after start_read_image. (png_get_IHDR,
 * png_get_channels, png_get_rowbytes) */
int gauntlet_png_get_IHDR(struct gauntlet_png* self, struct gauntlet_png_header* header);
int gauntlet_png_set_IHDR(struct gauntlet_png* self,
                          const struct gauntlet_png_header* header); /* row_bytes, channels unused */

/* ---- reading: read_info, transforms, start_read_image, read_row for each row of each pass, read_end ---- */

int gauntlet_png_read_info(struct gauntlet_png* self); /* signature, and all chunks before the first IDAT */
int gauntlet_png_set_expand(struct gauntlet_png* self);
int gauntlet_png_set_strip_16(struct gauntlet_png* self);
int gauntlet_png_set_scale_16(struct gauntlet_png* self);
int gauntlet_png_set_gray_to_rgb(struct gauntlet_png* self);
int gauntlet_png_set_add_alpha(struct gauntlet_png* self, uint32_t alpha); /* after the colours */
int gauntlet_png_set_packing(struct gauntlet_png* self);
int gauntlet_png_set_swap(struct gauntlet_png* self);
int gauntlet_png_set_bgr(struct gauntlet_png* self);

/* Fixes the transforms, checks max_image_bytes, and says how many passes over all rows there are: 1, or 7 for
 * Adam7. (png_set_interlace_handling, png_read_update_info) */
int gauntlet_png_start_read_image(struct gauntlet_png* self, int* passes);

/* The next row, to row[0 .. row_bytes). size must be at least row_bytes. Of an interlaced image, a row holds
 * what the passes so far have brought, so the same memory must come again in the next pass. Where a pixel is
 * smaller than a byte, the unused bits of the last byte are left as they were. */
int gauntlet_png_read_row(struct gauntlet_png* self, unsigned char* row, size_t size);
int gauntlet_png_read_end(struct gauntlet_png* self); /* what follows the image; metadata is then complete */

/* ---- writing: set_IHDR and metadata, write_info, write_row for each row of each pass, write_end ---- */

int gauntlet_png_set_compression_level(struct gauntlet_png* self, int level); /* zlib's: -1, or 0 to 9 */

/* Writes all chunks before the first IDAT and says how many passes over all rows are to follow. */
int gauntlet_png_write_info(struct gauntlet_png* self, int* passes);
int gauntlet_png_write_row(struct gauntlet_png* self, const unsigned char* row, size_t size);
int gauntlet_png_write_end(struct gauntlet_png* self);

/* ---- metadata ---- */

struct gauntlet_png_text {
  int compressed;    /* zTXt, or an iTXt that is compressed */
  int international; /* iTXt: UTF-8; else Latin-1 */
  const char* key;   /* 1 to 79 bytes; strings end with 0 and belong to libpng until the next call */
  const char* text;
  const char* language;       /* "" unless international */
  const char* translated_key; /* "" unless international */
};

struct gauntlet_png_time {
  uint16_t year;
  uint8_t month; /* 1 to 12 */
  uint8_t day;   /* 1 to 31 */
  uint8_t hour;
  uint8_t minute;
  uint8_t second; /* 60 is a leap second */
};

struct gauntlet_png_physical {
  uint32_t x; /* pixels per unit */
  uint32_t y;
  uint8_t unit_is_metre; /* 0: unknown, only the ratio counts */
};

struct gauntlet_png_palette {
  uint16_t size; /* 0 to 256 */
  unsigned char rgb[256][3];
};

struct gauntlet_png_transparency {
  uint16_t alpha_size; /* palette images: how many alphas; the rest is 255 */
  unsigned char alpha[256];
  uint16_t gray, red, green, blue; /* others: the one colour that is transparent */
};

int gauntlet_png_get_text_count(struct gauntlet_png* self, size_t* count);
int gauntlet_png_get_text(struct gauntlet_png* self, size_t index, struct gauntlet_png_text* text);
int gauntlet_png_get_gAMA(struct gauntlet_png* self, int32_t* gamma_times_100000); /* png_get_gAMA_fixed */
int gauntlet_png_get_sRGB(struct gauntlet_png* self, int* intent);
int gauntlet_png_get_pHYs(struct gauntlet_png* self, struct gauntlet_png_physical* physical);
int gauntlet_png_get_tIME(struct gauntlet_png* self, struct gauntlet_png_time* time);
int gauntlet_png_get_PLTE(struct gauntlet_png* self, struct gauntlet_png_palette* palette);
int gauntlet_png_get_tRNS(struct gauntlet_png* self, struct gauntlet_png_transparency* transparency);

int gauntlet_png_set_text(struct gauntlet_png* self,
                          const struct gauntlet_png_text* text); /* adds one; copied */
int gauntlet_png_set_gAMA(struct gauntlet_png* self, int32_t gamma_times_100000);
int gauntlet_png_set_sRGB(struct gauntlet_png* self, int intent);
int gauntlet_png_set_pHYs(struct gauntlet_png* self, const struct gauntlet_png_physical* physical);
int gauntlet_png_set_tIME(struct gauntlet_png* self, const struct gauntlet_png_time* time);
int gauntlet_png_set_PLTE(struct gauntlet_png* self, const struct gauntlet_png_palette* palette);
int gauntlet_png_set_tRNS(struct gauntlet_png* self, const struct gauntlet_png_transparency* transparency);

#ifdef __cplusplus
}
#endif
#endif
