// How many allocations a picture takes, and how many the upper half of the same picture takes: what rows
// cost, if anything, is the difference.
//
// allocations_png CONTENDER read|write FILE LEVEL
// prints: rows and allocations of the half, rows and allocations of the whole
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "allocations.h"
#include "support.hpp"

namespace {

kept_picture upper_half(const kept_picture& whole) {
  const std::uint32_t height = (whole.height + 1) / 2;
  const std::size_t size = std::size_t{whole.width} * height * 4;
  return {whole.width, height, {whole.rgba.data(), whole.rgba.data() + size}};
}

template <class Work>
long allocations_of(Work work) {
  work();  // what a library keeps from its first use is not counted
  const long before = allocations_so_far();
  if (work() == 0) throw std::runtime_error("the contender fails");
  return allocations_so_far() - before;
}

long count(const contender& contender, const std::string& operation, const kept_picture& picture, int level) {
  const std::vector<unsigned char> file = write_with(raw_contender, picture, level);
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
  const kept_picture whole = read_with(raw_contender, load(argv[3]));
  for (const kept_picture& picture : {upper_half(whole), whole})
    std::cout << picture.height << ' ' << count(contender, argv[2], picture, std::stoi(argv[4])) << ' ';
  std::cout << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << "allocations_png: " << error.what() << '\n';
  return 1;
}
