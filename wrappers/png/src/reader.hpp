#pragma once
/// The pinned block behind decoder and row_reader: libpng's reader, the source it pulls from, and what was
/// learnt so far.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gauntlet/callback_boundary.hpp"
#include "gauntlet/png/decoder.hpp"
#include "gauntlet/shim/png.h"
#include "gauntlet/unique_handle.hpp"

namespace gauntlet::png::detail {

class reader {
 public:
  reader(std::unique_ptr<any_source> source, const limits& limits, std::source_location where);
  reader(const reader&) = delete;  // libpng holds its address
  reader& operator=(const reader&) = delete;

  const png::header& header() const noexcept { return header_; }
  const color_table& colors() const noexcept { return colors_; }
  const png::metadata& metadata() const noexcept { return metadata_; }
  std::span<const warning> warnings() const noexcept { return warnings_; }

  void start(transform transforms, std::source_location where);
  std::optional<std::span<const std::byte>> next_row(std::source_location where);
  image read_image(std::source_location where);

 private:
  using handle = unique_handle<gauntlet_png_create_reader, gauntlet_png_destroy>;

  static std::ptrdiff_t on_read(void* self, unsigned char* out, std::size_t size) noexcept;
  static int on_warning(void* self, const gauntlet_png_warning* found) noexcept;

  handle create(const limits& limits, std::source_location where);
  /// Throws what went wrong if status says so.
  void check(int status, const char* operation, std::source_location where);
  /// After a failure libpng's structs are half-way: nothing may go on.
  void require_intact(const char* operation, std::source_location where) const;
  void read_header(std::source_location where);
  void read_colors(std::source_location where);
  void read_metadata(std::source_location where);
  void read_row(std::span<std::byte> row, std::source_location where);
  void read_end(std::source_location where);
  std::span<const std::byte> next_of_whole(std::source_location where);

  std::unique_ptr<any_source> source_;
  std::string subject_;
  callback_boundary boundary_;
  std::vector<warning> warnings_;
  handle handle_;
  png::header header_;
  color_table colors_;
  png::metadata metadata_;
  int passes_ = 1;
  std::uint32_t rows_given_ = 0;
  bool ended_ = false;
  bool failed_ = false;
  std::vector<std::byte> row_;
  std::optional<image> whole_;  // interlaced: the rows are complete only after the last pass
};

}  // namespace gauntlet::png::detail
