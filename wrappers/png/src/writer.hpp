#pragma once
/// The pinned block behind encoder and encode(): libpng's writer and the sink it writes to.

#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gauntlet/callback_boundary.hpp"
#include "gauntlet/lend.hpp"
#include "gauntlet/png/encoder.hpp"
#include "gauntlet/shim/png.h"
#include "gauntlet/unique_handle.hpp"

namespace gauntlet::png::detail {

class writer {
 public:
  /// flags: transforms that the format of the rows needs, beside those of options.
  writer(any_sink& sink, const png::header& header, const encode_options& options, const color_table* colors,
         transform flags, std::source_location where);
  writer(const writer&) = delete;  // libpng holds its address
  writer& operator=(const writer&) = delete;

  int passes() const noexcept { return passes_; }
  std::size_t row_bytes() const noexcept { return row_bytes_; }
  std::span<const warning> warnings() const noexcept { return warnings_; }

  void write_row(std::span<const std::byte> row, std::source_location where);
  void write_chunk(std::string_view name, std::span<const std::byte> data, std::source_location where);
  void flush(std::source_location where);
  void finish(const metadata& behind, std::source_location where);

  native_handles native() const noexcept;
  void protect(raw_call call, void* user, std::source_location where);

 private:
  using handle = unique_handle<gauntlet_png_create_writer, gauntlet_png_destroy>;

  static int on_write(void* self, const unsigned char* data, std::size_t size) noexcept;
  static int on_flush(void* self) noexcept;
  static int on_warning(void* self, const gauntlet_png_warning* found) noexcept;
  static int on_transform(void* self, const gauntlet_png_row_info* info, unsigned char* row) noexcept;
  static void* on_allocate(void* self, std::size_t size) noexcept;
  static void on_release(void* self, void* memory, std::size_t size) noexcept;

  gauntlet_png* get() const noexcept { return handle_.get(); }
  handle create(const limits& limits, std::source_location where);
  void check(int status, const char* operation, std::source_location where);
  void require_intact(const char* operation, std::source_location where) const;
  void set_policy(const encode_options& options, std::source_location where);
  void set_compression(const encode_options& options, std::source_location where);
  void write_header(const png::header& header, const encode_options& options, const color_table* colors,
                    transform flags, std::source_location where);

  any_sink& sink_;
  std::string subject_;
  std::source_location where_;
  callback_boundary boundary_;
  std::vector<warning> warnings_;
  bool warnings_are_errors_;
  stop_token stop_;
  std::pmr::memory_resource* memory_;
  std::optional<user_transform> user_transform_;
  borrower row_borrower_;
  int passes_ = 1;
  std::size_t row_bytes_ = 0;
  bool failed_ = false;
  bool finished_ = false;
  handle handle_;  // ends first: it gives memory back through on_release
};

}  // namespace gauntlet::png::detail
