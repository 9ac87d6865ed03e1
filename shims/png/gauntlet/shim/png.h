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

#pragma GCC visibility push(default)

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
  GAUNTLET_PNG_USAGE,         /* a call that is out of order, or an argument that cannot be */
  GAUNTLET_PNG_UNSUPPORTED /* the libpng that this was compiled for cannot do it: the message names versions
                            */
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

/* What libpng warns of, or what was left out. The strings are valid during the callback. */
struct gauntlet_png_warning {
  const char* message;
  int skipped; /* 1: the chunk was left out, because of a limit */
  char chunk[5];
  uint64_t offset;
  int64_t row;
  int32_t pass;
};

/* A chunk that libpng knows nothing of, or was told to treat so. The data is valid during the callback, or
 * until the next call. */
struct gauntlet_png_unknown_chunk {
  char name[5]; /* four letters and 0 */
  uint32_t size;
  const unsigned char* data; /* may be NULL where size is 0 */
  uint8_t location;          /* one of enum gauntlet_png_location */
};

enum gauntlet_png_location { /* PNG's own numbers */
                             GAUNTLET_PNG_BEFORE_PLTE = 1,
                             GAUNTLET_PNG_BEFORE_IDAT = 2,
                             GAUNTLET_PNG_AFTER_IDAT = 8
};

/* A row as a transform of the caller's finds it. (png_row_info) */
struct gauntlet_png_row_info {
  uint32_t width; /* pixels */
  uint8_t color_type;
  uint8_t bit_depth;
  uint8_t channels;
  size_t row_bytes;
};

/* Each is called from inside libpng: it must return, neither jump nor throw. NULL where it is not needed. */
struct gauntlet_png_callbacks {
  void* user;
  /* Up to size bytes to out; answers how many, 0 at the end of the data, -1 if it failed. */
  ptrdiff_t (*read)(void* user, unsigned char* out, size_t size);
  /* Instead of read, all the data there is; it must stay as it is as long as the reader. */
  const unsigned char* data;
  size_t data_size;
  /* All size bytes; answers 0, or -1 if it failed. */
  int (*write)(void* user, const unsigned char* data, size_t size);
  /* What was written so far is to be passed on; answers 0, or -1 if it failed. */
  int (*flush)(void* user);
  /* Answers 0, or -1 to end the work. */
  int (*warning)(void* user, const struct gauntlet_png_warning* warning);
  /* An unknown chunk was read: answers 1 if that was all, 0 to have it kept as
   * gauntlet_png_set_keep_unknown_chunks says, -1 to end the work. (png_set_read_user_chunk_fn) */
  int (*chunk)(void* user, const struct gauntlet_png_unknown_chunk* chunk);
  /* Changes a row in place, last of all transforms of a reader, first of a writer; needs
   * gauntlet_png_set_user_transform. Answers 0, or -1 to end the work. */
  int (*transform)(void* user, const struct gauntlet_png_row_info* info, unsigned char* row);
  /* Only where data is pushed: the image's row `number` in Adam7's pass `pass` (0 where there is one). row is
   * NULL if this pass brings nothing to it, and may be given to gauntlet_png_progressive_combine_row during
   * the call. Answers 0, or -1 to end the work. */
  int (*row)(void* user, const unsigned char* row, uint32_t number, int pass);
  /* Memory for libpng and zlib, fit for any type; NULL if there is none. Both or neither: without, malloc and
   * free. release is given the size that was asked for. */
  void* (*allocate)(void* user, size_t size);
  void (*release)(void* user, void* memory, size_t size);
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
  uint32_t max_expansion;     /* bytes of unpacked rows for each byte of input; deflate's own end is 1032 */
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
/* A reader that is given its bytes: it needs the row callback, and no read. */
struct gauntlet_png* gauntlet_png_create_pusher(const struct gauntlet_png_callbacks* callbacks,
                                                const struct gauntlet_png_limits* limits);
void gauntlet_png_destroy(struct gauntlet_png* self); /* NULL is allowed */

const struct gauntlet_png_failure* gauntlet_png_get_failure(const struct gauntlet_png* self);

/* Bytes of the file read or written so far. */
uint64_t gauntlet_png_get_offset(const struct gauntlet_png* self);

/* Bytes that libpng and zlib hold now. */
uint64_t gauntlet_png_memory_in_use(const struct gauntlet_png* self);

/* libpng's own structs; NULL if it could not be set up. What is called on them from outside
 * gauntlet_png_protect ends the program where libpng would jump. */
struct png_struct_def* gauntlet_png_native_struct(struct gauntlet_png* self);
struct png_info_def* gauntlet_png_native_info(struct gauntlet_png* self);

/* Runs call, which may call libpng with its structs: an error jumps from there to here, over the frames of
 * call, so they must hold nothing that needs cleaning up. */
typedef void (*gauntlet_png_raw_call)(struct png_struct_def* png, struct png_info_def* info, void* user);
int gauntlet_png_protect(struct gauntlet_png* self, gauntlet_png_raw_call call, void* user);

/* ---- the library ---- */

/* The version of the libpng that runs, as 10639. (png_access_version_number) */
uint32_t gauntlet_png_access_version_number(void);
const char* gauntlet_png_get_libpng_ver(void); /* "1.6.39" */
const char* gauntlet_png_get_copyright(void);
/* 1 if data begins with PNG's signature; up to 8 bytes are looked at, fewer may be a part of it. */
int gauntlet_png_sig_cmp(const unsigned char* data, size_t size);

/* ---- policy: before read_info, the first data pushed, or set_IHDR ---- */

enum gauntlet_png_crc_action {                               /* PNG's own numbers */
                               GAUNTLET_PNG_CRC_DEFAULT = 0, /* critical: error; ancillary: warn, discard */
                               GAUNTLET_PNG_CRC_ERROR_QUIT = 1,
                               GAUNTLET_PNG_CRC_WARN_DISCARD = 2, /* ancillary chunks only */
                               GAUNTLET_PNG_CRC_WARN_USE = 3,
                               GAUNTLET_PNG_CRC_QUIET_USE = 4
};
int gauntlet_png_set_crc_action(struct gauntlet_png* self, int critical, int ancillary);
/* Errors that libpng can go on after are warnings (1: its default where it reads) or errors (0). */
int gauntlet_png_set_benign_errors(struct gauntlet_png* self, int allowed);
/* Whether pixels beyond the palette are looked for; see get_palette_max. */
int gauntlet_png_set_check_for_invalid_index(struct gauntlet_png* self, int check);
/* bits: 1 empty palettes, 4 filter 64. Answers in *granted what this libpng can do. (png_permit_mng_features)
 */
int gauntlet_png_permit_mng_features(struct gauntlet_png* self, uint32_t bits, uint32_t* granted);
/* How many bytes of the signature were read, or shall not be written: 0 to 8. */
int gauntlet_png_set_sig_bytes(struct gauntlet_png* self, int count);
int gauntlet_png_set_compression_buffer_size(struct gauntlet_png* self, size_t size);

enum gauntlet_png_option { /* PNG's own numbers */
                           GAUNTLET_PNG_MAXIMUM_INFLATE_WINDOW = 2,
                           GAUNTLET_PNG_SKIP_SRGB_CHECK_PROFILE = 4,
                           GAUNTLET_PNG_IGNORE_ADLER32 = 8
};
/* GAUNTLET_PNG_UNSUPPORTED if this libpng was built without. (png_set_option) */
int gauntlet_png_set_option(struct gauntlet_png* self, int option, int on);

enum gauntlet_png_keep { /* PNG's own numbers */
                         GAUNTLET_PNG_KEEP_DEFAULT = 0,
                         GAUNTLET_PNG_KEEP_NEVER = 1,
                         GAUNTLET_PNG_KEEP_IF_SAFE = 2, /* ancillary ones */
                         GAUNTLET_PNG_KEEP_ALWAYS = 3
};
/* name: four letters, also of a chunk that libpng knows; NULL: all that it does not know. */
int gauntlet_png_set_keep_unknown_chunks(struct gauntlet_png* self, int keep, const char* name);

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

/* Fixes the transforms, checks max_image_bytes, and says how many passes over all rows there are: 1, or 7 for
 * Adam7. (png_set_interlace_handling, png_read_update_info) */
int gauntlet_png_start_read_image(struct gauntlet_png* self, int* passes);

/* The next row, to row[0 .. row_bytes) or display[0 .. row_bytes), or both; either may be NULL. size must be
 * at least row_bytes. Of an interlaced image, row receives the pixels of this pass alone and display blocks
 * of them, where nothing better has come yet; the same memory must come again in the next pass. Where a pixel
 * is smaller than a byte, the unused bits of the last byte are left as they were. */
int gauntlet_png_read_row(struct gauntlet_png* self, unsigned char* row, unsigned char* display, size_t size);
/* The next count rows, one behind the other; size must be at least count times row_bytes. As many calls of
 * read_row, but for what those cost. */
int gauntlet_png_read_rows(struct gauntlet_png* self, unsigned char* rows, size_t size, uint32_t count);
int gauntlet_png_read_end(struct gauntlet_png* self); /* what follows the image; metadata is then complete */

/* 1 if pixels that are not gray were found so far, where set_rgb_to_gray was to say so. */
int gauntlet_png_get_rgb_to_gray_status(struct gauntlet_png* self, int* found);
/* The highest palette index in the rows so far, or -1 if it was not looked for. */
int gauntlet_png_get_palette_max(struct gauntlet_png* self, int* highest);

/* ---- pushing: process_data until the header is known, transforms, start_read_image, process_data ---- */

/* Takes data and answers in *taken how many bytes: all, but for two places where it stops. Behind the header
 * (get_IHDR answers from then on) it goes on only after start_read_image. Behind the end of the file it takes
 * nothing more. Rows come through the callback. */
int gauntlet_png_process_data(struct gauntlet_png* self, const unsigned char* data, size_t size,
                              size_t* taken);
/* There is no more data: fails if that is too early. */
int gauntlet_png_process_end(struct gauntlet_png* self);
/* Inside the row callback only: what row brings, into the image's row so far. */
int gauntlet_png_progressive_combine_row(struct gauntlet_png* self, unsigned char* image_row, size_t size,
                                         const unsigned char* row);

/* How far a reader has come. */
enum gauntlet_png_progress {
  GAUNTLET_PNG_AT_HEADER, /* it is not complete */
  GAUNTLET_PNG_AT_START,  /* start_read_image must follow */
  GAUNTLET_PNG_AT_ROWS,
  GAUNTLET_PNG_AT_END
};
enum gauntlet_png_progress gauntlet_png_get_progress(const struct gauntlet_png* self);

/* ---- writing: set_IHDR and metadata, write_info, transforms, start_write_image, write_row for each row of
 * each pass, write_end ---- */

enum gauntlet_png_filters { /* PNG's own numbers; joined with | */
                            GAUNTLET_PNG_FILTER_NONE = 0x08,
                            GAUNTLET_PNG_FILTER_SUB = 0x10,
                            GAUNTLET_PNG_FILTER_UP = 0x20,
                            GAUNTLET_PNG_FILTER_AVG = 0x40,
                            GAUNTLET_PNG_FILTER_PAETH = 0x80
};

/* zlib's parameters, for the image or for texts and profiles. Start from _default. */
struct gauntlet_png_compression {
  int level;       /* -1, or 0 to 9 */
  int mem_level;   /* 1 to 9 */
  int strategy;    /* 0 to 4; -1: as libpng chooses */
  int window_bits; /* 8 to 15 */
};
void gauntlet_png_compression_default(struct gauntlet_png_compression* compression);
int gauntlet_png_set_compression(struct gauntlet_png* self, const struct gauntlet_png_compression* value);
int gauntlet_png_set_text_compression(struct gauntlet_png* self,
                                      const struct gauntlet_png_compression* value);
int gauntlet_png_set_filter(struct gauntlet_png* self, int filters);
/* Every so many rows, all that can be is written out; 0: never. More flushes, a larger file. */
int gauntlet_png_set_flush(struct gauntlet_png* self, int rows);

int gauntlet_png_write_info(struct gauntlet_png* self); /* all chunks before the first IDAT */
/* Fixes the transforms; says how many passes over all rows are to follow, and how long each row must be. */
int gauntlet_png_start_write_image(struct gauntlet_png* self, int* passes, size_t* row_bytes);
int gauntlet_png_write_row(struct gauntlet_png* self, const unsigned char* row, size_t size);
int gauntlet_png_write_flush(struct gauntlet_png* self);
/* Any chunk as it is, after write_info and before the first row, or after the last. */
int gauntlet_png_write_chunk(struct gauntlet_png* self, const char* name, const unsigned char* data,
                             size_t size);
int gauntlet_png_write_end(struct gauntlet_png* self);

/* ---- transforms: of a reader before start_read_image, of a writer (those marked w) between write_info and
 * start_write_image ---- */

int gauntlet_png_set_expand(struct gauntlet_png* self);
int gauntlet_png_set_expand_16(struct gauntlet_png* self);
int gauntlet_png_set_palette_to_rgb(struct gauntlet_png* self);
int gauntlet_png_set_expand_gray_1_2_4_to_8(struct gauntlet_png* self);
int gauntlet_png_set_tRNS_to_alpha(struct gauntlet_png* self);
int gauntlet_png_set_strip_16(struct gauntlet_png* self);
int gauntlet_png_set_scale_16(struct gauntlet_png* self);
int gauntlet_png_set_strip_alpha(struct gauntlet_png* self);
int gauntlet_png_set_gray_to_rgb(struct gauntlet_png* self);
int gauntlet_png_set_packing(struct gauntlet_png* self);      /* w */
int gauntlet_png_set_packswap(struct gauntlet_png* self);     /* w */
int gauntlet_png_set_swap(struct gauntlet_png* self);         /* w */
int gauntlet_png_set_bgr(struct gauntlet_png* self);          /* w */
int gauntlet_png_set_swap_alpha(struct gauntlet_png* self);   /* w */
int gauntlet_png_set_invert_alpha(struct gauntlet_png* self); /* w: before write_info, it changes tRNS too */
int gauntlet_png_set_invert_mono(struct gauntlet_png* self);  /* w */
int gauntlet_png_set_add_alpha(struct gauntlet_png* self, uint32_t alpha, int after);
int gauntlet_png_set_filler(struct gauntlet_png* self, uint32_t filler, int after); /* w: rows have a filler,
                                                                                      that is left out */

struct gauntlet_png_significant_bits { /* 0 where there is no such channel */
  uint8_t red, green, blue, gray, alpha;
};
int gauntlet_png_set_shift(struct gauntlet_png* self,
                           const struct gauntlet_png_significant_bits* bits); /* w */

/* Gamma in hundred-thousandths, or one of PNG's special values (-1 sRGB, -2 Mac). */
int gauntlet_png_set_gamma(struct gauntlet_png* self, int32_t screen, int32_t file); /* png_set_gamma_fixed */
/* mode: 0 straight, 1 associated, 2 optimized, 3 broken. (png_set_alpha_mode_fixed) */
int gauntlet_png_set_alpha_mode(struct gauntlet_png* self, int mode, int32_t output_gamma);

struct gauntlet_png_color {
  uint8_t index; /* of a palette image */
  uint16_t red, green, blue, gray;
};
/* whose: 1 the color is in the screen's gamma, 2 in the file's, 3 in `gamma`. expand: the color is given in
 * the file's bit depth. (png_set_background_fixed) */
int gauntlet_png_set_background(struct gauntlet_png* self, const struct gauntlet_png_color* color, int whose,
                                int expand, int32_t gamma);
/* on_color: 1 do nothing, 2 warn, 3 fail where a pixel is not gray; weights in hundred-thousandths, negative
 * for the default. (png_set_rgb_to_gray_fixed) */
int gauntlet_png_set_rgb_to_gray(struct gauntlet_png* self, int on_color, int32_t red, int32_t green);

struct gauntlet_png_palette {
  uint16_t size; /* 0 to 256 */
  unsigned char rgb[256][3];
};
/* Rows become indices into palette, cut to maximum_colors: of a palette image whose palette this is, or, if
 * full, of rgb rows with 8 bits. histogram has one count for each color; NULL where none is to be left out.
 * The palette that the indices mean is answered in palette. */
int gauntlet_png_set_quantize(struct gauntlet_png* self, struct gauntlet_png_palette* palette,
                              int maximum_colors, const uint16_t* histogram, int full);

/* Has callbacks.transform called. depth and channels: what it makes of each pixel, 0 as they are; of a reader
 * only. (png_set_read_user_transform_fn, png_set_write_user_transform_fn, png_set_user_transform_info) */
int gauntlet_png_set_user_transform(struct gauntlet_png* self, int depth, int channels);

/* ---- metadata: get after read_info, more may be there after read_end; set before write_info. What is marked
 * with e may also be set before write_end, and then stands behind the image. Pointers that a getter answers
 * belong to libpng and are valid until the next call; what a setter is given is copied. ---- */

enum { /* a bit for each kind of chunk that was found; text, sPLT and unknown chunks are counted instead */
       GAUNTLET_PNG_HAS_gAMA = 1 << 0,
       GAUNTLET_PNG_HAS_sBIT = 1 << 1,
       GAUNTLET_PNG_HAS_cHRM = 1 << 2,
       GAUNTLET_PNG_HAS_PLTE = 1 << 3,
       GAUNTLET_PNG_HAS_tRNS = 1 << 4,
       GAUNTLET_PNG_HAS_bKGD = 1 << 5,
       GAUNTLET_PNG_HAS_hIST = 1 << 6,
       GAUNTLET_PNG_HAS_pHYs = 1 << 7,
       GAUNTLET_PNG_HAS_oFFs = 1 << 8,
       GAUNTLET_PNG_HAS_tIME = 1 << 9,
       GAUNTLET_PNG_HAS_pCAL = 1 << 10,
       GAUNTLET_PNG_HAS_sRGB = 1 << 11,
       GAUNTLET_PNG_HAS_iCCP = 1 << 12,
       GAUNTLET_PNG_HAS_sCAL = 1 << 13,
       GAUNTLET_PNG_HAS_eXIf = 1 << 14,
       GAUNTLET_PNG_HAS_cICP = 1 << 15,
       GAUNTLET_PNG_HAS_cLLI = 1 << 16,
       GAUNTLET_PNG_HAS_mDCV = 1 << 17
};
int gauntlet_png_get_valid(struct gauntlet_png* self, uint32_t* has);

struct gauntlet_png_text {
  int compressed;    /* zTXt, or an iTXt that is compressed */
  int international; /* iTXt: UTF-8; else Latin-1 */
  const char* key;   /* 1 to 79 bytes; strings end with 0 */
  const char* text;
  const char* language;       /* "" unless international */
  const char* translated_key; /* "" unless international */
};
int gauntlet_png_get_text_count(struct gauntlet_png* self, size_t* count);
int gauntlet_png_get_text(struct gauntlet_png* self, size_t index, struct gauntlet_png_text* text);
int gauntlet_png_set_text(struct gauntlet_png* self, const struct gauntlet_png_text* text); /* e: adds one */

struct gauntlet_png_time {
  uint16_t year;
  uint8_t month; /* 1 to 12 */
  uint8_t day;   /* 1 to 31 */
  uint8_t hour;
  uint8_t minute;
  uint8_t second; /* 60 is a leap second */
};
int gauntlet_png_get_tIME(struct gauntlet_png* self, struct gauntlet_png_time* time);
int gauntlet_png_set_tIME(struct gauntlet_png* self, const struct gauntlet_png_time* time); /* e */
/* out[29]: "1 Jan 2000 00:00:00 +0000". ABSENT for a time that cannot be. (png_convert_to_rfc1123_buffer) */
int gauntlet_png_convert_to_rfc1123(const struct gauntlet_png_time* time, char out[29]);

struct gauntlet_png_physical {
  uint32_t x; /* pixels per unit */
  uint32_t y;
  uint8_t unit_is_metre; /* 0: unknown, only the ratio counts */
};
int gauntlet_png_get_pHYs(struct gauntlet_png* self, struct gauntlet_png_physical* physical);
int gauntlet_png_set_pHYs(struct gauntlet_png* self, const struct gauntlet_png_physical* physical);

struct gauntlet_png_offset {
  int32_t x;
  int32_t y;
  uint8_t unit_is_micrometre; /* 0: pixels */
};
int gauntlet_png_get_oFFs(struct gauntlet_png* self, struct gauntlet_png_offset* offset);
int gauntlet_png_set_oFFs(struct gauntlet_png* self, const struct gauntlet_png_offset* offset);

struct gauntlet_png_calibration {
  const char* purpose; /* 1 to 79 bytes */
  int32_t x0;
  int32_t x1;
  uint8_t equation; /* 0 to 3 */
  const char* unit;
  uint8_t parameter_count;
  const char* const* parameters; /* decimal numbers */
};
int gauntlet_png_get_pCAL(struct gauntlet_png* self, struct gauntlet_png_calibration* calibration);
int gauntlet_png_set_pCAL(struct gauntlet_png* self, const struct gauntlet_png_calibration* calibration);

struct gauntlet_png_scale {
  uint8_t unit;      /* 1 metres, 2 radians */
  const char* width; /* decimal numbers above 0 */
  const char* height;
};
int gauntlet_png_get_sCAL(struct gauntlet_png* self, struct gauntlet_png_scale* scale); /* png_get_sCAL_s */
int gauntlet_png_set_sCAL(struct gauntlet_png* self, const struct gauntlet_png_scale* scale);

struct gauntlet_png_bytes {
  const unsigned char* data;
  uint32_t size;
};
int gauntlet_png_get_eXIf(struct gauntlet_png* self, struct gauntlet_png_bytes* exif); /* png_get_eXIf_1 */
int gauntlet_png_set_eXIf(struct gauntlet_png* self, const struct gauntlet_png_bytes* exif); /* e */

int gauntlet_png_get_unknown_chunk_count(struct gauntlet_png* self, size_t* count);
int gauntlet_png_get_unknown_chunk(struct gauntlet_png* self, size_t index,
                                   struct gauntlet_png_unknown_chunk* chunk);
int gauntlet_png_set_unknown_chunk(struct gauntlet_png* self,
                                   const struct gauntlet_png_unknown_chunk* chunk); /* e: adds one */

/* ---- what the numbers in the rows mean ---- */

int gauntlet_png_get_PLTE(struct gauntlet_png* self, struct gauntlet_png_palette* palette);
int gauntlet_png_set_PLTE(struct gauntlet_png* self, const struct gauntlet_png_palette* palette);
/* 2, 4, 16 or 256 grays from black to white, for 1, 2, 4 or 8 bits. (png_build_grayscale_palette) */
int gauntlet_png_build_grayscale_palette(int bit_depth, struct gauntlet_png_palette* palette);

struct gauntlet_png_transparency {
  uint16_t alpha_size; /* palette images: how many alphas; the rest is 255 */
  unsigned char alpha[256];
  uint16_t gray, red, green, blue; /* others: the one colour that is transparent */
};
int gauntlet_png_get_tRNS(struct gauntlet_png* self, struct gauntlet_png_transparency* transparency);
int gauntlet_png_set_tRNS(struct gauntlet_png* self, const struct gauntlet_png_transparency* transparency);

int gauntlet_png_get_gAMA(struct gauntlet_png* self, int32_t* gamma_times_100000); /* png_get_gAMA_fixed */
int gauntlet_png_set_gAMA(struct gauntlet_png* self, int32_t gamma_times_100000);
int gauntlet_png_get_sRGB(struct gauntlet_png* self, int* intent);
int gauntlet_png_set_sRGB(struct gauntlet_png* self, int intent);

struct gauntlet_png_chromaticities { /* CIE x and y; cHRM: times 100,000, mDCV: times 50,000 */
  int32_t white_x, white_y, red_x, red_y, green_x, green_y, blue_x, blue_y;
};
int gauntlet_png_get_cHRM(struct gauntlet_png* self, struct gauntlet_png_chromaticities* value);
int gauntlet_png_set_cHRM(struct gauntlet_png* self, const struct gauntlet_png_chromaticities* value);

struct gauntlet_png_profile {
  const char* name; /* 1 to 79 bytes */
  struct gauntlet_png_bytes icc;
};
int gauntlet_png_get_iCCP(struct gauntlet_png* self, struct gauntlet_png_profile* profile);
int gauntlet_png_set_iCCP(struct gauntlet_png* self, const struct gauntlet_png_profile* profile);

/* From libpng 1.6.45 (cICP) and 1.6.46 (mDCV, cLLI) on; before, get finds none, and set fails as
 * UNSUPPORTED. */
struct gauntlet_png_cicp { /* numbers of ITU-T H.273 */
  uint8_t colour_primaries, transfer_function, matrix_coefficients, video_full_range;
};
int gauntlet_png_get_cICP(struct gauntlet_png* self, struct gauntlet_png_cicp* value);
int gauntlet_png_set_cICP(struct gauntlet_png* self, const struct gauntlet_png_cicp* value);

struct gauntlet_png_mastering_display {
  struct gauntlet_png_chromaticities primaries;
  uint32_t max_luminance, min_luminance; /* cd/m2 times 10,000 */
};
int gauntlet_png_get_mDCV(struct gauntlet_png* self, struct gauntlet_png_mastering_display* value);
int gauntlet_png_set_mDCV(struct gauntlet_png* self, const struct gauntlet_png_mastering_display* value);

struct gauntlet_png_light_level {
  uint32_t max_content, max_frame_average; /* cd/m2 times 10,000 */
};
int gauntlet_png_get_cLLI(struct gauntlet_png* self, struct gauntlet_png_light_level* value);
int gauntlet_png_set_cLLI(struct gauntlet_png* self, const struct gauntlet_png_light_level* value);

int gauntlet_png_get_sBIT(struct gauntlet_png* self, struct gauntlet_png_significant_bits* bits);
int gauntlet_png_set_sBIT(struct gauntlet_png* self, const struct gauntlet_png_significant_bits* bits);
/* By the file's color type: index, gray, or red, green and blue; the rest is 0. */
int gauntlet_png_get_bKGD(struct gauntlet_png* self, struct gauntlet_png_color* color);
int gauntlet_png_set_bKGD(struct gauntlet_png* self, const struct gauntlet_png_color* color);

/* One count for each color of the palette, which must be set before. */
int gauntlet_png_get_hIST(struct gauntlet_png* self, uint16_t histogram[256], size_t* count);
int gauntlet_png_set_hIST(struct gauntlet_png* self, const uint16_t* histogram, size_t count);

struct gauntlet_png_suggested_color {
  uint16_t red, green, blue, alpha, frequency;
};
int gauntlet_png_get_sPLT_count(struct gauntlet_png* self, size_t* count);
/* How many colors, of which depth (8 or 16); then each color by its index. */
int gauntlet_png_get_sPLT(struct gauntlet_png* self, size_t index, const char** name, uint8_t* depth,
                          size_t* size);
int gauntlet_png_get_sPLT_color(struct gauntlet_png* self, size_t index, size_t color_index,
                                struct gauntlet_png_suggested_color* color);
int gauntlet_png_set_sPLT(struct gauntlet_png* self, const char* name, uint8_t depth,
                          const struct gauntlet_png_suggested_color* colors, size_t size); /* adds one */

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
