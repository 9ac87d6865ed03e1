// thumbnail INPUT.png OUTPUT.png [--width N]: tells what is in a PNG file and writes a small copy of it.

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <gauntlet/png.hpp>

#include "box_filter.hpp"

namespace png = gauntlet::png;

namespace {

constexpr const char* usage =
    "usage: thumbnail INPUT.png OUTPUT.png [--width N]\n"
    "Prints header, metadata and warnings of INPUT.png and writes a copy at most N (default 160) pixels "
    "wide.\n";

struct arguments {
  std::string input;
  std::string output;
  std::uint32_t width = 160;
};

std::optional<std::uint32_t> parse_width(std::string_view text) {
  std::uint32_t width = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), width);
  if (failure != std::errc{} || end != text.data() + text.size() || width == 0) return std::nullopt;
  return width;
}

std::optional<arguments> parse(std::span<char*> words) {
  arguments parsed;
  std::vector<std::string_view> files;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (std::string_view(words[i]) != "--width") {
      files.emplace_back(words[i]);
      continue;
    }
    const auto width = i + 1 < words.size() ? parse_width(words[++i]) : std::nullopt;
    if (!width) return std::nullopt;
    parsed.width = *width;
  }
  if (files.size() != 2) return std::nullopt;
  parsed.input = files[0];
  parsed.output = files[1];
  return parsed;
}

const char* name_of(png::color_type color) {
  switch (color) {
    case png::color_type::gray:
      return "gray";
    case png::color_type::rgb:
      return "rgb";
    case png::color_type::palette:
      return "palette";
    case png::color_type::gray_alpha:
      return "gray with alpha";
    case png::color_type::rgba:
      return "rgb with alpha";
  }
  return "unknown";
}

/// Control characters of a file from a stranger could steer the terminal.
std::string printable(std::string_view text) {
  std::string safe(text.substr(0, 200));
  for (char& c : safe)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return safe + (text.size() > 200 ? "..." : "");
}

void print_header(const std::string& name, const png::header& header) {
  std::printf("%s\n  header    %u x %u, %s, %u bits per sample%s\n", name.c_str(), header.width,
              header.height, name_of(header.color), unsigned{header.bit_depth},
              header.interlaced ? ", interlaced" : "");
}

void print_metadata(const png::metadata& metadata) {
  for (const png::text& text : metadata.texts)
    std::printf("  metadata  %s: %s\n", printable(text.key).c_str(), printable(text.value).c_str());
  if (metadata.gamma) std::printf("  metadata  gamma: %.5f\n", *metadata.gamma / 100000.0);
  if (metadata.srgb)
    std::printf("  metadata  sRGB, rendering intent %u\n", static_cast<unsigned>(*metadata.srgb));
  if (metadata.physical)
    std::printf("  metadata  pixels per %s: %u x %u\n", metadata.physical->per_metre ? "metre" : "unit",
                metadata.physical->x, metadata.physical->y);
  if (metadata.modified)
    std::printf("  metadata  modified: %04u-%02u-%02u %02u:%02u:%02u UTC\n",
                unsigned{metadata.modified->year}, unsigned{metadata.modified->month},
                unsigned{metadata.modified->day}, unsigned{metadata.modified->hour},
                unsigned{metadata.modified->minute}, unsigned{metadata.modified->second});
  if (metadata == png::metadata{}) std::puts("  metadata  none");
}

void print_warnings(std::span<const png::warning> warnings) {
  for (const png::warning& warning : warnings)
    std::printf("  warning   %s%s%s (at byte %llu)\n", warning.chunk.c_str(),
                warning.chunk.empty() ? "" : ": ", printable(warning.message).c_str(),
                static_cast<unsigned long long>(warning.offset));
  if (warnings.empty()) std::puts("  warnings  none");
}

class stopwatch {
 public:
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void run(const arguments& wanted) {
  const stopwatch reading;
  png::decoder decoder{png::file_source{wanted.input}};
  const png::header header = decoder.header();
  print_header(wanted.input, header);

  const std::uint32_t width = std::min(wanted.width, header.width);
  const auto height = static_cast<std::uint32_t>(
      std::max<std::uint64_t>(1, std::uint64_t{header.height} * width / header.width));
  png::row_reader rows = std::move(decoder).start(png::transform::expand | png::transform::scale_16 |
                                                  png::transform::gray_to_rgb | png::transform::add_alpha);
  box_filter filter(header.width, header.height, width, height);
  for (const std::span<const std::byte> row : rows) filter.add_row(row);
  const png::image thumbnail = filter.take();
  const double read_ms = reading.milliseconds();
  print_metadata(rows.metadata());
  print_warnings(rows.warnings());

  const stopwatch writing;
  png::encode_file(wanted.output, thumbnail,
                   {.metadata = {.texts = {{.key = "Software", .value = "Gauntlet thumbnail"}}}});
  const double megapixels = static_cast<double>(header.width) * header.height / 1e6;
  std::printf(
      "  timing    decoded and scaled in %.2f ms (%.1f megapixels/s), encoded and written in %.2f ms\n",
      read_ms, megapixels / read_ms * 1000, writing.milliseconds());
  std::printf("  thumbnail %u x %u, %ju bytes: %s\n", width, height,
              static_cast<std::uintmax_t>(std::filesystem::file_size(wanted.output)), wanted.output.c_str());
}

}  // namespace

int main(int count, char** words) {
  if (count == 2 && (std::strcmp(words[1], "--help") == 0 || std::strcmp(words[1], "-h") == 0)) {
    std::fputs(usage, stdout);
    return 0;
  }
  const std::optional<arguments> wanted = parse(std::span(words, static_cast<std::size_t>(count)));
  if (!wanted) {
    std::fputs(usage, stderr);
    return 2;
  }
  try {
    run(*wanted);
  } catch (const std::exception& failure) {
    std::fflush(stdout);
    std::fprintf(stderr, "thumbnail: %s\n", failure.what());
    return 1;
  }
}
