#include <gauntlet/png.hpp>
#include <cstdio>
namespace png = gauntlet::png;

int main(int, char** argv) try {
  png::image picture = png::decode(png::file_source{argv[1]}, {.format = png::format::rgba8});
  std::printf("%u x %u\n", picture.width(), picture.height());
  png::encode_file(argv[2], picture, {.level = 6});
} catch (const png::error& problem) { std::fprintf(stderr, "%s\n", problem.what()); return 1; }
