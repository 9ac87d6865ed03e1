/* Header and metadata, in and out by value. libpng's getters hand out pointers into its own structs; nothing
 * here lets such a pointer come back in (two of libpng's CVEs of 2025 and 2026 were just that). What colours
 * mean is in color.c. */
#include <string.h>

#include "state.h"

int gauntlet_png_get_IHDR(struct gauntlet_png* self, struct gauntlet_png_header* header) {
  /* Not png_get_IHDR: it refuses a header that no file can have, and rows that a transform of the caller's
   * has made may have one. It has no "not yet" either. */
  GET(self, self->stage != READ_HEADER && self->stage != WRITE_HEADER);
  header->width = png_get_image_width(self->png, self->info);
  header->height = png_get_image_height(self->png, self->info);
  header->bit_depth = png_get_bit_depth(self->png, self->info);
  header->color_type = png_get_color_type(self->png, self->info);
  header->interlaced = png_get_interlace_type(self->png, self->info) != PNG_INTERLACE_NONE;
  header->channels = png_get_channels(self->png, self->info);
  header->row_bytes = png_get_rowbytes(self->png, self->info);
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_get_valid(struct gauntlet_png* self, uint32_t* has) {
  static const struct {
    uint32_t theirs;
    uint32_t ours;
  } bits[] = {
      {PNG_INFO_gAMA, GAUNTLET_PNG_HAS_gAMA}, {PNG_INFO_sBIT, GAUNTLET_PNG_HAS_sBIT},
      {PNG_INFO_cHRM, GAUNTLET_PNG_HAS_cHRM}, {PNG_INFO_PLTE, GAUNTLET_PNG_HAS_PLTE},
      {PNG_INFO_tRNS, GAUNTLET_PNG_HAS_tRNS}, {PNG_INFO_bKGD, GAUNTLET_PNG_HAS_bKGD},
      {PNG_INFO_hIST, GAUNTLET_PNG_HAS_hIST}, {PNG_INFO_pHYs, GAUNTLET_PNG_HAS_pHYs},
      {PNG_INFO_oFFs, GAUNTLET_PNG_HAS_oFFs}, {PNG_INFO_tIME, GAUNTLET_PNG_HAS_tIME},
      {PNG_INFO_pCAL, GAUNTLET_PNG_HAS_pCAL}, {PNG_INFO_sRGB, GAUNTLET_PNG_HAS_sRGB},
      {PNG_INFO_iCCP, GAUNTLET_PNG_HAS_iCCP}, {PNG_INFO_sCAL, GAUNTLET_PNG_HAS_sCAL},
      {PNG_INFO_eXIf, GAUNTLET_PNG_HAS_eXIf},
#ifdef PNG_cICP_SUPPORTED
      {PNG_INFO_cICP, GAUNTLET_PNG_HAS_cICP},
#endif
#ifdef PNG_cLLI_SUPPORTED
      {PNG_INFO_cLLI, GAUNTLET_PNG_HAS_cLLI},
#endif
#ifdef PNG_mDCV_SUPPORTED
      {PNG_INFO_mDCV, GAUNTLET_PNG_HAS_mDCV},
#endif
  };
  const uint32_t derived = GAUNTLET_PNG_HAS_gAMA | GAUNTLET_PNG_HAS_cHRM | GAUNTLET_PNG_HAS_sRGB;
  *has = 0;
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  GUARD(self, {
    const uint32_t found = png_get_valid(self->png, self->info, UINT32_MAX);
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; ++i)
      if ((found & bits[i].theirs) != 0) *has |= bits[i].ours;
  });
  for (uint32_t bit = 1; bit <= GAUNTLET_PNG_HAS_sRGB; bit <<= 1)
    if ((derived & bit) != 0 && !is_in_file(self, bit)) *has &= ~bit;
  return status_of(self);
}

/* libpng 1.6.39 writes an eXIf before the image, and behind it once more. */
void note_written(struct gauntlet_png* self) {
  self->written = png_get_valid(self->png, self->info, PNG_INFO_tIME | PNG_INFO_eXIf);
  png_set_invalid(self->png, self->info, PNG_INFO_eXIf);
}

/* ---- text ---- */

int gauntlet_png_get_text_count(struct gauntlet_png* self, size_t* count) {
  int found = 0;
  *count = 0;
  GET(self, png_get_text(self->png, self->info, NULL, &found));
  *count = found > 0 ? (size_t)found : 0;
  return GAUNTLET_PNG_OK;
}

static const char* or_empty(const char* string) { return string != NULL ? string : ""; }

int gauntlet_png_get_text(struct gauntlet_png* self, size_t index, struct gauntlet_png_text* text) {
  png_textp all = NULL;
  int count = 0;
  GET(self, png_get_text(self->png, self->info, &all, &count));
  if (count < 0 || index >= (size_t)count) return GAUNTLET_PNG_ABSENT;
  const png_text* found = &all[index];
  text->international = found->compression >= PNG_ITXT_COMPRESSION_NONE;
  text->compressed =
      found->compression == PNG_TEXT_COMPRESSION_zTXt || found->compression == PNG_ITXT_COMPRESSION_zTXt;
  text->key = or_empty(found->key);
  text->text = or_empty(found->text);
  text->language = text->international ? or_empty(found->lang) : "";
  text->translated_key = text->international ? or_empty(found->lang_key) : "";
  return GAUNTLET_PNG_OK;
}

static int compression_of(const struct gauntlet_png_text* text) {
  if (text->international) return text->compressed ? PNG_ITXT_COMPRESSION_zTXt : PNG_ITXT_COMPRESSION_NONE;
  return text->compressed ? PNG_TEXT_COMPRESSION_zTXt : PNG_TEXT_COMPRESSION_NONE;
}

int gauntlet_png_set_text(struct gauntlet_png* self, const struct gauntlet_png_text* text) {
  png_text one;
  memset(&one, 0, sizeof one);
  one.compression = compression_of(text);
  one.key = without_const(text->key);
  one.text = without_const(text->text);
  one.lang = without_const(text->language);
  one.lang_key = without_const(text->translated_key);
  SET_EVEN_LATE(self, "set_text", png_set_text(self->png, self->info, &one, 1));
}

/* ---- time, sizes and places ---- */

int gauntlet_png_get_pHYs(struct gauntlet_png* self, struct gauntlet_png_physical* physical) {
  png_uint_32 x = 0, y = 0;
  int unit = 0;
  GET(self, png_get_pHYs(self->png, self->info, &x, &y, &unit));
  physical->x = x;
  physical->y = y;
  physical->unit_is_metre = unit == PNG_RESOLUTION_METER;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_pHYs(struct gauntlet_png* self, const struct gauntlet_png_physical* physical) {
  const int unit = physical->unit_is_metre ? PNG_RESOLUTION_METER : PNG_RESOLUTION_UNKNOWN;
  SET(self, "set_pHYs", png_set_pHYs(self->png, self->info, physical->x, physical->y, unit));
}

int gauntlet_png_get_tIME(struct gauntlet_png* self, struct gauntlet_png_time* time) {
  png_timep found = NULL;
  GET(self, png_get_tIME(self->png, self->info, &found));
  time->year = found->year;
  time->month = found->month;
  time->day = found->day;
  time->hour = found->hour;
  time->minute = found->minute;
  time->second = found->second;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_tIME(struct gauntlet_png* self, const struct gauntlet_png_time* time) {
  const png_time value = to_png_time(time);
  if ((self->written & PNG_INFO_tIME) != 0) /* libpng would ignore it, and say nothing */
    return fail(self, GAUNTLET_PNG_USAGE, "a file has one time, and this has one already");
  SET_EVEN_LATE(self, "set_tIME", png_set_tIME(self->png, self->info, &value));
}

int gauntlet_png_get_oFFs(struct gauntlet_png* self, struct gauntlet_png_offset* offset) {
  png_int_32 x = 0, y = 0;
  int unit = 0;
  GET(self, png_get_oFFs(self->png, self->info, &x, &y, &unit));
  offset->x = x;
  offset->y = y;
  offset->unit_is_micrometre = unit == PNG_OFFSET_MICROMETER;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_oFFs(struct gauntlet_png* self, const struct gauntlet_png_offset* offset) {
  const int unit = offset->unit_is_micrometre ? PNG_OFFSET_MICROMETER : PNG_OFFSET_PIXEL;
  SET(self, "set_oFFs", png_set_oFFs(self->png, self->info, offset->x, offset->y, unit));
}

int gauntlet_png_get_pCAL(struct gauntlet_png* self, struct gauntlet_png_calibration* calibration) {
  png_charp purpose = NULL, unit = NULL;
  png_charpp parameters = NULL;
  png_int_32 x0 = 0, x1 = 0;
  int equation = 0, count = 0;
  GET(self, png_get_pCAL(self->png, self->info, &purpose, &x0, &x1, &equation, &count, &unit, &parameters));
  calibration->purpose = or_empty(purpose);
  calibration->x0 = x0;
  calibration->x1 = x1;
  calibration->equation = (uint8_t)equation;
  calibration->unit = or_empty(unit);
  calibration->parameter_count = (uint8_t)count;
  calibration->parameters = (const char* const*)parameters;
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_pCAL(struct gauntlet_png* self, const struct gauntlet_png_calibration* calibration) {
  png_charp parameters[256];
  for (int i = 0; i < calibration->parameter_count; ++i)
    parameters[i] = without_const(calibration->parameters[i]);
  SET(self, "set_pCAL",
      png_set_pCAL(self->png, self->info, without_const(calibration->purpose), calibration->x0,
                   calibration->x1, calibration->equation, calibration->parameter_count,
                   without_const(calibration->unit), parameters));
}

int gauntlet_png_get_sCAL(struct gauntlet_png* self, struct gauntlet_png_scale* scale) {
  png_charp width = NULL, height = NULL;
  int unit = 0;
  GET(self, png_get_sCAL_s(self->png, self->info, &unit, &width, &height));
  scale->unit = (uint8_t)unit;
  scale->width = or_empty(width);
  scale->height = or_empty(height);
  return GAUNTLET_PNG_OK;
}

int gauntlet_png_set_sCAL(struct gauntlet_png* self, const struct gauntlet_png_scale* scale) {
  SET(self, "set_sCAL", png_set_sCAL_s(self->png, self->info, scale->unit, scale->width, scale->height));
}

/* ---- bytes that libpng does not look into ---- */

int gauntlet_png_get_eXIf(struct gauntlet_png* self, struct gauntlet_png_bytes* exif) {
  png_bytep data = NULL;
  png_uint_32 size = 0;
  GET(self, png_get_eXIf_1(self->png, self->info, &size, &data));
  exif->data = data;
  exif->size = size;
  return GAUNTLET_PNG_OK;
}

/* SAFETY: see without_const. */
static png_bytep bytes_without_const(const unsigned char* data) {
  const union {
    const unsigned char* in;
    png_bytep out;
  } pointer = {data};
  return pointer.out;
}

int gauntlet_png_set_eXIf(struct gauntlet_png* self, const struct gauntlet_png_bytes* exif) {
  if ((self->written & PNG_INFO_eXIf) != 0)
    return fail(self, GAUNTLET_PNG_USAGE, "a file has one eXIf, and this has one already");
  SET_EVEN_LATE(self, "set_eXIf",
                png_set_eXIf_1(self->png, self->info, exif->size, bytes_without_const(exif->data)));
}

int gauntlet_png_get_unknown_chunk_count(struct gauntlet_png* self, size_t* count) {
  png_unknown_chunkp chunks = NULL;
  *count = 0;
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  GUARD(self, { *count = (size_t)png_get_unknown_chunks(self->png, self->info, &chunks); });
  return status_of(self);
}

int gauntlet_png_get_unknown_chunk(struct gauntlet_png* self, size_t index,
                                   struct gauntlet_png_unknown_chunk* chunk) {
  png_unknown_chunkp chunks = NULL;
  volatile size_t count = 0;
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  GUARD(self, { count = (size_t)png_get_unknown_chunks(self->png, self->info, &chunks); });
  if (status_of(self) != GAUNTLET_PNG_OK) return GAUNTLET_PNG_ERROR;
  if (index >= count) return GAUNTLET_PNG_ABSENT;
  memcpy(chunk->name, chunks[index].name, sizeof chunk->name);
  chunk->size = (uint32_t)chunks[index].size;
  chunk->data = chunks[index].data;
  chunk->location = chunks[index].location;
  return GAUNTLET_PNG_OK;
}

static const char* objection_to_unknown(const struct gauntlet_png* self,
                                        const struct gauntlet_png_unknown_chunk* chunk) {
  const int location = chunk->location;
  if (!is_chunk_name(chunk->name)) return "a chunk's name is four letters, the third a capital";
  if (is_structure(chunk->name)) return "IHDR, PLTE, IDAT and IEND are written by libpng";
  if (chunk->size > PNG_UINT_31_MAX) return "a chunk has at most 2 GiB";
  if (location != GAUNTLET_PNG_BEFORE_PLTE && location != GAUNTLET_PNG_BEFORE_IDAT &&
      location != GAUNTLET_PNG_AFTER_IDAT)
    return "a chunk stands before PLTE, before IDAT or after IDAT";
  if (self->stage == WRITE_ROWS && location != GAUNTLET_PNG_AFTER_IDAT)
    return "what stands before the image is written already";
  return NULL;
}

/* Kept always: else libpng writes only what is marked as safe to copy, and says nothing of the rest. */
int gauntlet_png_set_unknown_chunk(struct gauntlet_png* self,
                                   const struct gauntlet_png_unknown_chunk* chunk) {
  const char* const objection = objection_to_unknown(self, chunk);
  png_unknown_chunk one;
  if (objection != NULL) return fail(self, GAUNTLET_PNG_USAGE, objection);
  memset(&one, 0, sizeof one);
  memcpy(one.name, chunk->name, 4);
  one.data = bytes_without_const(chunk->data);
  one.size = chunk->size;
  one.location = chunk->location;
  SET_EVEN_LATE(self, "set_unknown_chunk",
                png_set_keep_unknown_chunks(self->png, PNG_HANDLE_CHUNK_ALWAYS, NULL, 0);
                png_set_unknown_chunks(self->png, self->info, &one, 1));
}
