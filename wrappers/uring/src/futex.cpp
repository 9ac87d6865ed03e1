#include "gauntlet/uring/futex.hpp"

#include <gauntlet/shim/uring.h>

#include <cerrno>

#include "ring_core.hpp"

namespace gauntlet::uring {
namespace {

using detail::opcode;
using detail::operands;
using detail::ring_operation;

// Of linux/futex.h, which is younger than some systems' headers.
constexpr std::uint32_t of_32_bits = 2;
constexpr std::uint32_t of_this_process = 128;
constexpr std::size_t most_words = 128;

static_assert(sizeof(futex_word) == sizeof(std::uint32_t) && futex_word::is_always_lock_free);

std::uint32_t flags_of(bool shared) noexcept { return shared ? of_32_bits : of_32_bits | of_this_process; }

std::uint32_t* word_of(const operands& on) noexcept {
  // SAFETY: an atomic number of 32 bits is nothing but the number, as the assertion says.
  return static_cast<std::uint32_t*>(const_cast<void*>(on.address));
}

constexpr opcode wait_code{.kind = "futex_wait",
                           .queue =
                               [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
                                 return gauntlet_uring_queue_futex_wait(
                                     ring, entry, word_of(on), on.offset, on.second_offset,
                                     static_cast<std::uint32_t>(on.flags), 0);
                               },
                           .expected = -EAGAIN};
constexpr opcode wake_code{
    .kind = "futex_wake",
    .queue = [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
      return gauntlet_uring_queue_futex_wake(ring, entry, word_of(on), on.offset, on.second_offset,
                                             static_cast<std::uint32_t>(on.flags), 0);
    }};
constexpr opcode wait_any_code{
    .kind = "futex_wait_any",
    .queue =
        [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
          // SAFETY: futex_entry is struct futex_waitv in all but name; kept_futexes has them there.
          auto* const words = static_cast<futex_waitv*>(const_cast<void*>(on.address));
          return gauntlet_uring_queue_futex_waitv(ring, entry, words, on.length, 0);
        },
    .expected = -EAGAIN};

operands on_word(const futex_word& word, std::uint64_t value, const futex_options& options) noexcept {
  return {.flags = static_cast<int>(flags_of(options.shared)),
          .offset = value,
          .second_offset = options.bits,
          .address = &word};
}

}  // namespace

ring_operation<futex_end> futex_wait(ring& on, const futex_word& word, std::uint32_t expected,
                                     const futex_options& options, std::source_location where) {
  return {detail::ring_core::of(on, wait_code.kind, where), wait_code, on_word(word, expected, options),
          [](detail::submission<detail::nothing_kept>& ended) {
            return ended.res() == 0 ? futex_end::woken : futex_end::changed;
          },
          where};
}

ring_operation<std::size_t> futex_wake(ring& on, const futex_word& word, std::uint32_t count,
                                       const futex_options& options, std::source_location where) {
  return {detail::ring_core::of(on, wake_code.kind, where), wake_code, on_word(word, count, options),
          detail::count_of, where};
}

ring_operation<std::optional<std::size_t>, detail::kept_futexes> futex_wait_any(
    ring& on, std::span<const awaited_word> words, std::source_location where) {
  if (words.empty() || words.size() > most_words)
    throw misuse(wait_any_code.kind, "it waits for 1 to 128 words", where);
  detail::kept_futexes kept;
  for (const awaited_word& each : words)
    kept.entries.push_back({.value = each.expected,
                            .address = reinterpret_cast<std::uintptr_t>(each.word),
                            .flags = flags_of(each.shared)});
  return {detail::ring_core::of(on, wait_any_code.kind, where),
          wait_any_code,
          {.length = static_cast<std::uint32_t>(words.size())},
          [](detail::submission<detail::kept_futexes>& ended) {
            return ended.res() < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(ended.res()));
          },
          where,
          std::move(kept)};
}

}  // namespace gauntlet::uring
