// Faults that reach the code of the @name@ binding: they are reported only if that, too, was built with the lane's tool.
#include <gauntlet/@name@/library.hpp>
#include <gauntlet/lend.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>

#include "canary.hpp"
#include "together.hpp"

namespace {

using gauntlet::@name@::is_at_least;
using gauntlet::@name@::version;

// A block of its own, so that a tool knows where it ends and that nobody has written it yet.
version* new_version(std::size_t size = sizeof(version)) {
  return opaque(static_cast<version*>(std::malloc(size)));
}

const version wanted{{1, 2, 3}};

}  // namespace

void canary_misuse_of_@name@(bool faulty) {
  (void)gauntlet::@name@::parse_version(opaque(faulty ? "none" : "1.2.3"));
}

void canary_heap_overflow_in_@name@_binding(bool faulty) {
  version* have = new_version(faulty ? 2 * sizeof(unsigned) : sizeof(version));
  std::memcpy(static_cast<void*>(have), &wanted, 2 * sizeof(unsigned));
  if (!faulty) *have = wanted;
  (void)is_at_least(*have, wanted);
  std::free(have);
}

void canary_invalid_bool_in_@name@_binding(bool faulty) {
  version have = wanted;
  std::memset(&have.preview, opaque(faulty ? 2 : 0), sizeof have.preview);
  (void)is_at_least(have, wanted);
}

void canary_data_race_in_@name@_binding(bool faulty) {
  version mine = wanted;
  version theirs = wanted;
  run_together([&] { (void)is_at_least(mine, wanted); }, [&] { *opaque(faulty ? &mine : &theirs) = wanted; });
}

void canary_uninitialised_branch_in_@name@_binding(bool faulty) {
  version* have = new_version();
  if (!faulty) *have = wanted;
  if (is_at_least(*have, wanted)) reached();
  std::free(have);
}

// As an operation of the binding's declares what the library goes on using.
void canary_lent_memory_read_in_@name@_binding(bool faulty) {
  version* have = new_version();
  *have = wanted;
  gauntlet::lend lent("an operation of @name@");
  lent.for_writing(std::as_writable_bytes(std::span(have, 1)));
  if (!faulty) lent.give_back(sizeof *have);
  if (is_at_least(*have, wanted)) reached();
  if (faulty) lent.give_back();
  std::free(have);
}
