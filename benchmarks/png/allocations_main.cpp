// How many allocations a picture takes, and how many the upper half of the same picture takes: what rows
// cost, if anything, is the difference.
//
// allocations_png CONTENDER read|write FILE LEVEL
// prints: rows and allocations of the half, rows and allocations of the whole
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
long allocations_of(Work work) {
  work();  // what a library keeps from its first use is not counted
  const long before = allocations_so_far();
  if (work() == 0) throw std::runtime_error("the contender fails");
  return allocations_so_far() - before;
}

long count(const contender& contender, const std::string& operation, const std::vector<unsigned char>& file,
           int level) {
  const kept_picture picture = read_with(raw_contender, file);
  const auto read = [&] {
    return contender.read(
        {file.data(), file.size()}, [](void*, ::picture) {}, nullptr);
  };
  const auto write = [&] {
    return contender.write(
        picture.view(), level, [](void*, bytes) {}, nullptr);
  };
  return operation == "read" ? allocations_of(read) : allocations_of(write);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("usage: allocations_png raw|wrapper read|write FILE LEVEL");
  const contender& contender = contender_named(argv[1]);
  const int level = std::stoi(argv[4]);
  const png::image whole = png::decode(png::file_source{argv[3]});
  for (const std::uint32_t rows : {(whole.height() + 1) / 2, whole.height()})
    std::cout << rows << ' ' << count(contender, argv[2], upper_rows(whole, rows, level), level) << ' ';
  std::cout << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << "allocations_png: " << error.what() << '\n';
  return 1;
}
