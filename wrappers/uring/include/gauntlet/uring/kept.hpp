#pragma once
/// What operations on files own until the kernel has read or written it; callers need none of these names.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uring/file_types.hpp"
#include "gauntlet/uring/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring::detail {

/// A path, as C wants it.
struct kept_path {
  std::string path{};
  void bind(operands& into) const noexcept { into.address = path.c_str(); }
  std::string_view subject() const noexcept { return path; }
};

/// Two of them, and the folder where the second begins; the first one's is the operation's.
struct kept_paths {
  std::string path{};
  std::string second{};
  descriptor_use second_folder{};
  void bind(operands& into) const noexcept {
    into.address = path.c_str();
    into.second_address = second.c_str();
  }
  std::string subject() const { return std::string(path).append(" -> ").append(second); }
  bool works_on(const descriptor_block& asked) const noexcept { return second_folder.get() == &asked; }
  void ended() noexcept { second_folder.reset(); }
};

/// A path and struct open_how.
struct kept_open {
  std::string path{};
  std::array<std::uint64_t, 3> how{};
  void bind(operands& into) const noexcept {
    into.address = path.c_str();
    into.second_address = how.data();
  }
  std::string_view subject() const noexcept { return path; }
};

/// A path and struct statx, which is the kernel's to write.
struct kept_status {
  static constexpr std::size_t size = 256;

  explicit kept_status(std::string of) noexcept : path(std::move(of)) {}
  void bind(operands& into) const noexcept {
    into.address = path.c_str();
    into.second_address = written.data();
  }
  std::string_view subject() const noexcept { return path; }

  std::string path;
  unwritten_bytes<size> written;
};

/// The name of an attribute, and the path, or none.
struct kept_attribute {
  std::string path{};
  std::string name{};
  void bind(operands& into) const noexcept {
    into.second_address = name.c_str();
    if (into.fd < 0) into.third_address = path.c_str();
  }
  std::string subject() const {
    return path.empty() ? std::string(name) : std::string(path).append(", ").append(name);
  }
};

/// Bytes that the operation owns.
struct kept_buffer {
  owned_buffer buffer{};
  void bind(operands& into) const noexcept {
    into.address = buffer.bytes().data();
  }  // it may lie in the buffer itself
};

/// struct iovec
struct memory_range {
  void* address = nullptr;
  std::size_t size = 0;
};

/// Where several spans are: a few of them here, many on the heap.
class kept_ranges {
 public:
  explicit kept_ranges(std::size_t count) : count_(count) {
    if (count > few_.size()) many_.resize(count);
  }
  void bind(operands& into) const noexcept { into.address = data(); }

  memory_range* data() noexcept { return many_.empty() ? few_.data() : many_.data(); }
  const memory_range* data() const noexcept { return many_.empty() ? few_.data() : many_.data(); }
  std::size_t size() const noexcept { return count_; }

 private:
  std::size_t count_;
  std::array<memory_range, 4> few_{};
  std::vector<memory_range> many_;
};

/// Several buffers, and where they are.
struct kept_buffers {
  std::vector<owned_buffer> buffers{};
  kept_ranges ranges;
  void bind(operands& into) noexcept {
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const std::span<const std::byte> bytes = buffers[i].bytes();
      // SAFETY: of a read, writable() was asked before.
      ranges.data()[i] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
    }
    ranges.bind(into);
  }
};

/// What the kernel moves at once.
std::uint32_t most_at_once(std::size_t size) noexcept;
/// -EIO: it was asked to write, and wrote nothing.
std::int32_t nothing_written() noexcept;

/// Of one that goes on until all has been read or written, or there is no more.
template <class Kept>
struct kept_whole : Kept {
  std::size_t left = 0;
  std::size_t done = 0;
  bool writes = false;

  bool advance(operands& rest, std::int32_t& res) noexcept {
    const auto part = static_cast<std::size_t>(res);
    done += part;
    left -= part;
    if (left == 0) return false;
    if (part == 0) {
      if (writes) res = nothing_written();
      return false;
    }
    rest.address = static_cast<const std::byte*>(rest.address) + part;
    if (rest.offset != current_position) rest.offset += part;
    rest.length = most_at_once(left);
    return true;
  }
};

}  // namespace gauntlet::uring::detail

#pragma GCC visibility pop
