#include "writer.hpp"

#include <limits>
#include <string>

#include "failure.hpp"
#include "set_transforms.hpp"
#include "trampolines.hpp"
#include "write_metadata.hpp"

namespace gauntlet::png::detail {
namespace {

// SAFETY (all trampolines): the shim hands back the pointer that create() gave it; the writer is pinned and
// outlives the handle.
writer& of(void* self) { return *static_cast<writer*>(self); }

/// SAFETY: unsigned char may alias std::byte.
const unsigned char* raw_bytes(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

gauntlet_png_compression to_raw(int level, const compression& from) {
  return {.level = level,
          .mem_level = from.mem_level,
          .strategy = static_cast<int>(from.strategy),
          .window_bits = from.window_bits};
}

bool is_default(int level, const compression& c) {
  return level == -1 && c.mem_level == 8 && c.strategy == strategy::automatic && c.window_bits == 15;
}

}  // namespace

writer::writer(any_sink& sink, const png::header& header, const encode_options& options,
               const color_table* colors, transform flags, std::source_location where)
    : sink_(sink),
      subject_(sink.name()),
      where_(where),
      warnings_are_errors_(options.warnings_are_errors),
      stop_(options.stop),
      memory_(options.memory),
      user_transform_(options.transforms.user),
      // A filler need hold nothing, so it must not be asked whether all of a row does.
      row_borrower_(options.transforms.filler ? borrower::thread : borrower::unseen),
      handle_(create(options.limits, where)) {
  set_policy(options, where);
  write_header(header, options, colors, flags, where);
}

writer::handle writer::create(const limits& limits, std::source_location where) {
  const gauntlet_png_limits raw = detail::to_raw(limits, "png::encode", where);
  gauntlet_png_callbacks callbacks{};
  callbacks.user = this;
  callbacks.write = on_write;
  callbacks.flush = on_flush;
  callbacks.warning = on_warning;
  callbacks.transform = on_transform;
  if (memory_ != nullptr) {
    callbacks.allocate = on_allocate;
    callbacks.release = on_release;
  }
  handle made = handle::init(&callbacks, &raw);
  if (!made)
    throw error(std::make_error_code(std::errc::not_enough_memory), "create writer", subject_, "", where);
  return made;
}

// ---- between C and C++ ----

int writer::on_write(void* self, const unsigned char* data, std::size_t size) noexcept {
  writer& me = of(self);
  return me.boundary_.run([&] { me.sink_.write(std::as_bytes(std::span(data, size))); }) ? 0 : -1;
}

int writer::on_flush(void* self) noexcept {
  writer& me = of(self);
  return me.boundary_.run([&] { me.sink_.flush(); }) ? 0 : -1;
}

int writer::on_warning(void* self, const gauntlet_png_warning* found) noexcept {
  writer& me = of(self);
  const bool kept = me.boundary_.run([&] {
    if (me.warnings_are_errors_)
      throw error(errc::invalid_image, "write", me.subject_, found->message, me.where_);
    keep_warning(me.warnings_, *found);
  });
  return kept ? 0 : -1;
}

int writer::on_transform(void* self, const gauntlet_png_row_info* info, unsigned char* row) noexcept {
  writer& me = of(self);
  return me.boundary_.run([&] { run_user_transform(*me.user_transform_, *info, row); }) ? 0 : -1;
}

void* writer::on_allocate(void* self, std::size_t size) noexcept {
  return allocate_from(*of(self).memory_, size, of(self).boundary_);
}

void writer::on_release(void* self, void* memory, std::size_t size) noexcept {
  of(self).memory_->deallocate(memory, size);
}

void writer::check(int status, const char* operation, std::source_location where) {
  if (status != GAUNTLET_PNG_ERROR) return;
  failed_ = true;
  boundary_.rethrow();
  throw_failure(*gauntlet_png_get_failure(get()), errc::invalid_image, operation, subject_, where);
}

void writer::require_intact(const char* operation, std::source_location where) const {
  if (failed_)
    throw misuse(operation, "this encoder has failed before; make a new one to write again", where);
  if (finished_) throw misuse(operation, "this encoder has written the end; make a new one", where);
}

// ---- before the image ----

/// Only what differs from libpng's default is said: each call costs, and most files are small.
void writer::set_policy(const encode_options& options, std::source_location where) {
  const char* const operation = "set policy";
  std::uint32_t granted = 0;
  if (options.benign_errors_are_warnings) check(gauntlet_png_set_benign_errors(get(), 1), operation, where);
  if (options.allow_mng_features)
    check(gauntlet_png_permit_mng_features(get(), all_mng_features, &granted), operation, where);
  if (options.signature_bytes != 0)
    check(gauntlet_png_set_sig_bytes(get(), options.signature_bytes), operation, where);
  if (options.buffer_size != 0)
    check(gauntlet_png_set_compression_buffer_size(get(), options.buffer_size), operation, where);
  set_compression(options, where);
}

void writer::set_compression(const encode_options& options, std::source_location where) {
  const gauntlet_png_compression image = to_raw(options.level, options.compression);
  const gauntlet_png_compression text = to_raw(options.text_level, options.text_compression);
  if (!is_default(options.level, options.compression))
    check(gauntlet_png_set_compression(get(), &image), "set compression", where);
  if (!is_default(options.text_level, options.text_compression))
    check(gauntlet_png_set_text_compression(get(), &text), "set compression", where);
}

void writer::write_header(const png::header& header, const encode_options& options, const color_table* colors,
                          transform flags, std::source_location where) {
  const gauntlet_png_header raw{.width = header.width,
                                .height = header.height,
                                .bit_depth = header.bit_depth,
                                .color_type = static_cast<std::uint8_t>(header.color),
                                .interlaced = options.interlaced,
                                .channels = header.channels,
                                .row_bytes = header.row_bytes};
  write_transforms transforms = options.transforms;
  transforms.flags = transforms.flags | flags;
  check(gauntlet_png_set_IHDR(get(), &raw), "write header", where);
  if (options.filters != filters::automatic)
    check(gauntlet_png_set_filter(get(), static_cast<int>(options.filters)), "set filters", where);
  if (options.flush_rows != 0)
    check(gauntlet_png_set_flush(get(), static_cast<int>(options.flush_rows & 0x7FFFFFFFU)), "set flush",
          where);
  if (colors != nullptr) write_colors(get(), header.color, *colors);
  write_metadata(get(), options.metadata);
  set_transforms_before_info(get(), transforms);
  check(gauntlet_png_write_info(get()), "write header", where);
  set_transforms(get(), transforms);
  check(gauntlet_png_start_write_image(get(), &passes_, &row_bytes_), "start writing rows", where);
}

// ---- the image and what follows ----

void writer::write_row(std::span<const std::byte> row, std::source_location where) {
  require_intact("png::encoder::write_row", where);
  if (stop_.stop_requested()) {
    failed_ = true;
    throw_stopped("write rows", subject_, where);
  }
  lend lent("png::encoder::write_row", where, row_borrower_);
  lent.for_reading(row);
  check(gauntlet_png_write_row(get(), raw_bytes(row), row.size()), "write rows", where);
}

void writer::write_chunk(std::string_view name, std::span<const std::byte> data, std::source_location where) {
  require_intact("png::encoder::write_chunk", where);
  const std::string terminated(name);
  if (name.size() != 4)
    throw misuse("png::encoder::write_chunk", "a chunk's name has four letters: '" + terminated + "'", where);
  lend lent("png::encoder::write_chunk", where);
  lent.for_reading(data);
  check(gauntlet_png_write_chunk(get(), terminated.c_str(), raw_bytes(data), data.size()), "write chunk",
        where);
}

void writer::flush(std::source_location where) {
  require_intact("png::encoder::flush", where);
  check(gauntlet_png_write_flush(get()), "flush", where);
}

void writer::finish(const metadata& behind, std::source_location where) {
  require_intact("png::encoder::finish", where);
  write_metadata_behind(get(), behind);
  check(gauntlet_png_write_end(get()), "write end", where);
  finished_ = true;
}

// ---- the raw library ----

native_handles writer::native() const noexcept {
  return {.png = gauntlet_png_native_struct(get()), .info = gauntlet_png_native_info(get())};
}

void writer::protect(raw_call call, void* user, std::source_location where) {
  require_intact("png::encoder::protect", where);
  check(gauntlet_png_protect(get(), call, user), "protected call", where);
}

}  // namespace gauntlet::png::detail
