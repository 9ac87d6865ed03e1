// The same functions as in without_lends.cpp, with lends: in a plain release build the instructions are the
// same.
#include "functions.hpp"

#include <gauntlet/lend.hpp>
#include <utility>

namespace {

struct operation {
  std::span<std::byte> memory{};
  std::size_t done = 0;
  [[no_unique_address]] gauntlet::lend lent;
};
static_assert(sizeof(operation) == sizeof(std::span<std::byte>) + sizeof(std::size_t));
static_assert(sizeof(gauntlet::lend) == 1);

}  // namespace

extern "C" std::size_t reads(std::span<std::byte> memory) {
  operation one{.memory = memory, .done = 0, .lent = {}};
  gauntlet::lend lent("reads");
  lent.for_writing(memory);
  one.lent = std::move(lent);
  one.lent.pause();
  one.done = library_reads(one.memory.data(), one.memory.size());
  one.lent.resume();
  one.lent.give_back(one.done);
  return one.done;
}

extern "C" std::size_t writes(std::span<const std::byte> bytes) {
  gauntlet::lend lent("writes", std::source_location::current(), gauntlet::borrower::thread);
  lent.for_reading(bytes);
  const std::size_t done = library_writes(bytes.data(), bytes.size());
  lent.give_back();
  return done;
}
