#pragma once
// What MemorySanitizer or memcheck, whichever runs, takes memory to hold. That they report who decides on
// what holds nothing, their canaries prove.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace gauntlet::uring::test {

/// How many bytes at the beginning hold something, how many behind those do not, how many then do, and so on.
std::vector<std::size_t> runs_of(std::span<const std::byte> memory);

template <class T>
std::vector<std::size_t> runs_of_value(const T& value) {
  return runs_of(std::as_bytes(std::span(&value, 1)));
}

using runs = std::vector<std::size_t>;

/// New, and nobody has written there.
class blank {
 public:
  explicit blank(std::size_t size)
      : memory_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}
  std::span<std::byte> bytes() const noexcept { return {memory_.get(), size_}; }
  std::span<std::byte> first(std::size_t count) const { return bytes().first(count); }

 private:
  std::unique_ptr<std::byte[]> memory_;
  std::size_t size_;
};

}  // namespace gauntlet::uring::test
