#include "known_memory.hpp"

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#define GAUNTLET_TEST_MSAN 1
#endif
#endif
#ifdef GAUNTLET_TEST_MSAN
#include <sanitizer/msan_interface.h>
#else
#include <valgrind/memcheck.h>
#endif

namespace gauntlet::uring::test {
namespace {

bool is_known(const std::byte& at) {
#ifdef GAUNTLET_TEST_MSAN
  return __msan_test_shadow(&at, 1) == -1;
#else
  unsigned char unknown_bits = 0;
  return VALGRIND_GET_VBITS(&at, &unknown_bits, 1) == 1 && unknown_bits == 0;
#endif
}

}  // namespace

std::vector<std::size_t> runs_of(std::span<const std::byte> memory) {
  std::vector<std::size_t> found{0};
  bool known = true;
  for (const std::byte& each : memory) {
    if (is_known(each) != known) {
      known = !known;
      found.push_back(0);
    }
    ++found.back();
  }
  return found;
}

}  // namespace gauntlet::uring::test
