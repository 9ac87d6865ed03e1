#pragma once
// What the tests of animations share: APNG files built by hand, and a composition that owes nothing to ours.

#include <cstdint>
#include <vector>

#include "support.hpp"

namespace gauntlet::png::test {

bytes actl(std::uint32_t frames, std::uint32_t plays = 0);

// fcTL's fields as they stand in the file, so that they can be wrong.
struct fctl_fields {
  std::uint32_t sequence = 0;
  std::uint32_t width = 2;
  std::uint32_t height = 2;
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint16_t delay_numerator = 1;
  std::uint16_t delay_denominator = 10;
  std::uint8_t dispose = 0;
  std::uint8_t blend = 0;
};
bytes fctl_data(const fctl_fields& fields);
bytes fctl(const fctl_fields& fields);

// rows with their filter bytes; cut into that many chunks, numbered from `sequence`.
bytes fdat(std::uint32_t sequence, const bytes& rows, std::uint32_t chunks = 1);

// Rows of 2x2 pixels of 8-bit gray, as in tiny_file(): all four the same.
bytes gray_rows(std::uint8_t sample);

// Signature, IHDR of 2x2 gray, these chunks, IEND.
bytes gray_file(std::initializer_list<bytes> chunks);
// Two frames, the first of which is the default image, of 10 and of 20.
bytes two_frames();
// The same with a default image of 99 that is no frame.
bytes two_frames_behind_default();

// The file with the type's n-th chunk changed, taken out, or with something before it.
bytes with_data(const bytes& file, std::string_view type, int n, const bytes& data);
bytes without(const bytes& file, std::string_view type, int n = 0);
bytes with_before(const bytes& file, std::string_view type, int n, const bytes& chunks);
bytes data_of(const bytes& file, std::string_view type, int n = 0);

std::vector<image> canvases_of(animation_decoder decoder);

// ---- the reference: a few pixels in floating point, straight from the words of the specification

struct reference_frame {
  image pixels;  // rgba8
  frame_control control;
};
std::vector<bytes> reference_canvases(std::uint32_t width, std::uint32_t height,
                                      const std::vector<reference_frame>& frames);

}  // namespace gauntlet::png::test
