#include "functions.hpp"

namespace {

struct operation {
  std::span<std::byte> memory{};
  std::size_t done = 0;
};

}  // namespace

extern "C" std::size_t reads(std::span<std::byte> memory) {
  operation one{.memory = memory, .done = 0};
  one.done = library_reads(one.memory.data(), one.memory.size());
  return one.done;
}

extern "C" std::size_t writes(std::span<const std::byte> bytes) {
  return library_writes(bytes.data(), bytes.size());
}
