#include <cstdio>
#include <gauntlet/coroutines.hpp>
#include <gauntlet/uring.hpp>
namespace uring = gauntlet::uring;

gauntlet::task<> read_head(uring::ring& ring) {
  uring::file in = co_await uring::open(ring, "/dev/zero", uring::read_only);
  auto [size, buffer] = co_await in.read_some(gauntlet::owned_buffer(64), 0);
  std::printf("%zu bytes\n", size);
}

int main() try {
  uring::ring ring{{.entries = 8}};
  gauntlet::run(ring, read_head(ring));
} catch (const uring::error& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return problem.code() == std::errc::operation_not_permitted ||
                 problem.code() == std::errc::function_not_supported
             ? 77
             : 1;
}
