// The same work a stated number of times, for a tool that counts instructions: the difference between two
// numbers of times is the cost of the work, without that of the program's start.
//
// repeat_png CONTENDER read|write FILE LEVEL TIMES
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "support.hpp"

namespace {

void drop_picture(void*, picture) {}
void drop_bytes(void*, bytes) {}

void repeat(const contender& contender, const std::string& operation, const char* path, int level,
            int times) {
  const std::vector<unsigned char> file = load(path);
  const kept_picture picture = read_with(raw_contender, file);
  for (int i = 0; i < times; ++i) {
    const int done = operation == "read" ? contender.read({file.data(), file.size()}, drop_picture, nullptr)
                                         : contender.write(picture.view(), level, drop_bytes, nullptr);
    if (done == 0) throw std::runtime_error(std::string(contender.name) + " fails on " + path);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6) throw std::runtime_error("usage: repeat_png raw|wrapper read|write FILE LEVEL TIMES");
  repeat(contender_named(argv[1]), argv[2], argv[3], std::stoi(argv[4]), std::stoi(argv[5]));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "repeat_png: " << error.what() << '\n';
  return 1;
}
