#include "file_support.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace gauntlet::uring::test {

void put_file(const std::string& path, std::string_view contents) {
  std::ofstream out(path, std::ios::binary);
  out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  REQUIRE(out.flush());
}

std::string get_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::pair<file, file> pipe_of(ring& on, int flags) {
  int ends[2] = {-1, -1};
  REQUIRE(pipe2(ends, flags | O_CLOEXEC) == 0);
  file reads(on, ends[0]);
  return {std::move(reads), file(on, ends[1])};
}

std::string pattern(std::size_t size) {
  std::string made(size, '\0');
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<char>('!' + (i * 7 + i / 91) % 91);
  return made;
}

}  // namespace gauntlet::uring::test
