// A source of its own: where both are inlined, GCC 12 sees memory of operator new that is given to free().
#include "counted_new.hpp"

#include <stdlib.h>

#include <cstddef>
#include <new>

namespace gauntlet::test {

constinit allocation_plan allocations;

namespace {

bool refused() noexcept {
  ++allocations.made;
  return allocations.before_failing >= 0 && allocations.before_failing-- == 0;
}

}  // namespace
}  // namespace gauntlet::test

void* operator new(std::size_t size) {
  if (!gauntlet::test::refused())
    if (void* const memory = ::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { ::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { ::free(memory); }
