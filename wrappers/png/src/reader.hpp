#pragma once
/// The pinned block behind decoder, row_reader and pass_reader: libpng's reader and the source it pulls from.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gauntlet/png/decoder.hpp"
#include "input.hpp"

namespace gauntlet::png::detail {

class reader final : public input {
 public:
  reader(std::unique_ptr<any_source> source, const decoder_options& options, std::source_location where);

  int passes() const noexcept { return passes_; }

  void start(const transforms& transforms, std::source_location where);

  // rows, in order
  std::optional<std::span<const std::byte>> next_row(std::source_location where);
  bool next_row_into(std::span<std::byte> row, std::source_location where);
  void all_rows_into(std::span<std::byte> pixels, std::ptrdiff_t stride, std::source_location where);
  image read_image(format format, std::source_location where);

  // passes, in order
  void start_passes(display display, std::source_location where);
  std::optional<int> next_pass(std::source_location where);
  const image& picture() const noexcept { return *whole_; }

  bool found_color(std::source_location where);
  std::optional<std::uint8_t> highest_index(std::source_location where);

 private:
  static std::ptrdiff_t on_read(void* self, unsigned char* out, std::size_t size) noexcept;
  std::size_t pull(std::span<std::byte> out);

  void read_row(std::span<std::byte> row, std::source_location where);
  void read_pass(image& whole, std::source_location where);
  void read_row_in_blocks(std::span<std::byte> row, std::source_location where);
  void read_end(std::source_location where);
  void read_whole(std::source_location where);
  bool at_end(std::source_location where);

  std::unique_ptr<any_source> source_;
  [[no_unique_address]] lend file_;  // what libpng reads where it lies, until the end was read
  const char* kind_ = "png::row_reader";
  int passes_ = 1;
  int passes_read_ = 0;
  display display_ = display::sparkle;
  std::uint32_t rows_given_ = 0;
  bool ended_ = false;
  std::vector<std::byte> row_;
  std::optional<image> whole_;  // interlaced: the rows are complete only after the last pass
};

}  // namespace gauntlet::png::detail
