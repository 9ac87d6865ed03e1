#pragma once
// The registered buffers of a ring, until their owner and each fixed_buffer have gone.

#include <cstdint>
#include <memory>
#include <source_location>
#include <vector>

#include "gauntlet/uring/registered_buffers.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring::detail {

class buffer_table_block {
 public:
  /// Registers them; one that is nothing is a free place. Throws error.
  buffer_table_block(ring_core& ring, std::vector<std::shared_ptr<owned_buffer>> buffers,
                     const std::source_location& where);
  /// Registers count of another one's, from first, with this ring. Throws error.
  buffer_table_block(ring_core& ring, const buffer_table_block& from, std::size_t first, std::size_t count,
                     const std::source_location& where);
  buffer_table_block(const buffer_table_block&) = delete;
  buffer_table_block& operator=(const buffer_table_block&) = delete;
  ~buffer_table_block() = default;

  ring_core& ring() const noexcept { return *ring_; }
  const std::vector<std::shared_ptr<owned_buffer>>& buffers() const noexcept { return buffers_; }
  void update(std::size_t index, owned_buffer buffer, const std::source_location& where);

  /// Unregisters and frees it on the ring's thread, whichever this one is.
  static void let_go(buffer_table_block* block) noexcept;

 private:
  ring_use ring_;
  std::vector<std::shared_ptr<owned_buffer>> buffers_;
};

struct buffer_access {
  /// Its index; refuses one of another ring, or that has been replaced.
  static std::uint32_t require(const fixed_buffer& buffer, const ring_core& ring, const char* operation,
                               const std::source_location& where);
};

}  // namespace gauntlet::uring::detail
