#pragma once
// What the tests of the push decoder share: a file read to its end, pulled or pushed, as values to compare.

#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "support.hpp"

namespace gauntlet::png::test {

// All that came out of a file until its end, or until code.
struct reading {
  std::error_code code{};
  std::string message{};
  header file{};
  color_table file_colors{};
  header rows{};
  color_table row_colors{};
  bytes pixels{};  // the last that was told of each row
  png::metadata metadata{};
  std::vector<warning> warnings{};
  std::uint64_t bytes_read = 0;
  std::string events{};  // h, r for each row, e
  bytes told{};          // every row that was told, one after the other
};

// Answers the size of the next slice.
using slices = std::function<std::size_t()>;
slices whole();
slices bytewise();
slices random_slices(unsigned seed, std::size_t most);

reading pull_file(const bytes& file, const transforms& transforms = {}, const decoder_options& options = {});
reading push_file(const bytes& file, const slices& sizes = bytewise(), const transforms& transforms = {},
                  const decoder_options& options = {});
// By next(), all events that there are after each slice.
reading ask_file(const bytes& file, const slices& sizes = bytewise(), const transforms& transforms = {},
                 const decoder_options& options = {});

// Takes what is told down; the parts of push_file, for tests that feed otherwise.
class listener {
 public:
  explicit listener(transforms transforms = {}) : transforms_(std::move(transforms)) {}
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  push_callbacks callbacks();
  transforms header(const push_decoder& push);
  void row(const row_event& row);
  void end(const push_decoder& push);
  reading& heard() { return heard_; }

 private:
  transforms transforms_;
  reading heard_;
};

void feed_in_slices(push_decoder& push, std::span<const std::byte> file, const slices& sizes);

// The events of a pull reader's file, in all; each comes once.
void check_same(const reading& pushed, const reading& pulled);

bytes cut(const bytes& file, std::size_t length);
// 5x4 pixels, with texts before and behind the image.
bytes small_file(pixel_format format, bool interlaced);

}  // namespace gauntlet::png::test
