#include "touch.hpp"

#include <cstdlib>

namespace gauntlet::lends {
namespace {

volatile bool decided;

// Their names stand in the reports.
[[gnu::noinline]] void read_lent_memory(volatile const std::byte* at) noexcept {
  if (*at == std::byte{1}) decided = true;  // MemorySanitizer reports decisions, not reads
}
[[gnu::noinline]] void write_lent_memory(volatile std::byte* at) noexcept { *at = std::byte{2}; }
[[gnu::noinline]] void free_lent_memory(std::byte* block) noexcept { std::free(block); }

}  // namespace

lent_block::lent_block(touch how, std::size_t size)
    : how_(how), size_(size), block_(static_cast<std::byte*>(std::calloc(1, size + 2 * before))) {
  if (block_ == nullptr) std::abort();
}

lent_block::~lent_block() { std::free(block_); }

void lent_block::in_flight() noexcept {
  if (how_ == touch::free) {
    free_lent_memory(block_);
    block_ = nullptr;
  } else {
    lends::in_flight(how_, bytes());
  }
}

void lent_block::returned() const noexcept {
  if (block_ != nullptr) lends::returned(how_, bytes());
}

void in_flight(touch how, std::span<std::byte> lent) noexcept {
  std::byte* const middle = lent.data() + lent.size() / 2;
  if (how == touch::read) read_lent_memory(middle);
  if (how == touch::write) write_lent_memory(middle);
  if (how == touch::last) read_lent_memory(&lent.back());
  if (how == touch::last || how == touch::write_last) write_lent_memory(&lent.back());
  if (how == touch::neighbour) {
    for (std::byte* const beside : {lent.data() - 1, lent.data() + lent.size()}) {
      read_lent_memory(beside);
      write_lent_memory(beside);
    }
  }
}

void returned(touch how, std::span<std::byte> lent) noexcept {
  if (how != touch::after) return;
  for (std::byte& each : lent) {
    read_lent_memory(&each);
    write_lent_memory(&each);
  }
}

}  // namespace gauntlet::lends
