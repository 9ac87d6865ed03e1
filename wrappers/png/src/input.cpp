#include "input.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "failure.hpp"
#include "gauntlet/png/error.hpp"
#include "read_metadata.hpp"
#include "set_transforms.hpp"
#include "trampolines.hpp"

namespace gauntlet::png::detail {
namespace {

color_type color_of(std::uint8_t number, std::string_view subject, std::source_location where) {
  switch (number) {
    case GAUNTLET_PNG_COLOR_GRAY:
    case GAUNTLET_PNG_COLOR_RGB:
    case GAUNTLET_PNG_COLOR_PALETTE:
    case GAUNTLET_PNG_COLOR_GRAY_ALPHA:
    case GAUNTLET_PNG_COLOR_RGBA:
      return static_cast<color_type>(number);
    default:
      throw error(errc::corrupted, "read header", subject, "unknown color type " + std::to_string(number),
                  where);
  }
}

header to_header(const gauntlet_png_header& raw, std::string_view subject, std::source_location where) {
  if (raw.row_bytes > std::numeric_limits<std::size_t>::max())
    throw error(errc::limit_exceeded, "read header", subject, "a row is larger than memory can be", where);
  return {.width = raw.width,
          .height = raw.height,
          .bit_depth = raw.bit_depth,
          .color = color_of(raw.color_type, subject, where),
          .interlaced = raw.interlaced != 0,
          .channels = raw.channels,
          .row_bytes = static_cast<std::size_t>(raw.row_bytes)};
}

// SAFETY (all trampolines): the shim hands back the pointer that create() gave it; the input is pinned and
// outlives the handle.
input& of(void* self) { return *static_cast<input*>(self); }

}  // namespace

// ---- set-up ----

void input::create(create_function make, gauntlet_png_callbacks callbacks, std::source_location where) {
  const gauntlet_png_limits raw = to_raw(options_.limits, "png::decoder", where);
  callbacks.user = this;
  callbacks.warning = on_warning;
  callbacks.transform = on_transform;
  if (options_.on_unknown_chunk) callbacks.chunk = on_chunk;
  if (options_.memory != nullptr) {
    callbacks.allocate = on_allocate;
    callbacks.release = on_release;
  }
  handle_ = handle(make(&callbacks, &raw));
  if (!handle_)
    throw error(std::make_error_code(std::errc::not_enough_memory), "create reader", subject_, "", where);
  set_policy(where);
}

/// Only what differs from libpng's default is said: each call costs, and most files are small.
void input::set_policy(std::source_location where) {
  const char* const operation = "set policy";
  const decoder_options& o = options_;
  if (o.critical_crc != crc_action::standard || o.ancillary_crc != crc_action::standard)
    check(gauntlet_png_set_crc_action(get(), static_cast<int>(o.critical_crc),
                                      static_cast<int>(o.ancillary_crc)),
          operation, where);
  if (!o.benign_errors_are_warnings) check(gauntlet_png_set_benign_errors(get(), 0), operation, where);
  if (!o.check_for_invalid_index) check(gauntlet_png_set_check_for_invalid_index(get(), 0), operation, where);
  if (o.signature_bytes != 0) check(gauntlet_png_set_sig_bytes(get(), o.signature_bytes), operation, where);
  if (o.buffer_size != 0)
    check(gauntlet_png_set_compression_buffer_size(get(), o.buffer_size), operation, where);
  set_unknown_chunks(where);
  set_options_of_zlib(where);
}

void input::set_unknown_chunks(std::source_location where) {
  const auto keep = [&](keep_chunks how, const char* name) {
    check(gauntlet_png_set_keep_unknown_chunks(get(), static_cast<int>(how), name), "set unknown chunks",
          where);
  };
  if (options_.unknown_chunks != keep_chunks::none) keep(options_.unknown_chunks, nullptr);
  for (const chunk_policy& chunk : options_.chunks) {
    if (chunk.name.size() != 4)
      throw misuse("png::decoder", "a chunk's name has four letters: '" + chunk.name + "'", where);
    keep(chunk.keep, chunk.name.c_str());
  }
}

void input::set_options_of_zlib(std::source_location where) {
  const auto set = [&](bool wanted, int option) {
    if (wanted) check(gauntlet_png_set_option(get(), option, 1), "set option", where);
  };
  set(options_.ignore_adler32, GAUNTLET_PNG_IGNORE_ADLER32);
  set(options_.maximum_inflate_window, GAUNTLET_PNG_MAXIMUM_INFLATE_WINDOW);
  set(options_.skip_srgb_profile_check, GAUNTLET_PNG_SKIP_SRGB_CHECK_PROFILE);
  std::uint32_t granted = 0;
  if (options_.allow_mng_features)
    check(gauntlet_png_permit_mng_features(get(), all_mng_features, &granted), "permit MNG features", where);
}

// ---- between C and C++ ----

int input::on_warning(void* self, const gauntlet_png_warning* found) noexcept {
  input& me = of(self);
  return me.boundary_.run([&] { keep_warning(me.warnings_, *found); }) ? 0 : -1;
}

int input::on_chunk(void* self, const gauntlet_png_unknown_chunk* found) noexcept {
  input& me = of(self);
  bool handled = false;
  const bool ok = me.boundary_.run([&] { handled = me.options_.on_unknown_chunk(to_unknown_chunk(*found)); });
  if (!ok) return -1;
  return handled ? 1 : 0;
}

int input::on_transform(void* self, const gauntlet_png_row_info* info, unsigned char* row) noexcept {
  input& me = of(self);
  const user_code here(me.lent_);
  return me.boundary_.run([&] { run_user_transform(*me.user_transform_, *info, row); }) ? 0 : -1;
}

void* input::on_allocate(void* self, std::size_t size) noexcept {
  input& me = of(self);
  const user_code here(me.lent_);
  return allocate_from(*me.options_.memory, size, me.boundary_);
}

void input::on_release(void* self, void* memory, std::size_t size) noexcept {
  input& me = of(self);
  const user_code here(me.lent_);
  me.options_.memory->deallocate(memory, size);
}

// ---- failures ----

void input::raise(const char* operation, std::source_location where) {
  failed_ = true;
  boundary_.rethrow();
  throw_failure(*gauntlet_png_get_failure(get()), errc::corrupted, operation, subject_, where);
}

void input::require_intact(const char* operation, std::source_location where) const {
  if (failed_) throw misuse(operation, "this decoder has failed before; make a new one to read again", where);
}

void input::check_stop(std::source_location where) {
  if (!options_.stop.stop_requested()) return;
  failed_ = true;
  throw_stopped("read rows", subject_, where);
}

// ---- header, colours and metadata ----

void input::header_was_read(std::source_location where) {
  gauntlet_png_header raw{};
  check(gauntlet_png_get_IHDR(get(), &raw), "read header", where);
  header_ = to_header(raw, subject_, where);
}

/// What was read just now came without a status.
void input::check_getters(const char* operation, std::source_location where) {
  std::uint32_t unused = 0;
  check(gauntlet_png_get_valid(get(), &unused), operation, where);
}

const color_table& input::colors(std::source_location where) {
  if (!colors_) {
    require_intact("png colors()", where);
    colors_ = read_colors(get(), header_.color);
    check_getters("read colors", where);
  }
  return *colors_;
}

const metadata& input::metadata(std::source_location where) {
  if (!metadata_) {
    require_intact("png metadata()", where);
    metadata_ = read_metadata(get());
    check_getters("read metadata", where);
  }
  return *metadata_;
}

// ---- rows ----

int input::start(const transforms& transforms, std::source_location where) {
  require_intact("png start()", where);
  const png::header file = header_;
  user_transform_ = transforms.user;
  has_transforms_ = is_any(transforms);
  require_transforms(transforms, where);
  const std::optional<color_table> quantized = set_transforms(get(), transforms);
  int passes = 1;
  check(gauntlet_png_start_read_image(get(), &passes), "start reading rows", where);
  header_was_read(where);
  if (quantized)
    colors_ = quantized;
  else if (moves_colors_into_rows(transforms, file, header_))
    colors_ = color_table{};
  else
    colors_.reset();  // gamma may have changed them
  return passes;
}

// ---- the raw library ----

native_handles input::native() const noexcept {
  return {.png = gauntlet_png_native_struct(get()), .info = gauntlet_png_native_info(get())};
}

void input::protect(raw_call call, void* user, std::source_location where) {
  require_intact("png protect()", where);
  check(gauntlet_png_protect(get(), call, user), "protected call", where);
  colors_.reset();
  metadata_.reset();
}

}  // namespace gauntlet::png::detail
