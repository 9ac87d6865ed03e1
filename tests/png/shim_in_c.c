#include "shim_in_c.h"

#include <stdint.h>
#include <string.h>

#include "gauntlet/shim/png.h"

#define TEXT_OF(x) #x
#define LINE_OF(x) TEXT_OF(x)
#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) return "shim_in_c.c:" LINE_OF(__LINE__) ": " #condition; \
  } while (0)
#define EXPECT_OK(call) EXPECT((call) == GAUNTLET_PNG_OK)
#define EXPECT_NULL(call)                \
  do {                                   \
    const char* const problem = (call);  \
    if (problem != NULL) return problem; \
  } while (0)

/* ---- a file in memory */

struct file {
  unsigned char data[4096];
  size_t size;
  size_t at;
  int answer; /* what the callbacks answer instead of working, if not 0 */
  int warnings;
  int fail_at; /* the warning callback fails at this call */
};

static ptrdiff_t on_read(void* user, unsigned char* out, size_t size) {
  struct file* file = user;
  const size_t left = file->size - file->at;
  if (file->answer != 0) return file->answer;
  if (size > left) size = left;
  memcpy(out, file->data + file->at, size);
  file->at += size;
  return (ptrdiff_t)size;
}

static int on_write(void* user, const unsigned char* data, size_t size) {
  struct file* file = user;
  if (file->answer != 0) return file->answer;
  if (size > sizeof file->data - file->size) return -1;
  memcpy(file->data + file->size, data, size);
  file->size += size;
  return 0;
}

static int on_warning(void* user, const struct gauntlet_png_warning* warning) {
  struct file* file = user;
  (void)warning;
  return ++file->warnings == file->fail_at ? -1 : 0;
}

static int on_transform(void* user, const struct gauntlet_png_row_info* info, unsigned char* row) {
  (void)user;
  (void)info;
  (void)row;
  return 0;
}

static struct gauntlet_png* open_reader(struct file* file) {
  struct gauntlet_png_callbacks callbacks = {0};
  struct gauntlet_png_limits limits;
  callbacks.user = file;
  callbacks.read = on_read;
  callbacks.warning = on_warning;
  callbacks.transform = on_transform;
  gauntlet_png_limits_default(&limits);
  return gauntlet_png_create_reader(&callbacks, &limits);
}

static struct gauntlet_png* open_writer(struct file* file) {
  struct gauntlet_png_callbacks callbacks = {0};
  struct gauntlet_png_limits limits;
  callbacks.user = file;
  callbacks.write = on_write;
  callbacks.transform = on_transform;
  gauntlet_png_limits_default(&limits);
  return gauntlet_png_create_writer(&callbacks, &limits);
}

static const struct gauntlet_png_header two_by_two = {
    .width = 2, .height = 2, .bit_depth = 8, .color_type = GAUNTLET_PNG_COLOR_GRAY};
static const unsigned char pixels[2][2] = {{10, 20}, {30, 40}};
static const struct gauntlet_png_text title = {.key = "Title", .text = "two by two"};

static const char* write_rows(struct gauntlet_png* png) {
  struct gauntlet_png_compression smallest;
  int passes = 0;
  size_t row_bytes = 0;
  gauntlet_png_compression_default(&smallest);
  smallest.level = 9;
  EXPECT_OK(gauntlet_png_set_IHDR(png, &two_by_two));
  EXPECT_OK(gauntlet_png_set_compression(png, &smallest));
  EXPECT_OK(gauntlet_png_set_text(png, &title));
  EXPECT_OK(gauntlet_png_write_info(png));
  EXPECT_OK(gauntlet_png_start_write_image(png, &passes, &row_bytes));
  EXPECT(passes == 1 && row_bytes == 2);
  EXPECT_OK(gauntlet_png_write_row(png, pixels[0], 2));
  EXPECT_OK(gauntlet_png_write_row(png, pixels[1], 2));
  return NULL;
}

static const char* write_file(struct file* file) {
  struct gauntlet_png* const png = open_writer(file);
  EXPECT(png != NULL);
  EXPECT_NULL(write_rows(png));
  EXPECT_OK(gauntlet_png_write_end(png));
  gauntlet_png_destroy(png);
  return NULL;
}

/* A reader that has come as far as its first row. */
static const char* start_reading(struct file* file, struct gauntlet_png** png) {
  int passes = 0;
  EXPECT_NULL(write_file(file));
  *png = open_reader(file);
  EXPECT(*png != NULL);
  EXPECT_OK(gauntlet_png_read_info(*png));
  EXPECT_OK(gauntlet_png_start_read_image(*png, &passes));
  EXPECT(passes == 1);
  return NULL;
}

static int failed_by(const struct gauntlet_png* png, enum gauntlet_png_reason reason, const char* message) {
  const struct gauntlet_png_failure* const failure = gauntlet_png_get_failure(png);
  return failure->reason == reason && strstr(failure->message, message) != NULL;
}

#define EXPECT_USAGE(call, words)                      \
  do {                                                 \
    EXPECT((call) == GAUNTLET_PNG_ERROR);              \
    EXPECT(failed_by(png, GAUNTLET_PNG_USAGE, words)); \
  } while (0)

/* ---- the road */

static const char* read_file(struct gauntlet_png* png) {
  struct gauntlet_png_header header;
  struct gauntlet_png_text text;
  unsigned char row[2] = {0};
  size_t texts = 0;
  EXPECT_OK(gauntlet_png_get_IHDR(png, &header));
  EXPECT(header.width == 2 && header.height == 2 && header.bit_depth == 8);
  EXPECT(header.color_type == GAUNTLET_PNG_COLOR_GRAY && header.interlaced == 0);
  EXPECT(header.channels == 1 && header.row_bytes == 2);
  for (int y = 0; y < 2; ++y) {
    EXPECT_OK(gauntlet_png_read_row(png, row, NULL, sizeof row));
    EXPECT(memcmp(row, pixels[y], 2) == 0);
  }
  EXPECT_OK(gauntlet_png_read_end(png));
  EXPECT_OK(gauntlet_png_get_text_count(png, &texts));
  EXPECT(texts == 1);
  EXPECT_OK(gauntlet_png_get_text(png, 0, &text));
  EXPECT(strcmp(text.key, "Title") == 0 && strcmp(text.text, "two by two") == 0);
  EXPECT(strcmp(text.language, "") == 0 && !text.compressed && !text.international);
  EXPECT(gauntlet_png_get_failure(png)->reason == GAUNTLET_PNG_NO_FAILURE);
  return NULL;
}

const char* c_writes_and_reads(void) {
  struct file file = {0};
  struct gauntlet_png* png = NULL;
  EXPECT_NULL(start_reading(&file, &png));
  EXPECT_NULL(read_file(png));
  gauntlet_png_destroy(png);
  gauntlet_png_destroy(NULL);
  return NULL;
}

/* ---- out of order */

typedef int (*one_call)(struct gauntlet_png*);

static int call_read_info(struct gauntlet_png* png) { return gauntlet_png_read_info(png); }
static int call_start(struct gauntlet_png* png) {
  int passes = 0;
  return gauntlet_png_start_read_image(png, &passes);
}
static int call_read_row(struct gauntlet_png* png) {
  unsigned char row[64];
  return gauntlet_png_read_row(png, row, NULL, sizeof row);
}
static int call_read_end(struct gauntlet_png* png) { return gauntlet_png_read_end(png); }
static int call_add_alpha(struct gauntlet_png* png) { return gauntlet_png_set_add_alpha(png, 255, 1); }
static int call_set_IHDR(struct gauntlet_png* png) { return gauntlet_png_set_IHDR(png, &two_by_two); }
static int set_level(struct gauntlet_png* png, int level) {
  struct gauntlet_png_compression compression;
  gauntlet_png_compression_default(&compression);
  compression.level = level;
  return gauntlet_png_set_compression(png, &compression);
}
static int call_set_level(struct gauntlet_png* png) { return set_level(png, 1); }
static int call_write_info(struct gauntlet_png* png) { return gauntlet_png_write_info(png); }
static int call_start_writing(struct gauntlet_png* png) {
  int passes = 0;
  size_t row_bytes = 0;
  return gauntlet_png_start_write_image(png, &passes, &row_bytes);
}
static int call_write_row(struct gauntlet_png* png) { return gauntlet_png_write_row(png, pixels[0], 2); }
static int call_write_end(struct gauntlet_png* png) { return gauntlet_png_write_end(png); }
static int call_set_text(struct gauntlet_png* png) { return gauntlet_png_set_text(png, &title); }
static int call_set_gAMA(struct gauntlet_png* png) { return gauntlet_png_set_gAMA(png, 45455); }
static int call_set_sRGB(struct gauntlet_png* png) { return gauntlet_png_set_sRGB(png, 0); }
static int call_set_pHYs(struct gauntlet_png* png) {
  static const struct gauntlet_png_physical physical = {1, 1, 1};
  return gauntlet_png_set_pHYs(png, &physical);
}
static int call_set_tIME(struct gauntlet_png* png) {
  static const struct gauntlet_png_time time = {2000, 1, 1, 0, 0, 0};
  return gauntlet_png_set_tIME(png, &time);
}
static int call_set_PLTE(struct gauntlet_png* png) {
  static const struct gauntlet_png_palette palette = {.size = 2};
  return gauntlet_png_set_PLTE(png, &palette);
}
static int call_set_tRNS(struct gauntlet_png* png) {
  static const struct gauntlet_png_transparency transparency = {.gray = 1};
  return gauntlet_png_set_tRNS(png, &transparency);
}

static int call_set_filler(struct gauntlet_png* png) { return gauntlet_png_set_filler(png, 0, 1); }
static int call_set_shift(struct gauntlet_png* png) {
  static const struct gauntlet_png_significant_bits bits = {5, 5, 5, 5, 5};
  return gauntlet_png_set_shift(png, &bits);
}
static int call_set_gamma(struct gauntlet_png* png) { return gauntlet_png_set_gamma(png, -1, -1); }
static int call_set_alpha_mode(struct gauntlet_png* png) { return gauntlet_png_set_alpha_mode(png, 0, -1); }
static int call_set_background(struct gauntlet_png* png) {
  static const struct gauntlet_png_color color = {.gray = 1};
  return gauntlet_png_set_background(png, &color, 1, 0, 0);
}
static int call_set_rgb_to_gray(struct gauntlet_png* png) {
  return gauntlet_png_set_rgb_to_gray(png, 1, -1, -1);
}
static int call_set_quantize(struct gauntlet_png* png) {
  struct gauntlet_png_palette palette = {.size = 2};
  return gauntlet_png_set_quantize(png, &palette, 2, NULL, 1);
}
static int call_set_user_transform(struct gauntlet_png* png) {
  return gauntlet_png_set_user_transform(png, 0, 0);
}
static int call_set_filter(struct gauntlet_png* png) { return gauntlet_png_set_filter(png, 0x08); }
static int call_set_flush(struct gauntlet_png* png) { return gauntlet_png_set_flush(png, 1); }
static int call_write_chunk(struct gauntlet_png* png) {
  return gauntlet_png_write_chunk(png, "prVt", NULL, 0);
}
static int call_set_text_compression(struct gauntlet_png* png) {
  struct gauntlet_png_compression compression;
  gauntlet_png_compression_default(&compression);
  return gauntlet_png_set_text_compression(png, &compression);
}
static int call_set_crc_action(struct gauntlet_png* png) { return gauntlet_png_set_crc_action(png, 0, 0); }
static int call_set_benign_errors(struct gauntlet_png* png) { return gauntlet_png_set_benign_errors(png, 1); }
static int call_set_check(struct gauntlet_png* png) {
  return gauntlet_png_set_check_for_invalid_index(png, 1);
}
static int call_permit_mng(struct gauntlet_png* png) {
  uint32_t granted = 0;
  return gauntlet_png_permit_mng_features(png, 5, &granted);
}
static int call_set_sig_bytes(struct gauntlet_png* png) { return gauntlet_png_set_sig_bytes(png, 0); }
static int call_set_buffer_size(struct gauntlet_png* png) {
  return gauntlet_png_set_compression_buffer_size(png, 100);
}
static int call_set_option(struct gauntlet_png* png) {
  return gauntlet_png_set_option(png, GAUNTLET_PNG_MAXIMUM_INFLATE_WINDOW, 1);
}
static int call_set_keep(struct gauntlet_png* png) {
  return gauntlet_png_set_keep_unknown_chunks(png, GAUNTLET_PNG_KEEP_ALWAYS, NULL);
}

/* A bit for each stage. */
enum {
  R_HEADER = 1,
  R_INFO = 2,
  R_ROWS = 4,
  W_HEADER = 8,
  W_INFO = 16,
  W_START = 32,
  W_ROWS = 64,
  READS = R_HEADER | R_INFO | R_ROWS
};

static const struct {
  one_call call;
  const char* message;
  int belongs; /* to which stages */
} calls[] = {
    {call_read_info, "read_info is called out of order", R_HEADER},
    {gauntlet_png_set_expand, "set_expand is called out of order", R_INFO},
    {gauntlet_png_set_strip_16, "set_strip_16 is called out of order", R_INFO},
    {gauntlet_png_set_scale_16, "set_scale_16 is called out of order", R_INFO},
    {gauntlet_png_set_gray_to_rgb, "set_gray_to_rgb is called out of order", R_INFO},
    {call_add_alpha, "set_add_alpha is called out of order", R_INFO},
    {gauntlet_png_set_packing, "set_packing is called out of order", R_INFO | W_START},
    {gauntlet_png_set_swap, "set_swap is called out of order", R_INFO | W_START},
    {gauntlet_png_set_bgr, "set_bgr is called out of order", R_INFO | W_START},
    {gauntlet_png_set_expand_16, "set_expand_16 is called out of order", R_INFO},
    {gauntlet_png_set_palette_to_rgb, "set_palette_to_rgb is called out of order", R_INFO},
    {gauntlet_png_set_expand_gray_1_2_4_to_8, "set_expand_gray_1_2_4_to_8 is called out of order", R_INFO},
    {gauntlet_png_set_tRNS_to_alpha, "set_tRNS_to_alpha is called out of order", R_INFO},
    {gauntlet_png_set_strip_alpha, "set_strip_alpha is called out of order", R_INFO},
    {gauntlet_png_set_packswap, "set_packswap is called out of order", R_INFO | W_START},
    {gauntlet_png_set_swap_alpha, "set_swap_alpha is called out of order", R_INFO | W_START},
    {gauntlet_png_set_invert_mono, "set_invert_mono is called out of order", R_INFO | W_START},
    {gauntlet_png_set_invert_alpha, "set_invert_alpha is called out of order", R_INFO | W_INFO},
    {call_set_filler, "set_filler is called out of order", R_INFO | W_START},
    {call_set_shift, "set_shift is called out of order", R_INFO | W_START},
    {call_set_gamma, "set_gamma is called out of order", R_INFO},
    {call_set_alpha_mode, "set_alpha_mode is called out of order", R_INFO},
    {call_set_background, "set_background is called out of order", R_INFO},
    {call_set_rgb_to_gray, "set_rgb_to_gray is called out of order", R_INFO},
    {call_set_quantize, "set_quantize is called out of order", R_INFO},
    {call_set_user_transform, "set_user_transform is called out of order", R_INFO | W_START},
    {call_set_filter, "set_filter is called out of order", W_INFO},
    {call_set_flush, "set_flush is called out of order", W_INFO},
    {call_set_text_compression, "set_text_compression is called out of order", W_HEADER | W_INFO},
    {call_set_crc_action, "set_crc_action is called out of order", R_HEADER | W_HEADER},
    {call_set_benign_errors, "set_benign_errors is called out of order", R_HEADER | W_HEADER},
    {call_set_sig_bytes, "set_sig_bytes is called out of order", R_HEADER | W_HEADER},
    {call_set_option, "set_option is called out of order", R_HEADER | W_HEADER},
    {call_set_check, "set_check_for_invalid_index is called out of order", R_HEADER | W_HEADER},
    {call_permit_mng, "permit_mng_features is called out of order", R_HEADER | W_HEADER},
    {call_set_buffer_size, "set_compression_buffer_size is called out of order", R_HEADER | W_HEADER},
    {call_set_keep, "set_keep_unknown_chunks is called out of order", R_HEADER | W_HEADER},
    {gauntlet_png_write_flush, "write_flush is called out of order", W_ROWS},
    {call_write_chunk, "write_chunk is called out of order", W_START | W_ROWS},
    {call_start, "start_read_image is called out of order", R_INFO},
    {call_read_row, "read_row is called out of order", R_ROWS},
    {call_read_end, "read_end is called", R_ROWS},
    {call_set_IHDR, "set_IHDR is called out of order", W_HEADER},
    {call_set_level, "set_compression is called out of order", W_HEADER | W_INFO},
    {call_set_text, "set_text is called out of order", W_INFO | W_ROWS},
    {call_set_gAMA, "set_gAMA is called out of order", W_INFO},
    {call_set_sRGB, "set_sRGB is called out of order", W_INFO},
    {call_set_pHYs, "set_pHYs is called out of order", W_INFO},
    {call_set_tIME, "set_tIME is called out of order", W_INFO | W_ROWS},
    {call_set_PLTE, "set_PLTE is called out of order", W_INFO},
    {call_set_tRNS, "set_tRNS is called out of order", W_INFO},
    {call_write_info, "write_info is called out of order", W_INFO},
    {call_start_writing, "start_write_image is called out of order", W_START},
    {call_write_row, "write_row is called out of order", W_ROWS},
    {call_write_end, "write_end is called", W_ROWS},
};

/* An object that has come to this stage. */
static struct gauntlet_png* open_at(struct file* file, int stage) {
  const int reads = stage & READS;
  struct gauntlet_png* const png = reads ? open_reader(file) : open_writer(file);
  if (png == NULL) return NULL;
  if (stage & (R_INFO | R_ROWS)) (void)call_read_info(png);
  if (stage & R_ROWS) (void)call_start(png);
  if (stage & (W_INFO | W_START | W_ROWS)) (void)call_set_IHDR(png);
  if (stage & (W_START | W_ROWS)) (void)call_write_info(png);
  if (stage & W_ROWS) (void)call_start_writing(png);
  return png;
}

static const char* every_other_call_is_refused(int stage) {
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; ++i) {
    struct file file = {0};
    struct gauntlet_png* png = NULL;
    if (calls[i].belongs & stage) continue;
    if (stage & READS) EXPECT_NULL(write_file(&file));
    png = open_at(&file, stage);
    EXPECT(png != NULL);
    EXPECT(gauntlet_png_get_failure(png)->reason == GAUNTLET_PNG_NO_FAILURE);
    EXPECT(calls[i].call(png) == GAUNTLET_PNG_ERROR);
    if (!failed_by(png, GAUNTLET_PNG_USAGE, calls[i].message)) return calls[i].message;
    gauntlet_png_destroy(png);
  }
  return NULL;
}

const char* c_reads_in_the_wrong_order(void) {
  EXPECT_NULL(every_other_call_is_refused(R_HEADER));
  EXPECT_NULL(every_other_call_is_refused(R_INFO));
  EXPECT_NULL(every_other_call_is_refused(R_ROWS));
  return NULL;
}

const char* c_writes_in_the_wrong_order(void) {
  EXPECT_NULL(every_other_call_is_refused(W_HEADER));
  EXPECT_NULL(every_other_call_is_refused(W_INFO));
  EXPECT_NULL(every_other_call_is_refused(W_START));
  EXPECT_NULL(every_other_call_is_refused(W_ROWS));
  return NULL;
}

/* Counts and numbers answer OK where there are none; else as the rest. */
static const char* every_count_answers(struct gauntlet_png* png, int answer) {
  uint32_t has = 99;
  size_t count = 99;
  int number = 0;
  const int counted = answer == GAUNTLET_PNG_ABSENT ? GAUNTLET_PNG_OK : answer;
  EXPECT(gauntlet_png_get_valid(png, &has) == counted);
  EXPECT(gauntlet_png_get_unknown_chunk_count(png, &count) == counted);
  EXPECT(gauntlet_png_get_sPLT_count(png, &count) == counted);
  EXPECT(gauntlet_png_get_rgb_to_gray_status(png, &number) == counted);
  EXPECT(gauntlet_png_get_palette_max(png, &number) == counted);
  return NULL;
}

static const char* every_rarer_getter_answers(struct gauntlet_png* png, int answer) {
  union { /* one at a time */
    struct gauntlet_png_offset offset;
    struct gauntlet_png_calibration calibration;
    struct gauntlet_png_scale scale;
    struct gauntlet_png_bytes bytes;
    struct gauntlet_png_unknown_chunk chunk;
    struct gauntlet_png_chromaticities chromaticities;
    struct gauntlet_png_profile profile;
    struct gauntlet_png_cicp cicp;
    struct gauntlet_png_mastering_display mastering;
    struct gauntlet_png_light_level light;
    struct gauntlet_png_significant_bits bits;
    struct gauntlet_png_color color;
    struct gauntlet_png_suggested_color suggested;
    uint16_t histogram[256];
  } out;
  const char* name = NULL;
  uint8_t depth = 0;
  size_t size = 0;
  EXPECT(gauntlet_png_get_oFFs(png, &out.offset) == answer);
  EXPECT(gauntlet_png_get_pCAL(png, &out.calibration) == answer);
  EXPECT(gauntlet_png_get_sCAL(png, &out.scale) == answer);
  EXPECT(gauntlet_png_get_eXIf(png, &out.bytes) == answer);
  EXPECT(gauntlet_png_get_unknown_chunk(png, 0, &out.chunk) == answer);
  EXPECT(gauntlet_png_get_cHRM(png, &out.chromaticities) == answer);
  EXPECT(gauntlet_png_get_iCCP(png, &out.profile) == answer);
  EXPECT(gauntlet_png_get_cICP(png, &out.cicp) == answer);
  EXPECT(gauntlet_png_get_mDCV(png, &out.mastering) == answer);
  EXPECT(gauntlet_png_get_cLLI(png, &out.light) == answer);
  EXPECT(gauntlet_png_get_sBIT(png, &out.bits) == answer);
  EXPECT(gauntlet_png_get_bKGD(png, &out.color) == answer);
  EXPECT(gauntlet_png_get_hIST(png, out.histogram, &size) == answer);
  EXPECT(gauntlet_png_get_sPLT(png, 0, &name, &depth, &size) == answer);
  EXPECT(gauntlet_png_get_sPLT_color(png, 0, 0, &out.suggested) == answer);
  return every_count_answers(png, answer);
}

/* What can be asked at any time. */
static const char* every_getter_answers(struct gauntlet_png* png, int answer) {
  struct gauntlet_png_header header;
  struct gauntlet_png_text text;
  struct gauntlet_png_physical physical;
  struct gauntlet_png_time time;
  struct gauntlet_png_palette palette;
  struct gauntlet_png_transparency transparency;
  int32_t gamma = 0;
  int intent = 0;
  size_t count = 99;
  EXPECT(gauntlet_png_get_IHDR(png, &header) == answer);
  EXPECT(gauntlet_png_get_text_count(png, &count) == answer);
  EXPECT(count == 0);
  EXPECT(gauntlet_png_get_text(png, 0, &text) == answer);
  EXPECT(gauntlet_png_get_gAMA(png, &gamma) == answer);
  EXPECT(gauntlet_png_get_sRGB(png, &intent) == answer);
  EXPECT(gauntlet_png_get_pHYs(png, &physical) == answer);
  EXPECT(gauntlet_png_get_tIME(png, &time) == answer);
  EXPECT(gauntlet_png_get_PLTE(png, &palette) == answer);
  EXPECT(gauntlet_png_get_tRNS(png, &transparency) == answer);
  return every_rarer_getter_answers(png, answer);
}

const char* c_goes_on_after_a_failure(void) {
  struct file empty = {0};
  struct gauntlet_png* const png = open_reader(&empty);
  EXPECT(png != NULL);
  EXPECT(gauntlet_png_read_info(png) == GAUNTLET_PNG_ERROR);
  EXPECT(failed_by(png, GAUNTLET_PNG_EMPTY, "there is no data at all"));
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; ++i) {
    EXPECT(calls[i].call(png) == GAUNTLET_PNG_ERROR);
    EXPECT(failed_by(png, GAUNTLET_PNG_EMPTY, "there is no data at all")); /* the first failure stays */
  }
  EXPECT_NULL(every_getter_answers(png, GAUNTLET_PNG_ERROR));
  gauntlet_png_destroy(png);
  return NULL;
}

/* ---- rows */

const char* c_reads_past_the_last_row(void) {
  struct file file = {0};
  struct gauntlet_png* png = NULL;
  EXPECT_NULL(start_reading(&file, &png));
  EXPECT_OK(call_read_row(png));
  EXPECT_OK(call_read_row(png));
  EXPECT_USAGE(call_read_row(png), "read_row is called after the last row");
  gauntlet_png_destroy(png);

  memset(&file, 0, sizeof file);
  png = open_writer(&file);
  EXPECT(png != NULL);
  EXPECT_NULL(write_rows(png));
  EXPECT_USAGE(call_write_row(png), "write_row is called after the last row");
  gauntlet_png_destroy(png);
  return NULL;
}

const char* c_ends_before_the_last_row(void) {
  struct file file = {0};
  struct gauntlet_png* png = NULL;
  EXPECT_NULL(start_reading(&file, &png));
  EXPECT_OK(call_read_row(png));
  EXPECT_USAGE(gauntlet_png_read_end(png), "read_end is called before the last row");
  gauntlet_png_destroy(png);

  memset(&file, 0, sizeof file);
  png = open_at(&file, W_ROWS);
  EXPECT(png != NULL);
  EXPECT_OK(call_write_row(png));
  EXPECT_USAGE(gauntlet_png_write_end(png), "write_end is called before the last row");
  gauntlet_png_destroy(png);
  return NULL;
}

const char* c_gives_short_rows(void) {
  struct file file = {0};
  struct gauntlet_png* png = NULL;
  unsigned char row[3] = {0, 0, 99};
  EXPECT_NULL(start_reading(&file, &png));
  EXPECT_OK(gauntlet_png_read_row(png, row, NULL, 2)); /* just enough, and not a byte more is written */
  EXPECT(row[2] == 99);
  EXPECT_USAGE(gauntlet_png_read_row(png, row, NULL, 1), "the memory for a row is shorter than row_bytes");
  gauntlet_png_destroy(png);

  memset(&file, 0, sizeof file);
  png = open_at(&file, W_ROWS);
  EXPECT(png != NULL);
  EXPECT_USAGE(gauntlet_png_write_row(png, row, 1), "a row is shorter than the header makes it");
  gauntlet_png_destroy(png);
  return NULL;
}

/* ---- what a caller can do wrong before the start */

const char* c_has_no_callbacks(void) {
  struct gauntlet_png_callbacks callbacks = {0};
  struct gauntlet_png_limits limits;
  gauntlet_png_limits_default(&limits);
  EXPECT(gauntlet_png_create_reader(NULL, &limits) == NULL);
  EXPECT(gauntlet_png_create_writer(NULL, &limits) == NULL);
  EXPECT(gauntlet_png_create_reader(&callbacks, &limits) == NULL);
  EXPECT(gauntlet_png_create_writer(&callbacks, &limits) == NULL);
  callbacks.write = on_write;
  EXPECT(gauntlet_png_create_reader(&callbacks, &limits) == NULL);
  callbacks.write = NULL;
  callbacks.read = on_read;
  EXPECT(gauntlet_png_create_writer(&callbacks, &limits) == NULL);
  return NULL;
}

static const char* limits_are_refused(const struct gauntlet_png_limits* limits) {
  struct gauntlet_png_callbacks callbacks = {0};
  callbacks.read = on_read;
  callbacks.write = on_write;
  EXPECT(!gauntlet_png_limits_valid(limits));
  EXPECT(gauntlet_png_create_reader(&callbacks, limits) == NULL);
  EXPECT(gauntlet_png_create_writer(&callbacks, limits) == NULL);
  return NULL;
}

#define EXPECT_REFUSED(field)                   \
  do {                                          \
    struct gauntlet_png_limits limits;          \
    gauntlet_png_limits_default(&limits);       \
    EXPECT(gauntlet_png_limits_valid(&limits)); \
    limits.field = 0;                           \
    EXPECT_NULL(limits_are_refused(&limits));   \
  } while (0)

const char* c_sets_impossible_limits(void) {
  EXPECT_NULL(limits_are_refused(NULL));
  EXPECT_REFUSED(max_width);
  EXPECT_REFUSED(max_height);
  EXPECT_REFUSED(max_pixels);
  EXPECT_REFUSED(max_image_bytes);
  EXPECT_REFUSED(max_input_bytes);
  EXPECT_REFUSED(max_chunk_bytes);
  EXPECT_REFUSED(max_cached_chunks);
  EXPECT_REFUSED(max_memory);
  return NULL;
}

/* ---- callbacks */

static const char* source_answers(int answer, enum gauntlet_png_reason reason, const char* message) {
  struct file file = {0};
  struct gauntlet_png* png = NULL;
  EXPECT_NULL(write_file(&file));
  png = open_reader(&file);
  EXPECT(png != NULL);
  file.answer = answer;
  EXPECT(gauntlet_png_read_info(png) == GAUNTLET_PNG_ERROR);
  EXPECT(failed_by(png, reason, message));
  gauntlet_png_destroy(png);
  return NULL;
}

const char* c_source_lies(void) {
  EXPECT_NULL(source_answers(9, GAUNTLET_PNG_USAGE, "claims more bytes than it was asked for"));
  EXPECT_NULL(source_answers(INT32_MAX, GAUNTLET_PNG_USAGE, "claims more bytes than it was asked for"));
  return NULL;
}

const char* c_callbacks_fail(void) {
  struct file file = {0};
  struct gauntlet_png* png = NULL;
  EXPECT_NULL(source_answers(-1, GAUNTLET_PNG_CALLBACK, "the source failed"));
  EXPECT_NULL(source_answers(INT32_MIN, GAUNTLET_PNG_CALLBACK, "the source failed"));

  png = open_at(&file, W_INFO);
  EXPECT(png != NULL);
  file.answer = -1;
  EXPECT(gauntlet_png_write_info(png) == GAUNTLET_PNG_ERROR);
  EXPECT(failed_by(png, GAUNTLET_PNG_CALLBACK, "the sink failed"));
  gauntlet_png_destroy(png);
  return NULL;
}

struct borrowed {
  const unsigned char* data;
  size_t size;
  int warnings;
  int fail_at;
};

static ptrdiff_t on_borrowed_read(void* user, unsigned char* out, size_t size) {
  struct borrowed* file = user;
  if (size > file->size) size = file->size;
  memcpy(out, file->data, size);
  file->data += size;
  file->size -= size;
  return (ptrdiff_t)size;
}

static int on_borrowed_warning(void* user, const struct gauntlet_png_warning* warning) {
  struct borrowed* file = user;
  (void)warning;
  return ++file->warnings == file->fail_at ? -1 : 0;
}

static int read_all(struct gauntlet_png* png) {
  struct gauntlet_png_header header;
  unsigned char row[4096];
  int passes = 0;
  if (gauntlet_png_read_info(png) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  if (gauntlet_png_start_read_image(png, &passes) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  if (gauntlet_png_get_IHDR(png, &header) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  for (uint64_t rows = (uint64_t)header.height * (uint64_t)passes; rows > 0; --rows)
    if (gauntlet_png_read_row(png, row, NULL, sizeof row) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  return gauntlet_png_read_end(png);
}

const char* c_warning_fails(const unsigned char* data, size_t size, int at, int* failed) {
  struct borrowed file = {data, size, 0, at};
  struct gauntlet_png_callbacks callbacks = {0};
  struct gauntlet_png_limits limits;
  struct gauntlet_png* png = NULL;
  callbacks.user = &file;
  callbacks.read = on_borrowed_read;
  callbacks.warning = on_borrowed_warning;
  gauntlet_png_limits_default(&limits);
  png = gauntlet_png_create_reader(&callbacks, &limits);
  EXPECT(png != NULL);
  (void)read_all(png);
  *failed = file.warnings >= at;
  EXPECT(!*failed || failed_by(png, GAUNTLET_PNG_CALLBACK, "the warning callback failed"));
  EXPECT(!*failed || file.warnings == at); /* it is not called again */
  gauntlet_png_destroy(png);
  return NULL;
}

/* ---- getters and setters */

const char* c_asks_for_what_is_not_there(void) {
  struct file file = {0};
  struct gauntlet_png* png = NULL;
  struct gauntlet_png_text text;
  EXPECT_NULL(write_file(&file));
  png = open_reader(&file);
  EXPECT(png != NULL);
  EXPECT_NULL(every_getter_answers(png, GAUNTLET_PNG_ABSENT));
  EXPECT_OK(gauntlet_png_read_info(png)); /* asking too early has broken nothing */
  EXPECT_OK(gauntlet_png_get_text(png, 0, &text));
  EXPECT(gauntlet_png_get_text(png, 1, &text) == GAUNTLET_PNG_ABSENT);
  EXPECT(gauntlet_png_get_text(png, SIZE_MAX, &text) == GAUNTLET_PNG_ABSENT);
  gauntlet_png_destroy(png);

  memset(&file, 0, sizeof file);
  png = open_writer(&file);
  EXPECT(png != NULL);
  EXPECT_NULL(every_getter_answers(png, GAUNTLET_PNG_ABSENT));
  EXPECT_OK(call_set_IHDR(png));
  gauntlet_png_destroy(png);
  return NULL;
}

const char* c_sets_too_many_colours(void) {
  static const struct gauntlet_png_palette palette = {.size = 257};
  static const struct gauntlet_png_transparency transparency = {.alpha_size = 257};
  struct file file = {0};
  struct gauntlet_png* png = open_at(&file, W_INFO);
  EXPECT(png != NULL);
  EXPECT_USAGE(gauntlet_png_set_PLTE(png, &palette), "a palette has at most 256 colours");
  gauntlet_png_destroy(png);
  png = open_at(&file, W_INFO);
  EXPECT(png != NULL);
  EXPECT_USAGE(gauntlet_png_set_tRNS(png, &transparency), "a palette has at most 256 alphas");
  gauntlet_png_destroy(png);
  png = open_at(&file, W_INFO);
  EXPECT(png != NULL);
  EXPECT_USAGE(set_level(png, 10), "a compression level is -1, or 0 to 9");
  gauntlet_png_destroy(png);
  return NULL;
}

/* ---- inside a callback */

struct asking {
  struct file file;
  struct gauntlet_png* png;
  int asked;
  int answered;
};

static ptrdiff_t on_asking_read(void* user, unsigned char* out, size_t size) {
  struct asking* asking = user;
  struct gauntlet_png_header header;
  ++asking->asked;
  asking->answered += gauntlet_png_get_IHDR(asking->png, &header) != GAUNTLET_PNG_ERROR;
  return on_read(&asking->file, out, size);
}

/* The call inside has a guard of its own; after it, an error must again jump to the guard outside. */
const char* c_asks_inside_a_callback(void) {
  struct asking asking = {0};
  struct gauntlet_png_callbacks callbacks = {0};
  struct gauntlet_png_limits limits;
  EXPECT_NULL(write_file(&asking.file));
  --asking.file.size; /* so that it ends in an error */
  callbacks.user = &asking;
  callbacks.read = on_asking_read;
  gauntlet_png_limits_default(&limits);
  asking.png = gauntlet_png_create_reader(&callbacks, &limits);
  EXPECT(asking.png != NULL);
  EXPECT(read_all(asking.png) == GAUNTLET_PNG_ERROR);
  EXPECT(failed_by(asking.png, GAUNTLET_PNG_TRUNCATED, "the data ends inside the file"));
  EXPECT(asking.asked > 5);
  EXPECT(asking.answered == asking.asked);
  gauntlet_png_destroy(asking.png);
  return NULL;
}

const char* c_transforms_to_impossible_pixels(void) {
  static const struct {
    int depth, channels;
    const char* message;
  } impossible[] = {{0, 4, "says their depth and channels"},
                    {16, 0, "says their depth and channels"},
                    {3, 1, "1, 2, 4, 8 or 16 bits"},
                    {8, 5, "1 to 4 channels"},
                    {8, -1, "1 to 4 channels"},
                    {1, 3, "1, 2 or 4 bits, or whole bytes"}};
  for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; ++i) {
    struct file file = {0};
    struct gauntlet_png* png = NULL;
    EXPECT_NULL(write_file(&file));
    png = open_at(&file, R_INFO);
    EXPECT(png != NULL);
    EXPECT_USAGE(gauntlet_png_set_user_transform(png, impossible[i].depth, impossible[i].channels),
                 impossible[i].message);
    gauntlet_png_destroy(png);
  }
  return NULL;
}

/* ---- pushing */

static int on_row(void* self, const unsigned char* row, uint32_t number, int pass) {
  (void)self, (void)row, (void)number, (void)pass;
  return 0;
}

/* What was said of the signature holds for the file's first byte: said later, it would tear the file. */
const char* c_says_late_what_was_read(void) {
  struct file file = {0};
  struct gauntlet_png_callbacks callbacks = {.row = on_row};
  struct gauntlet_png_limits limits;
  struct gauntlet_png* png = NULL;
  size_t taken = 0;
  EXPECT_NULL(write_file(&file));
  gauntlet_png_limits_default(&limits);
  png = gauntlet_png_create_pusher(&callbacks, &limits);
  EXPECT(png != NULL);
  EXPECT_OK(gauntlet_png_process_data(png, file.data, 4, &taken));
  EXPECT_USAGE(gauntlet_png_set_sig_bytes(png, 8), "set_sig_bytes is called after the first byte was pushed");
  gauntlet_png_destroy(png);
  return NULL;
}

/* ---- memory */

const char* c_counts_memory(void) {
  struct file file = {0};
  struct gauntlet_png* png = NULL;
  uint64_t at_first = 0;
  EXPECT_NULL(write_file(&file));
  png = open_reader(&file);
  EXPECT(png != NULL);
  at_first = gauntlet_png_memory_in_use(png);
  EXPECT(at_first > 0);
  EXPECT_OK(read_all(png));
  EXPECT(gauntlet_png_memory_in_use(png) > at_first);
  gauntlet_png_destroy(png);
  return NULL;
}

/* Even with no memory at all there is an object, which says what it lacked. */
const char* c_has_next_to_no_memory(void) {
  struct gauntlet_png_callbacks callbacks = {0};
  struct gauntlet_png_limits limits;
  callbacks.read = on_read;
  callbacks.write = on_write;
  gauntlet_png_limits_default(&limits);
  limits.max_memory = 1;
  for (int writes = 0; writes < 2; ++writes) {
    struct gauntlet_png* const png = writes ? gauntlet_png_create_writer(&callbacks, &limits)
                                            : gauntlet_png_create_reader(&callbacks, &limits);
    EXPECT(png != NULL);
    EXPECT(failed_by(png, GAUNTLET_PNG_LIMIT, "max_memory is 1, found "));
    EXPECT(gauntlet_png_get_failure(png)->allowed == 1);
    EXPECT(gauntlet_png_get_failure(png)->found > 1);
    EXPECT(strcmp(gauntlet_png_get_failure(png)->limit, "max_memory") == 0);
    EXPECT(gauntlet_png_memory_in_use(png) == 0);
    EXPECT(gauntlet_png_read_info(png) == GAUNTLET_PNG_ERROR);
    EXPECT(gauntlet_png_set_IHDR(png, &two_by_two) == GAUNTLET_PNG_ERROR);
    EXPECT_NULL(every_getter_answers(png, GAUNTLET_PNG_ERROR));
    gauntlet_png_destroy(png);
  }
  return NULL;
}
