#pragma once
// One way to touch memory that is lent, committed at the right moment.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gauntlet::lends {

/// last: its last byte is read and written to; of what is lent for reading only written to, as reading it is
/// right.
enum class touch : std::uint8_t { nothing, read, write, free, after, neighbour, last, write_last };

/// What an operation is lent: the middle of a block, so that there are neighbours.
class lent_block {
 public:
  lent_block(touch how, std::size_t size);
  lent_block(const lent_block&) = delete;
  lent_block& operator=(const lent_block&) = delete;
  ~lent_block();

  std::span<std::byte> bytes() const noexcept { return {block_ + before, size_}; }
  void in_flight() noexcept;
  void returned() const noexcept;

 private:
  static constexpr std::size_t before = 64;
  touch how_;
  std::size_t size_;
  std::byte* block_;
};

/// The same of memory that somebody else owns.
void in_flight(touch how, std::span<std::byte> lent) noexcept;
void returned(touch how, std::span<std::byte> lent) noexcept;

/// Runs an operation of the named kind, and touches what it was lent. False: there is none of that name.
using kind = void (*)(touch how);
struct named_kind {
  std::string_view name{};
  kind run = nullptr;
  /// Lent for reading: to read it is right.
  bool shared = false;
  /// Whether it owns what it was lent, so that nobody else can free it.
  bool owns = false;
  /// Whether all of a block is lent, so that nothing stands beside it.
  bool whole = false;
};
std::span<const named_kind> kinds_of_uv() noexcept;
std::span<const named_kind> kinds_of_uring() noexcept;
std::span<const named_kind> kinds_of_png() noexcept;

}  // namespace gauntlet::lends
