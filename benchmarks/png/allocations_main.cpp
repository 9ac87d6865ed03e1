// How many allocations a picture takes, whole or as its upper half (or third, ...): what rows cost, if
// anything, is the difference.
//
// allocations_png CONTENDER read|write FILE LEVEL PART
// prints: rows of the upper 1/PART, allocations, bytes of the heap that are still held
#include <exception>
#include <gauntlet/png.hpp>
#include <iostream>
#include <stdexcept>
#include <string>

#include "allocations.h"
#include "support.hpp"

namespace png = gauntlet::png;

namespace {

/// The rows from the top as a file of their own, of the same kind as the whole one: a palette stays a
/// palette.
std::vector<unsigned char> upper_rows(const png::image& whole, std::uint32_t rows, int level) {
  png::image_view part = whole;
  part.height = rows;
  part.pixels = part.pixels.first(rows * part.stride);
  const std::vector<std::byte> file = png::encode(part, {.level = level});
  const auto* data = reinterpret_cast<const unsigned char*>(file.data());  // SAFETY: may alias std::byte
  return {data, data + file.size()};
}

template <class Work>
heap taken_by(Work work) {
  work();  // what a library keeps from its first use is not counted
  const heap before = heap_now();
  if (work() == 0) throw std::runtime_error("the contender fails");
  const heap after = heap_now();
  return {after.allocations - before.allocations, after.bytes - before.bytes};
}

heap count(const contender& contender, const std::string& operation, const std::vector<unsigned char>& file,
           int level) {
  const kept_picture picture = read_with(raw_contender, file);
  const auto read = [&] {
    return contender.read({file.data(), file.size()}, [](void*, ::picture) {}, nullptr);
  };
  const auto write = [&] { return contender.write(picture.view(), level, [](void*, bytes) {}, nullptr); };
  return operation == "read" ? taken_by(read) : taken_by(write);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6) throw std::runtime_error("usage: allocations_png raw|wrapper read|write FILE LEVEL PART");
  const contender& contender = contender_named(argv[1]);
  const int level = std::stoi(argv[4]);
  const png::image whole = png::decode(png::file_source{argv[3]});
  const auto part = static_cast<std::uint32_t>(std::stoul(argv[5]));
  const std::uint32_t rows = (whole.height() + part - 1) / part;
  const heap taken = count(contender, argv[2], upper_rows(whole, rows, level), level);
  std::cout << rows << ' ' << taken.allocations << ' ' << taken.bytes << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << "allocations_png: " << error.what() << '\n';
  return 1;
}
