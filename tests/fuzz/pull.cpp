// Reads a PNG file row by row or at once, with any limits, transforms and sizes of reads.
#include <algorithm>
#include <utility>

#include "gauntlet/png.hpp"
#include "target.hpp"

namespace gauntlet::fuzz {
namespace {

// Small enough that no input is slow or takes much memory: what is beyond is an error, as any limit.
constexpr png::limits loose{
    .max_pixels = 1 << 18, .max_image_bytes = 1 << 22, .max_chunk_bytes = 1 << 20, .max_memory = 1 << 24};
constexpr png::limits tight{.max_width = 40,
                            .max_height = 40,
                            .max_pixels = 1000,
                            .max_image_bytes = 4000,
                            .max_input_bytes = 2000,
                            .max_chunk_bytes = 100,
                            .max_cached_chunks = 3,
                            .max_memory = 60'000};

// Answers each read with fewer bytes than it was asked for, or as many.
struct slicing_source {
  std::span<const std::byte> rest;
  std::size_t at_most;

  std::size_t read(std::span<std::byte> out) {
    const std::size_t count = std::min({out.size(), rest.size(), at_most});
    std::ranges::copy(rest.first(count), out.begin());
    rest = rest.subspan(count);
    return count;
  }
};

png::transform transforms_from(choices& chosen) {
  auto set = static_cast<png::transform>(chosen.byte());
  // Both at once are misuse.
  if (contains(set, png::transform::strip_16) && contains(set, png::transform::scale_16))
    set = static_cast<png::transform>(static_cast<unsigned>(set) ^
                                      static_cast<unsigned>(png::transform::scale_16));
  return set;
}

void look_at_facts(const png::color_table& colors, const png::metadata& metadata,
                   std::span<const png::warning> warnings) {
  require(colors.palette.size() <= 256, "a palette has more than 256 colours");
  require(colors.alpha.size() <= 256, "a palette has more than 256 alphas");
  for (const png::text& text : metadata.texts) {
    look_at(std::as_bytes(std::span(text.key)));
    look_at(std::as_bytes(std::span(text.value)));
  }
  for (const png::warning& warning : warnings) look_at(std::as_bytes(std::span(warning.message)));
}

void read_rows(png::decoder decoder, png::transform transforms) {
  const png::header of_file = decoder.header();
  look_at_facts(decoder.colors(), decoder.metadata(), decoder.warnings());
  png::row_reader rows = std::move(decoder).start(transforms);
  require(rows.header().width == of_file.width && rows.header().height == of_file.height,
          "the transforms have changed the size");
  std::uint32_t given = 0;
  while (const auto row = rows.next()) {
    require(row->size() == rows.header().row_bytes, "a row is not as long as its header says");
    look_at(*row);
    ++given;
  }
  require(given == of_file.height, "not as many rows as the header says");
  require(!rows.next(), "a row behind the last one");
  look_at_facts(rows.colors(), rows.metadata(), rows.warnings());
}

void read_image(png::decoder decoder, png::format format) {
  const png::header of_file = decoder.header();
  const png::image image = std::move(decoder).read_image(format);
  require(image.width() == of_file.width && image.height() == of_file.height, "an image of another size");
  if (format == png::format::rgba8)
    require(image.header().row_bytes == std::size_t{4} * image.width(), "rgba8 has not four bytes a pixel");
  look_at(image.pixels());
}

void pull(std::span<const std::byte> input) {
  const std::size_t head = std::min(gauntlet_fuzz_choice_bytes, input.size());
  choices chosen(input.first(head));
  const png::transform transforms = transforms_from(chosen);
  const std::uint32_t manner = chosen.up_to(3);
  const png::limits& limits = chosen.up_to(7) == 7 ? tight : loose;
  const std::uint16_t slice = chosen.two_bytes();
  // 0, as an input without choices has it, is no slicing at all.
  const slicing_source source{input.subspan(head), slice == 0 ? input.size() : slice};
  try {
    png::decoder decoder{source, {.limits = limits}};
    if (manner < 2)
      read_rows(std::move(decoder), transforms);
    else
      read_image(std::move(decoder), manner == 2 ? png::format::native : png::format::rgba8);
  } catch (const png::error&) {
    // What a bad file is answered with. Anything else is a finding.
  }
}

}  // namespace
}  // namespace gauntlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gauntlet::fuzz::pull(std::as_bytes(std::span(data, size)));
  return 0;
}
