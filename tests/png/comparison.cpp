#include "comparison.hpp"

#include <algorithm>

namespace gauntlet::png::test {
namespace {

void add_colors(reference_settings& raw, const transforms& wanted) {
  if (wanted.alpha) {
    raw.alpha_mode = static_cast<int>(wanted.alpha->how);
    raw.alpha_gamma = wanted.alpha->output_gamma;
  }
  if (wanted.gamma) {
    raw.screen_gamma = wanted.gamma->screen;
    raw.default_gamma = wanted.gamma->file;
  }
  if (wanted.rgb_to_gray) {
    raw.gray_action = static_cast<int>(wanted.rgb_to_gray->action);
    raw.gray_red = wanted.rgb_to_gray->red;
    raw.gray_green = wanted.rgb_to_gray->green;
  }
}

void add_background(reference_settings& raw, const background_fill& wanted) {
  const background_color& color = wanted.color;
  raw.background = static_cast<int>(wanted.of);
  raw.background_expand = wanted.expand ? 1 : 0;
  raw.background_gamma = wanted.unique_gamma;
  const std::uint16_t all[5] = {color.index, color.red, color.green, color.blue, color.gray};
  std::ranges::copy(all, raw.background_color);
}

void add_quantization(reference_settings& raw, const quantization& wanted) {
  raw.palette_size = static_cast<int>(wanted.palette.size());
  raw.maximum_colors = wanted.maximum_colors;
  raw.full = wanted.full ? 1 : 0;
  raw.histogram = wanted.histogram.empty() ? nullptr : wanted.histogram.data();
  for (std::size_t i = 0; i < wanted.palette.size(); ++i) {
    raw.palette[i][0] = wanted.palette[i].red;
    raw.palette[i][1] = wanted.palette[i].green;
    raw.palette[i][2] = wanted.palette[i].blue;
  }
}

}  // namespace

bool same_header(const header& ours, const reference_header& raw) {
  return ours.width == raw.width && ours.height == raw.height && ours.bit_depth == raw.bit_depth &&
         static_cast<int>(ours.color) == raw.color_type && ours.interlaced == (raw.interlaced != 0) &&
         ours.channels == raw.channels && ours.row_bytes == raw.row_bytes;
}

reference_settings settings_of(const transforms& wanted) {
  reference_settings raw = reference_nothing;
  raw.flags = static_cast<std::uint32_t>(wanted.flags);
  add_colors(raw, wanted);
  if (wanted.background) add_background(raw, *wanted.background);
  if (wanted.filler) {
    raw.filler = wanted.filler->is_alpha ? 2 : 1;
    raw.filler_after = wanted.filler->stands == extra_channel::place::after ? 1 : 0;
    raw.filler_value = wanted.filler->value;
  }
  if (wanted.shift) {
    const significant_bits& bits = *wanted.shift;
    const std::uint8_t all[5] = {bits.red, bits.green, bits.blue, bits.gray, bits.alpha};
    raw.shifts = 1;
    std::ranges::copy(all, raw.shift);
  }
  if (wanted.quantize) add_quantization(raw, *wanted.quantize);
  return raw;
}

bytes all_rows(row_reader rows) {
  bytes found;
  for (const std::span<const std::byte> row : rows) found.insert(found.end(), row.begin(), row.end());
  return found;
}

std::string difference_from_libpng(const bytes& file, const transforms& wanted) {
  reference_settings settings = settings_of(wanted);
  const reference_ptr raw(
      reference_decode_as(reinterpret_cast<const unsigned char*>(file.data()), file.size(), &settings),
      reference_free);
  header header;
  const auto ours = attempt<error>([&] {
    row_reader rows = decoder{memory_source(file)}.start(wanted);
    header = rows.header();
    return all_rows(std::move(rows));
  });
  if (raw->failed != 0) return ours ? std::string("plain libpng refuses: ") + raw->message : "";
  if (!ours) return std::string("plain libpng does not refuse: ") + ours.error().what();
  if (!same_header(header, raw->rows)) return "another header";
  return same_bytes(*ours, pixels_of(*raw)) ? "" : "other pixels";
}

}  // namespace gauntlet::png::test
