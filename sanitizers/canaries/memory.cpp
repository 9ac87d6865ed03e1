// Faults of memory in our own C++ code.
#include <cstddef>
#include <cstdlib>
#include <vector>

#include "canary.hpp"

void canary_heap_overflow(bool faulty) {
  const std::size_t size = 16;
  char* block = opaque(static_cast<char*>(std::malloc(size)));
  block[opaque(faulty ? size : size - 1)] = 'x';
  std::free(block);
}

void canary_stack_overflow(bool faulty) {
  // Far enough beyond the end to reach the guard that a hardened build checks on return.
  const std::size_t end = opaque<std::size_t>(faulty ? 64 : 16);
  char buffer[16];
  for (std::size_t i = 0; i < end; ++i) buffer[opaque(i)] = 'x';
  (void)opaque(&buffer);  // read later, as far as the compiler knows
}

void canary_use_after_free(bool faulty) {
  int* value = static_cast<int*>(std::malloc(sizeof(int)));
  *opaque(value) = 1;
  int* alias = opaque(value);
  if (faulty) std::free(alias);
  if (*value == 1) reached();  // a branch, because MemorySanitizer reports decisions, not reads
  if (!faulty) std::free(alias);
}

namespace {

// ASan moves no locals of a function that contains inline assembly, which opaque() is: so it is called here.
[[gnu::noinline]] int* unrelated(int* address) { return opaque(address); }

[[gnu::noinline]] int* address_of_result(bool faulty) {
  static int lasting = 1;
  int passing = 1;
  return unrelated(faulty ? &passing : &lasting);
}

}  // namespace

void canary_use_after_return(bool faulty) {
  if (*address_of_result(faulty) == 1) reached();
}

void canary_container_overflow(bool faulty) {
  std::vector<int> values;
  values.reserve(8);
  values.assign(4, 1);
  // Within the allocation, beyond the vector's end.
  if (values.data()[opaque(faulty ? 4 : 3)] == 1) reached();
}

void canary_leak(bool faulty) {
  // Several, because a stray copy of one address in a register or a dead stack slot hides that one leak.
  for (int i = 0; i < 8; ++i) {
    void* block = opaque(std::malloc(16));
    if (!faulty) std::free(block);
  }
}

void canary_uninitialised_branch(bool faulty) {
  int* value = opaque(static_cast<int*>(std::malloc(sizeof(int))));
  if (!faulty) *value = 1;
  if (*opaque(value) == 1) reached();
  std::free(value);
}

void canary_library_assertion(bool faulty) {
  const std::vector<int> values(4, 1);
  if (values[opaque<std::size_t>(faulty ? 4 : 3)] == 1) reached();
}
