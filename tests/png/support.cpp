#include "support.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

namespace gauntlet::png::test {

// ---- files

bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return to_bytes(content);
}

void write_file(const std::filesystem::path& path, std::span<const std::byte> content) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    found.push_back(entry.path().filename());
  std::ranges::sort(found);  // paths: UBSan takes libstdc++'s comparison of strings for an overflow
  return {found.begin(), found.end()};
}

temporary_folder::temporary_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "gauntlet.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + name);
  path_ = name;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

constexpr uid_t nobody = 65534;

}  // namespace

without_privileges::without_privileges()
    : was_root_(geteuid() == 0), dropped_(!was_root_ || seteuid(nobody) == 0) {}

without_privileges::~without_privileges() {
  if (was_root_ && dropped_ && seteuid(0) != 0) std::abort();
}

captured_stderr::captured_stderr() : saved_(dup(STDERR_FILENO)) {
  std::fflush(stderr);
  const int file = open((folder_ / "stderr").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  dup2(file, STDERR_FILENO);
  close(file);
}

captured_stderr::~captured_stderr() {
  if (saved_ >= 0) take();
}

bytes captured_stderr::take() {
  std::fflush(stderr);
  dup2(saved_, STDERR_FILENO);
  close(std::exchange(saved_, -1));
  return read_file(folder_ / "stderr");
}

std::vector<std::filesystem::path> corpus(std::string_view folder) {
  std::vector<std::filesystem::path> found;
  const std::filesystem::path root = std::filesystem::path(GAUNTLET_CORPUS) / folder;
  for (const auto& entry : std::filesystem::directory_iterator(root))
    if (entry.path().extension() == ".png") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

// ---- pictures

namespace {

const char* name_of(color_type color) {
  switch (color) {
    case color_type::gray:
      return "gray";
    case color_type::rgb:
      return "rgb";
    case color_type::palette:
      return "palette";
    case color_type::gray_alpha:
      return "gray_alpha";
    case color_type::rgba:
      return "rgba";
  }
  return "?";
}

color_table full_palette(std::uint8_t bit_depth) {
  color_table colors;
  for (unsigned i = 0; i < 1U << bit_depth; ++i)
    colors.palette.push_back({static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(255 - i),
                              static_cast<std::uint8_t>((i * 37) & 255)});
  return colors;
}

void clear_unused_bits(std::span<std::byte> row, std::size_t bits) {
  if (bits % 8 != 0) row.back() &= static_cast<std::byte>((0xFF00U >> (bits % 8)) & 0xFF);
}

}  // namespace

std::string name_of(pixel_format format) {
  return std::string(name_of(format.color)) + ' ' + std::to_string(format.bit_depth);
}

image make_picture(pixel_format format, std::uint32_t width, std::uint32_t height, unsigned seed) {
  const header header = header_of(width, height, format.color, format.bit_depth);
  const bool has_palette = format.color == color_type::palette;
  image picture(header, has_palette ? full_palette(format.bit_depth) : color_table{});
  std::minstd_rand noise(seed);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::byte& b : picture.row(y)) b = static_cast<std::byte>((noise() >> 8) & 255);
    clear_unused_bits(picture.row(y), std::size_t{width} * format.bit_depth * header.channels);
  }
  return picture;
}

bool same_bytes(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

bool same_pixels(const image& a, const image& b) {
  return a.header().row_bytes == b.header().row_bytes && same_bytes(a.pixels(), b.pixels());
}

// ---- files built by hand

bytes to_bytes(std::string_view text) {
  const auto raw = std::as_bytes(std::span(text));
  return {raw.begin(), raw.end()};
}

bytes joined(std::initializer_list<bytes> parts) {
  bytes all;
  for (const bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

bytes big_endian(std::uint32_t number) {
  return {static_cast<std::byte>(number >> 24), static_cast<std::byte>((number >> 16) & 255),
          static_cast<std::byte>((number >> 8) & 255), static_cast<std::byte>(number & 255)};
}

bytes signature() { return to_bytes("\x89PNG\r\n\x1a\n"); }

namespace {

std::uint32_t crc_of(const bytes& data) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
}

}  // namespace

bytes chunk(std::string_view type, const bytes& data) {
  const bytes checked = joined({to_bytes(type), data});
  return joined({big_endian(static_cast<std::uint32_t>(data.size())), checked, big_endian(crc_of(checked))});
}

bytes ihdr(std::uint32_t width, std::uint32_t height, std::uint8_t bit_depth, std::uint8_t color_type,
           std::uint8_t interlace) {
  return chunk("IHDR", joined({big_endian(width),
                               big_endian(height),
                               {std::byte{bit_depth}, std::byte{color_type}, std::byte{0}, std::byte{0},
                                std::byte{interlace}}}));
}

bytes deflated(const bytes& data) {
  uLongf size = compressBound(static_cast<uLong>(data.size()));
  bytes out(size);
  if (compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(data.data()),
               static_cast<uLong>(data.size())) != Z_OK)
    throw std::runtime_error("zlib did not compress");
  out.resize(size);
  return out;
}

bytes idat(const bytes& rows) { return chunk("IDAT", deflated(rows)); }
bytes iend() { return chunk("IEND", {}); }

bytes tiny_file(const bytes& before_image, const bytes& after_image) {
  const bytes rows{std::byte{0}, std::byte{10}, std::byte{20}, std::byte{0}, std::byte{30}, std::byte{40}};
  return joined({signature(), ihdr(2, 2, 8, 0), before_image, idat(rows), after_image, iend()});
}

std::vector<chunk_place> chunks_of(const bytes& file) {
  std::vector<chunk_place> found;
  for (std::size_t at = 8; at + 12 <= file.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | std::to_integer<std::size_t>(file[at + i]);
    std::string type(4, '?');
    for (std::size_t i = 0; i < 4; ++i) type[i] = static_cast<char>(file[at + 4 + i]);
    found.push_back({type, at, at + 12 + length});
    at += 12 + length;
  }
  return found;
}

// ---- the raw library

reference_ptr reference(const bytes& file, transform transforms) {
  reference_ptr found(reference_decode(reinterpret_cast<const unsigned char*>(file.data()), file.size(),
                                       static_cast<std::uint32_t>(transforms)),
                      reference_free);
  if (!found) throw std::bad_alloc();
  return found;
}

std::span<const std::byte> pixels_of(const reference_image& image) {
  return std::as_bytes(std::span(image.pixels, image.rows.row_bytes * image.rows.height));
}

// ---- sources and sinks

std::size_t owning_source::read(std::span<std::byte> out) {
  const std::size_t size = std::min(out.size(), content_.size() - given_);
  std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(given_), size, out.begin());
  given_ += size;
  return size;
}

std::size_t dripping_source::read(std::span<std::byte> out) {
  const std::size_t size = std::min({step, out.size(), rest.size()});
  std::ranges::copy(rest.first(size), out.begin());
  rest = rest.subspan(size);
  return size;
}

std::size_t failing_source::read(std::span<std::byte> out) {
  if (++*calls == at) std::rethrow_exception(planned);
  const std::size_t size = std::min(out.size(), rest.size());
  std::ranges::copy(rest.first(size), out.begin());
  rest = rest.subspan(size);
  return size;
}

void failing_sink::write(std::span<const std::byte> data) {
  if (++calls == at) std::rethrow_exception(planned);
  got.insert(got.end(), data.begin(), data.end());
}

// ---- what is thrown

outcome try_to_decode(const bytes& file, const decode_options& options) {
  const auto result = attempt<error>([&] { return decode(file, options); });
  if (result) return {.ok = true, .code = {}, .message = {}};
  return {.ok = false, .code = result.error().code(), .message = result.error().what()};
}

}  // namespace gauntlet::png::test
