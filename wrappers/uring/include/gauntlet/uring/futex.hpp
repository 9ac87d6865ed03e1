#pragma once
/// Waiting for a number in memory to change, without a thread that waits: futex(2) on a ring, since Linux 6.7
/// and liburing 2.6. The words must live until what waits for them has been awaited.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <span>
#include <vector>

#include "gauntlet/uring/operation.hpp"
#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

using futex_word = std::atomic<std::uint32_t>;

struct futex_options {
  /// Other processes may share the word (else FUTEX2_PRIVATE).
  bool shared = false;
  /// Only who has a bit in common is woken, or wakes.
  std::uint32_t bits = UINT32_MAX;
};

enum class futex_end : std::uint8_t {
  woken,
  changed  ///< the word was another one when the kernel looked
};

namespace detail {

/// struct futex_waitv
struct futex_entry {
  std::uint64_t value = 0;
  std::uint64_t address = 0;
  std::uint32_t flags = 0;
  std::uint32_t reserved = 0;
};
struct kept_futexes {
  std::vector<futex_entry> entries{};
  void bind(operands& into) const noexcept { into.address = entries.data(); }
};

}  // namespace detail

/// As long as the word is `expected`, until it is woken (IORING_OP_FUTEX_WAIT). Look at the word again then:
/// it may be so again.
detail::ring_operation<futex_end> futex_wait(ring& on, const futex_word& word, std::uint32_t expected,
                                             const futex_options& options = {},
                                             std::source_location where = std::source_location::current());

/// Wakes up to count of those that wait, tasks or threads, and answers how many (IORING_OP_FUTEX_WAKE).
detail::ring_operation<std::size_t> futex_wake(ring& on, const futex_word& word, std::uint32_t count,
                                               const futex_options& options = {},
                                               std::source_location where = std::source_location::current());

struct awaited_word {
  const futex_word* word = nullptr;
  std::uint32_t expected = 0;
  bool shared = false;
};
/// Any of up to 128: answers the index of one that was woken, or nothing if a word was another one when the
/// kernel looked (IORING_OP_FUTEX_WAITV).
detail::ring_operation<std::optional<std::size_t>, detail::kept_futexes> futex_wait_any(
    ring& on, std::span<const awaited_word> words,
    std::source_location where = std::source_location::current());

}  // namespace gauntlet::uring

#pragma GCC visibility pop
