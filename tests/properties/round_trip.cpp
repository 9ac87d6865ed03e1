#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

#include "property.hpp"
#include "support.hpp"

namespace gauntlet::png::test {
namespace {

// A picture and how it is to be written. The pattern is repeated over all of its memory, padding and unused
// bits included.
struct drawing {
  pixel_format format{};
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  std::size_t padding = 0;  // bytes between one row and the next
  bool interlaced = false;
  int level = -1;
  std::vector<std::uint8_t> pattern{};
};

std::ostream& operator<<(std::ostream& out, const drawing& drawing) {
  out << name_of(drawing.format) << ", " << drawing.width << " x " << drawing.height << ", padding "
      << drawing.padding << (drawing.interlaced ? ", interlaced" : "") << ", level " << drawing.level
      << ", pattern ";
  rc::show(drawing.pattern, out);
  return out;
}

rc::Gen<drawing> drawings() {
  const std::vector<pixel_format> formats(all_formats.begin(), all_formats.end());
  return rc::gen::build<drawing>(rc::gen::set(&drawing::format, rc::gen::elementOf(formats)),
                                 rc::gen::set(&drawing::width, rc::gen::inRange<std::uint32_t>(1, 41)),
                                 rc::gen::set(&drawing::height, rc::gen::inRange<std::uint32_t>(1, 21)),
                                 rc::gen::set(&drawing::padding, rc::gen::inRange<std::size_t>(0, 17)),
                                 rc::gen::set(&drawing::interlaced),
                                 rc::gen::set(&drawing::level, rc::gen::inRange(-1, 10)),
                                 rc::gen::set(&drawing::pattern));
}

bytes memory_of(const drawing& drawing, std::size_t stride) {
  bytes memory(stride * drawing.height);
  if (drawing.pattern.empty()) return memory;
  for (std::size_t at = 0; at < memory.size(); ++at)
    memory[at] = std::byte{drawing.pattern[at % drawing.pattern.size()]};
  return memory;
}

// What a decoder must give back: the rows without what stands between them, and unused bits as 0.
bytes rows_of(const bytes& memory, const header& rows, std::size_t stride) {
  bytes expected;
  const std::size_t used_bits = std::size_t{rows.width} * rows.channels * rows.bit_depth % 8;
  for (std::size_t y = 0; y < rows.height; ++y) {
    const auto row = std::span(memory).subspan(y * stride, rows.row_bytes);
    expected.insert(expected.end(), row.begin(), row.end());
    if (used_bits != 0) expected.back() &= static_cast<std::byte>(0xFF00U >> used_bits & 0xFFU);
  }
  return expected;
}

TEST_CASE("what is encoded is decoded again, in every format and layout") {
  gauntlet::test::check_property([] {
    const drawing drawing = *drawings();
    header rows = header_of(drawing.width, drawing.height, drawing.format.color, drawing.format.bit_depth);
    const std::size_t stride = rows.row_bytes + drawing.padding;
    const bytes memory = memory_of(drawing, stride);
    const color_table colors = make_picture(drawing.format, 1, 1).colors();
    const image_view view{.width = drawing.width,
                          .height = drawing.height,
                          .color = drawing.format.color,
                          .bit_depth = drawing.format.bit_depth,
                          .pixels = memory,
                          .stride = static_cast<std::ptrdiff_t>(stride),
                          .colors = &colors};

    const image decoded = decode(encode(view, {.level = drawing.level, .interlaced = drawing.interlaced}));

    rows.interlaced = drawing.interlaced;
    RC_ASSERT(decoded.header() == rows);
    RC_ASSERT(same_bytes(decoded.pixels(), rows_of(memory, rows, stride)));
    RC_ASSERT(decoded.colors() == colors);
  });
}

}  // namespace
}  // namespace gauntlet::png::test
