// Encodes whatever image the input describes; what was encoded must be decoded as it was.
#include <algorithm>
#include <utility>
#include <vector>

#include "gauntlet/png.hpp"
#include "target.hpp"

namespace gauntlet::fuzz {
namespace {

constexpr std::uint8_t widest = 70;
constexpr std::uint8_t highest = 40;

struct drawing {
  png::image_view view{};
  png::color_table colors{};
  std::vector<std::byte> memory{};
  png::encode_options options{};
};

png::text text_from(choices& chosen) {
  const std::uint8_t kind = chosen.byte();
  png::text made{.key = chosen.text(81), .value = chosen.text(255)};
  made.compressed = kind % 2 != 0;
  made.international = kind / 2 % 2 != 0;
  // A language without international is misuse, which is to be met now and then.
  if (made.international || kind > 250) {
    made.language = chosen.text(5);
    made.translated_key = chosen.text(20);
  }
  return made;
}

png::metadata metadata_from(choices& chosen) {
  png::metadata made;
  for (std::uint32_t texts = chosen.up_to(3); texts > 0; --texts) made.texts.push_back(text_from(chosen));
  const std::uint8_t wanted = chosen.byte();
  if ((wanted & 1) != 0) made.gamma = chosen.four_bytes();
  if ((wanted & 2) != 0) made.srgb = static_cast<png::rendering_intent>(chosen.up_to(3));
  if ((wanted & 4) != 0)
    made.physical =
        png::physical{.x = chosen.four_bytes(), .y = chosen.four_bytes(), .per_metre = chosen.flag()};
  if ((wanted & 8) != 0)
    made.modified = png::time{.year = chosen.two_bytes(),
                              .month = chosen.byte(),
                              .day = chosen.byte(),
                              .hour = chosen.byte(),
                              .minute = chosen.byte(),
                              .second = chosen.byte()};
  return made;
}

png::color_table colors_from(choices& chosen) {
  png::color_table made;
  const std::uint32_t palette = chosen.two_bytes() % 300U;  // more than 256 are misuse
  for (std::uint32_t i = 0; i < palette; ++i)
    made.palette.push_back({chosen.byte(), chosen.byte(), chosen.byte()});
  for (std::uint32_t i = chosen.byte(); i > 0; --i) made.alpha.push_back(chosen.byte());
  if (chosen.flag())
    made.transparent = png::transparent_color{chosen.two_bytes(), chosen.two_bytes(), chosen.two_bytes()};
  return made;
}

// What is left of the input, over and over.
void paint(std::vector<std::byte>& memory, std::span<const std::byte> pattern) {
  for (std::size_t at = 0; at < memory.size() && !pattern.empty(); ++at)
    memory[at] = pattern[at % pattern.size()];
}

drawing drawing_from(choices& chosen) {
  drawing made;
  made.view.color = static_cast<png::color_type>(chosen.up_to(6));         // 1 and 5 do not exist
  made.view.bit_depth = static_cast<std::uint8_t>(1U << chosen.up_to(5));  // nor 32 bits
  made.view.width = chosen.up_to(widest);
  made.view.height = chosen.up_to(highest);
  const std::size_t stride = chosen.two_bytes() % 700U;
  const std::uint32_t missing = chosen.byte() == 255 ? 1 : 0;
  made.options.level = static_cast<int>(chosen.up_to(12)) - 2;
  made.options.interlaced = chosen.flag();
  made.options.metadata = metadata_from(chosen);
  if (chosen.flag() || made.view.color == png::color_type::palette) made.colors = colors_from(chosen);

  // As large as any row that 16-bit rgba can have, unless the stride is wider.
  made.view.stride = static_cast<std::ptrdiff_t>(stride);
  made.memory.resize(std::max<std::size_t>(stride, std::size_t{widest} * 8) * made.view.height);
  if (!made.memory.empty()) made.memory.resize(made.memory.size() - missing);
  paint(made.memory, chosen.rest());
  return made;
}

// Rows as a decoder gives them: without what stands between them, and with unused bits as 0.
std::vector<std::byte> rows_of(const png::image_view& view, const png::header& rows) {
  const std::size_t stride = view.stride == 0 ? rows.row_bytes : static_cast<std::size_t>(view.stride);
  const std::size_t used_bits = std::size_t{rows.width} * rows.channels * rows.bit_depth % 8;
  std::vector<std::byte> packed;
  for (std::size_t y = 0; y < rows.height; ++y) {
    const auto row = view.pixels.subspan(y * stride, rows.row_bytes);
    packed.insert(packed.end(), row.begin(), row.end());
    if (used_bits != 0) packed.back() &= static_cast<std::byte>(0xFF00U >> used_bits & 0xFFU);
  }
  return packed;
}

// An rgb image may suggest a palette; gray has one number for its transparent colour.
png::color_table colors_as_written(const drawing& given) {
  png::color_table kept;
  kept.palette = given.colors.palette;
  if (given.view.color == png::color_type::palette) {
    kept.alpha = given.colors.alpha;
  } else if (const auto& transparent = given.colors.transparent) {
    kept.transparent = transparent;
    if (given.view.color == png::color_type::gray)
      kept.transparent = {transparent->red, transparent->red, transparent->red};
  }
  return kept;
}

// libpng from 1.6.47 on takes a zTXt of less than 14 bytes for a broken one, although it writes such itself:
// short texts with short keys are then lost, with a warning.
bool may_be_lost(const png::text& text) {
  return text.compressed && !text.international && text.key.size() + text.value.size() < 14;
}

std::vector<png::text> texts_to_compare(std::vector<png::text> texts) {
  for (png::text& text : texts)
    if (text.value.empty()) text.compressed = false;  // libpng compresses nothing where there is nothing
  std::erase_if(texts, may_be_lost);
  return texts;
}

void require_same(const png::metadata& given, const png::metadata& decoded) {
  require(texts_to_compare(decoded.texts) == texts_to_compare(given.texts),
          "other texts were decoded than were encoded");
  // sRGB fixes the gamma: libpng before 1.6.47 then tells that one, whatever gamma is beside it.
  const bool implied = given.srgb && decoded.gamma == 45455U;
  require(decoded.gamma == given.gamma || implied, "another gamma was decoded than was encoded");
  require(decoded.srgb == given.srgb, "another rendering intent was decoded than was encoded");
  require(decoded.physical == given.physical, "another size of a pixel was decoded than was encoded");
  require(decoded.modified == given.modified, "another time was decoded than was encoded");
}

void require_same(const drawing& given, std::span<const std::byte> file) {
  png::header rows =
      png::header_of(given.view.width, given.view.height, given.view.color, given.view.bit_depth);
  rows.interlaced = given.options.interlaced;

  png::row_reader reader = png::decoder{png::memory_source(file)}.start();
  require(reader.header() == rows, "another header was decoded than was encoded");
  require(reader.colors() == colors_as_written(given), "other colours were decoded than were encoded");
  std::vector<std::byte> decoded;
  while (const auto row = reader.next()) decoded.insert(decoded.end(), row->begin(), row->end());
  require(decoded == rows_of(given.view, rows), "other pixels were decoded than were encoded");
  require_same(given.options.metadata, reader.metadata());
  require(reader.warnings().empty() || std::ranges::any_of(given.options.metadata.texts, may_be_lost),
          "a file of our own making is warned of");
}

void encode_decode(std::span<const std::byte> input) {
  choices chosen(input);
  drawing given = drawing_from(chosen);
  given.view.pixels = given.memory;
  given.view.colors = &given.colors;
  std::vector<std::byte> file;
  try {
    file = png::encode(given.view, given.options);
  } catch (const gauntlet::misuse&) {
    return;  // what cannot be an image
  } catch (const png::error&) {
    return;  // what libpng refuses to write
  }
  require_same(given, file);
}

}  // namespace
}  // namespace gauntlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gauntlet::fuzz::encode_decode(std::as_bytes(std::span(data, size)));
  return 0;
}
