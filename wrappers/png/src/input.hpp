#pragma once
/// What pulling and pushing share: libpng's reader, set up as the options say, and what was learnt so far.

#include <cstdint>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <vector>

#include "gauntlet/callback_boundary.hpp"
#include "gauntlet/lend.hpp"
#include "gauntlet/png/image.hpp"
#include "gauntlet/png/native.hpp"
#include "gauntlet/png/options.hpp"
#include "gauntlet/png/transform.hpp"
#include "gauntlet/png/warning.hpp"
#include "gauntlet/shim/png.h"
#include "gauntlet/unique_handle.hpp"

namespace gauntlet::png::detail {

/// A row that libpng is lent for the time of one call. Tools see libpng's own accesses, too: they are told
/// only while code of the user's runs in the middle of it (user_code).
class row_lend {
 public:
  row_lend(lend& kept, const char* operation, std::span<std::byte> row, const std::source_location& where)
      : kept_(kept) {
    kept_ = lend(operation, where);
    kept_.for_writing(row);
    kept_.pause();
  }
  row_lend(const row_lend&) = delete;
  row_lend& operator=(const row_lend&) = delete;
  ~row_lend() { kept_ = {}; }

 private:
  lend& kept_;
};

class user_code {
 public:
  explicit user_code(lend& lent) noexcept : lent_(lent) { lent_.resume(); }
  user_code(const user_code&) = delete;
  user_code& operator=(const user_code&) = delete;
  ~user_code() { lent_.pause(); }

 private:
  lend& lent_;
};

/// A pinned block: libpng holds its address.
class input {
 public:
  input(const input&) = delete;
  input& operator=(const input&) = delete;

  const png::header& header() const noexcept { return header_; }
  const color_table& colors(std::source_location where);
  const png::metadata& metadata(std::source_location where);
  std::span<const warning> warnings() const noexcept { return warnings_; }
  std::uint64_t bytes_read() const noexcept { return gauntlet_png_get_offset(get()); }
  std::uint64_t memory_in_use() const noexcept { return gauntlet_png_memory_in_use(get()); }

  native_handles native() const noexcept;
  void protect(raw_call call, void* user, std::source_location where);

 protected:
  using create_function = gauntlet_png* (*)(const gauntlet_png_callbacks*, const gauntlet_png_limits*);

  input(decoder_options options, std::string subject)
      : options_(std::move(options)), subject_(std::move(subject)) {}
  ~input() = default;

  /// callbacks: those of the derived class; the rest is added here.
  void create(create_function make, gauntlet_png_callbacks callbacks, std::source_location where);
  gauntlet_png* get() const noexcept { return handle_.get(); }
  const std::string& subject() const noexcept { return subject_; }
  callback_boundary& boundary() noexcept { return boundary_; }
  /// The row that the call was given which libpng is in.
  lend& lent() noexcept { return lent_; }

  /// Throws what went wrong if status says so.
  void check(int status, const char* operation, std::source_location where) {
    if (status == GAUNTLET_PNG_ERROR) [[unlikely]]
      raise(operation, where);
  }
  [[noreturn]] void raise(const char* operation, std::source_location where);
  /// After a failure libpng's structs are half-way: nothing may go on.
  void require_intact(const char* operation, std::source_location where) const;
  bool can_be_stopped() const noexcept { return options_.stop.stop_possible(); }
  void check_stop(std::source_location where);

  bool has_transforms() const noexcept { return has_transforms_; }
  void header_was_read(std::source_location where);
  /// Applies transforms and fixes them; answers the number of passes.
  int start(const transforms& transforms, std::source_location where);
  void end_was_read() noexcept { metadata_.reset(); }

 private:
  using handle = unique_handle<gauntlet_png_create_reader, gauntlet_png_destroy>;

  static int on_warning(void* self, const gauntlet_png_warning* found) noexcept;
  static int on_chunk(void* self, const gauntlet_png_unknown_chunk* found) noexcept;
  static int on_transform(void* self, const gauntlet_png_row_info* info, unsigned char* row) noexcept;
  static void* on_allocate(void* self, std::size_t size) noexcept;
  static void on_release(void* self, void* memory, std::size_t size) noexcept;

  void check_getters(const char* operation, std::source_location where);
  void set_policy(std::source_location where);
  void set_unknown_chunks(std::source_location where);
  void set_options_of_zlib(std::source_location where);

  decoder_options options_;
  std::string subject_;
  callback_boundary boundary_;
  [[no_unique_address]] lend lent_;
  std::vector<warning> warnings_;
  std::optional<user_transform> user_transform_;
  png::header header_;
  std::optional<color_table> colors_;      // once asked for
  std::optional<png::metadata> metadata_;  // once asked for
  bool has_transforms_ = false;
  bool failed_ = false;
  handle handle_;  // ends first: it gives memory back through on_release
};

}  // namespace gauntlet::png::detail
