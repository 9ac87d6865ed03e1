#pragma once
/// Operations that begin one after the other, without coming back in between: chains of IOSQE_IO_LINK.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gauntlet/uring/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {
namespace detail {

/// struct __kernel_timespec, which the kernel reads.
struct timespec64 {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
};
/// A span below zero is none.
timespec64 to_timespec64(std::chrono::nanoseconds span) noexcept;

struct kept_time {
  timespec64 time{};
  void bind(operands& into) const noexcept { into.address = &time; }
};

/// A link timeout, for after the operation that it limits. on: a ring's core, or a descriptor's.
ring_operation<void, kept_time> make_link_timeout(ring_core& ring, std::chrono::nanoseconds span,
                                                  std::source_location where);

/// Several entries of the queue, side by side, that one coroutine awaits.
class linked_operations : public gauntlet::detail::operation {
 public:
  /// What each works on, in order.
  std::string object() const override;

 protected:
  /// flag: IOSQE_IO_LINK or IOSQE_IO_HARDLINK.
  linked_operations(const char* kind, std::uint8_t flag, std::source_location where) noexcept
      : operation(kind, where), flag_(flag) {}
  linked_operations(linked_operations&& other) noexcept = default;
  ~linked_operations() override = default;

  /// They do not move any more.
  void start_parts(std::span<submitted* const> parts);
  void cancel() noexcept override;
  [[noreturn]] void throw_canceled() const final;

  static ring_core& ring_of(const submitted& part) noexcept { return part.ring(); }
  static bool was_cancelled(const submitted& part) noexcept;
  static bool has_expired(const submitted& timeout) noexcept;
  [[noreturn]] void throw_timed_out(const submitted& limited) const;

 private:
  friend class submitted;
  friend class ring_core;

  /// One of them is ready. After the last it may be gone.
  void part_ended() noexcept;
  /// All of them, out of the ring's backlog.
  void withdraw() noexcept;
  std::span<submitted* const> parts() const noexcept { return parts_; }

  std::uint8_t flag_;
  bool stopped_ = false;
  std::size_t left_ = 0;
  std::span<submitted* const> parts_;
};

inline constexpr std::uint8_t soft_link = 4;  // IOSQE_IO_LINK
inline constexpr std::uint8_t hard_link = 8;  // IOSQE_IO_HARDLINK

/// An operation and the time that it has (IORING_OP_LINK_TIMEOUT).
template <class T, class Kept>
class [[nodiscard]] timed_operation final : public linked_operations {
 public:
  static constexpr std::size_t entries = 2;

  timed_operation(ring_operation<T, Kept> limited, std::chrono::nanoseconds span, std::source_location where)
      : linked_operations("link_timeout", soft_link, where),
        limited_(std::move(limited)),
        timeout_(make_link_timeout(ring_of(limited_.entry()), span, where)) {}
  timed_operation(timed_operation&& other) noexcept = default;
  ~timed_operation() override {
    leave();
    if (untold()) drop_result(*this);
  }

  T await_resume() {
    finish();
    return take();
  }

  // ---- for link_operation
  void list(submitted**& at) noexcept {
    *at++ = &limited_.entry();
    *at++ = &timeout_.entry();
  }
  /// Of one that has ended.
  T take() {
    if (has_expired(timeout_.entry()) && was_cancelled(limited_.entry())) throw_timed_out(limited_.entry());
    return limited_.await_resume();
  }

 private:
  void start() override {
    submitted** at = entries_.data();
    list(at);
    start_parts(entries_);
  }

  ring_operation<T, Kept> limited_;
  ring_operation<void, kept_time> timeout_;
  std::array<submitted*, entries> entries_{};
};

template <class Part>
struct part_of_chain;
template <class T, class Kept>
struct part_of_chain<ring_operation<T, Kept>> {
  using value = T;
  static constexpr std::size_t entries = 1;
  static void list(ring_operation<T, Kept>& part, submitted**& at) noexcept { *at++ = &part.entry(); }
  static T take(ring_operation<T, Kept>& part) { return part.await_resume(); }
};
template <class T, class Kept>
struct part_of_chain<timed_operation<T, Kept>> {
  using value = T;
  static constexpr std::size_t entries = timed_operation<T, Kept>::entries;
  static void list(timed_operation<T, Kept>& part, submitted**& at) noexcept { part.list(at); }
  static T take(timed_operation<T, Kept>& part) { return part.take(); }
};

template <class Part>
outcome<typename part_of_chain<Part>::value> outcome_of(Part& part) {
  try {
    if constexpr (std::is_void_v<typename part_of_chain<Part>::value>) {
      part_of_chain<Part>::take(part);
      return {};
    } else {
      return part_of_chain<Part>::take(part);
    }
  } catch (const error& failure) {
    return failure;
  }
}

template <class... Parts>
class [[nodiscard]] link_operation final : public linked_operations {
 public:
  link_operation(const char* kind, std::uint8_t flag, std::source_location where, Parts... parts) noexcept
      : linked_operations(kind, flag, where), linked_(std::move(parts)...) {}
  link_operation(link_operation&& other) noexcept = default;
  ~link_operation() override {
    leave();
    if (untold()) drop_result(*this);
  }

  std::tuple<outcome<typename part_of_chain<Parts>::value>...> await_resume() {
    finish();
    return std::apply([](Parts&... part) { return std::tuple(outcome_of(part)...); }, linked_);
  }

 private:
  static constexpr std::size_t entries = (part_of_chain<Parts>::entries + ...);

  void start() override {
    submitted** at = entries_.data();
    std::apply([&](Parts&... part) { (part_of_chain<Parts>::list(part, at), ...); }, linked_);
    start_parts(entries_);
  }

  std::tuple<Parts...> linked_;
  std::array<submitted*, entries> entries_{};
};

}  // namespace detail

/// `auto [written, synced] = co_await uring::link(file.write_some(bytes, 0), file.fsync())`
///
/// Each operation begins when the one before has succeeded. When one fails, or transfers less than it was
/// asked to, those behind it are cancelled: their outcomes are operation_canceled. All of them are submitted
/// side by side, so there may be no more than the submission queue has entries (misuse else).
///
/// Cancelled before any of it has done something it throws operation_canceled, as others do; later, the
/// outcomes say what was done and what was not. A chain that the kernel has not seen is cancelled as a whole.
template <class First, class... Rest>
requires(sizeof...(Rest) > 0) auto link(First first, Rest... rest) {
  return detail::link_operation<First, Rest...>("link", detail::soft_link, first.where(), std::move(first),
                                                std::move(rest)...);
}

/// The same, but a failure ends only the operation that failed: the next one begins all the same
/// (IOSQE_IO_HARDLINK).
template <class First, class... Rest>
requires(sizeof...(Rest) > 0) auto hard_link(First first, Rest... rest) {
  return detail::link_operation<First, Rest...>("hard_link", detail::hard_link, first.where(),
                                                std::move(first), std::move(rest)...);
}

/// `co_await uring::link_timeout(peer.read_some(buffer), 2s)`: the operation's own result, or an error whose
/// code is std::errc::timed_out. As with_timeout(), but the kernel keeps the time, from the moment it begins
/// the operation: in a chain, when the ones before have ended. Of what is done in several parts (read_exactly,
/// write) it is the time of the first: where a part may come late, with_timeout() is for all of them.
template <class T, class Kept>
auto link_timeout(detail::ring_operation<T, Kept> limited, std::chrono::nanoseconds span,
                  std::source_location where = std::source_location::current()) {
  return detail::timed_operation<T, Kept>(std::move(limited), span, where);
}

}  // namespace gauntlet::uring

#pragma GCC visibility pop
