#pragma once
// What the tests of the png wrapper share: files, pictures of every format, PNG files built by hand, sources
// and sinks that misbehave, and the reference decoder.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gauntlet/png.hpp"
#include "reference.h"

namespace gauntlet::png::test {

using bytes = std::vector<std::byte>;

// ---- files

bytes read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::span<const std::byte> content);
std::vector<std::string> names_in(const std::filesystem::path& folder);  // sorted

class temporary_folder {
 public:
  temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder();

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Runs as nobody in particular while it lives: root may read and write everything. False where it cannot.
class without_privileges {
 public:
  without_privileges();
  without_privileges(const without_privileges&) = delete;
  without_privileges& operator=(const without_privileges&) = delete;
  ~without_privileges();
  explicit operator bool() const { return dropped_; }

 private:
  bool was_root_;
  bool dropped_;
};

// All that is written to standard error while it lives, by C code too.
class captured_stderr {
 public:
  captured_stderr();
  captured_stderr(const captured_stderr&) = delete;
  captured_stderr& operator=(const captured_stderr&) = delete;
  ~captured_stderr();

  bytes take();  // ends the capture

 private:
  temporary_folder folder_;
  int saved_;
};

// The PNG files of the pinned libpng in one folder: "pngsuite", "testpngs", "testpngs/crashers", ...
std::vector<std::filesystem::path> corpus(std::string_view folder);

// ---- pictures

inline constexpr transform rgba8_transforms =
    transform::expand | transform::scale_16 | transform::gray_to_rgb | transform::add_alpha;
inline const transforms as_they_are{};

struct pixel_format {
  color_type color;
  std::uint8_t bit_depth;
};

// All that PNG has.
inline constexpr std::array<pixel_format, 15> all_formats{{{color_type::gray, 1},
                                                           {color_type::gray, 2},
                                                           {color_type::gray, 4},
                                                           {color_type::gray, 8},
                                                           {color_type::gray, 16},
                                                           {color_type::rgb, 8},
                                                           {color_type::rgb, 16},
                                                           {color_type::palette, 1},
                                                           {color_type::palette, 2},
                                                           {color_type::palette, 4},
                                                           {color_type::palette, 8},
                                                           {color_type::gray_alpha, 8},
                                                           {color_type::gray_alpha, 16},
                                                           {color_type::rgba, 8},
                                                           {color_type::rgba, 16}}};
std::string name_of(pixel_format format);

// As fast as memcmp also in a debug build under Valgrind, where most time goes into comparing pixels.
bool same_bytes(std::span<const std::byte> a, std::span<const std::byte> b);

// Noise: no row repeats, no compression can guess it. Bits that no pixel uses are 0.
image make_picture(pixel_format format, std::uint32_t width, std::uint32_t height, unsigned seed = 1);
bool same_pixels(const image& a, const image& b);

// ---- files built by hand

bytes to_bytes(std::string_view text);
bytes joined(std::initializer_list<bytes> parts);
bytes big_endian(std::uint32_t number);
bytes signature();
bytes chunk(std::string_view type, const bytes& data);  // with its length and its CRC
bytes ihdr(std::uint32_t width, std::uint32_t height, std::uint8_t bit_depth, std::uint8_t color_type,
           std::uint8_t interlace = 0);
bytes deflated(const bytes& data);
bytes idat(const bytes& rows);  // rows with their filter bytes
bytes iend();
// 2x2 pixels of 8-bit gray: 10 20, 30 40, with these chunks between IHDR and IDAT.
bytes tiny_file(const bytes& before_image = {}, const bytes& after_image = {});
// Bytes 8 of the signature, and each chunk's length, type, data and CRC.
struct chunk_place {
  std::string type;
  std::size_t begin = 0;  // of its length field
  std::size_t end = 0;    // behind its CRC
};
std::vector<chunk_place> chunks_of(const bytes& file);

// ---- the raw library

using reference_ptr = std::unique_ptr<reference_image, decltype(&reference_free)>;
reference_ptr reference(const bytes& file, transform transforms = transform::none);
std::span<const std::byte> pixels_of(const reference_image& image);

// ---- sources and sinks

// Owns its bytes, for files that are made on the spot.
class owning_source {
 public:
  explicit owning_source(bytes content) : content_(std::move(content)) {}
  std::size_t read(std::span<std::byte> out);
  std::string_view name() const { return "memory"; }

 private:
  bytes content_;
  std::size_t given_ = 0;
};

// Gives at most `step` bytes at a time.
struct dripping_source {
  std::span<const std::byte> rest;
  std::size_t step = 1;

  std::size_t read(std::span<std::byte> out);
};

struct planned_failure : std::runtime_error {
  planned_failure() : std::runtime_error("planned") {}
};

// Throws the exception it was given at its call number `at`, counted from 1. `calls` is the caller's.
struct failing_source {
  std::span<const std::byte> rest;
  int at;
  std::exception_ptr planned;
  int* calls;

  std::size_t read(std::span<std::byte> out);
};

struct failing_sink {
  int at;
  std::exception_ptr planned;
  int calls = 0;
  bytes got{};

  void write(std::span<const std::byte> data);
};

// ---- what is thrown

// The E that work throws; anything else, or nothing, fails the test.
template <class E, class Work>
E thrown_by(Work&& work) {
  try {
    static_cast<void>(std::forward<Work>(work)());
  } catch (const E& caught) {
    return caught;
  }
  throw std::runtime_error("this should have thrown, but did not");
}

// The message of the misuse that work must throw.
template <std::invocable Work>
std::string refusal_of(Work&& work) {
  return thrown_by<misuse>([&] {
           std::forward<Work>(work)();
           return 0;
         })
      .what();
}

template <class Work>
std::exception_ptr anything_thrown_by(Work&& work) {
  try {
    static_cast<void>(std::forward<Work>(work)());
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

// Every byte of a decode, and what it warned of: for comparing what happens to damaged files.
struct outcome {
  bool ok = false;
  std::error_code code;
  std::string message;
};
outcome try_to_decode(const bytes& file, const decode_options& options = {});

}  // namespace gauntlet::png::test
