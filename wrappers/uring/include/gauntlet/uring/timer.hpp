#pragma once
/// Time that the kernel keeps. `sleep_for` and `with_timeout` cost no submission and are what a program wants
/// mostly; these are for chains, for other clocks, and for times that change.

#include <chrono>
#include <cstdint>
#include <memory>
#include <source_location>

#include "gauntlet/uring/link.hpp"
#include "gauntlet/uring/operation.hpp"
#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

enum class clock_kind : std::uint8_t {
  monotonic,  ///< std::chrono::steady_clock's
  boot,       ///< which goes on while the machine sleeps (IORING_TIMEOUT_BOOTTIME, 5.15)
  real        ///< the time of day, also when somebody sets it (IORING_TIMEOUT_REALTIME, 5.15)
};

struct timeout_options {
  clock_kind clock = clock_kind::monotonic;
  /// Ends after that many completions of the ring's, too; 0: of time only.
  std::uint32_t completions = 0;
};

enum class timeout_end : std::uint8_t {
  expired,
  counted,  ///< so many completions have come
  removed   ///< by timer::remove()
};

namespace detail {

struct timer_state;

/// timer::wait_for()
class [[nodiscard]] timer_wait final : public submitted {
 public:
  timer_wait(ring_core& ring, std::shared_ptr<timer_state> of, std::chrono::nanoseconds span, int flags,
             std::source_location where) noexcept;
  timer_wait(timer_wait&& other) noexcept;
  ~timer_wait() override;
  timeout_end await_resume();

 private:
  void start() override;
  void bind(operands& into) noexcept override;
  void ended(completion) noexcept override;

  std::shared_ptr<timer_state> state_;
  kept_time kept_;
};

/// timer::update() and remove()
class [[nodiscard]] timer_change final : public submitted {
 public:
  timer_change(ring_core& ring, const opcode& code, std::shared_ptr<timer_state> of,
               std::chrono::nanoseconds span, int flags, std::source_location where) noexcept;
  timer_change(timer_change&& other) noexcept;
  ~timer_change() override;
  bool await_resume();

 private:
  void start() override;
  void bind(operands& into) noexcept override;

  std::shared_ptr<timer_state> state_;
  kept_time kept_;
  bool late_ = false;
};

}  // namespace detail

/// `co_await uring::timeout(ring, 2s)`: for a chain, which it does not break (IORING_OP_TIMEOUT, 5.16).
detail::ring_operation<timeout_end, detail::kept_time> timeout(
    ring& on, std::chrono::nanoseconds span, const timeout_options& options = {},
    std::source_location where = std::source_location::current());
/// The same, until a point in time (IORING_TIMEOUT_ABS); completions as in timeout_options.
detail::ring_operation<timeout_end, detail::kept_time> timeout_at(
    ring& on, std::chrono::steady_clock::time_point time, std::uint32_t completions = 0,
    std::source_location where = std::source_location::current());
detail::ring_operation<timeout_end, detail::kept_time> timeout_at(
    ring& on, std::chrono::system_clock::time_point time, std::uint32_t completions = 0,
    std::source_location where = std::source_location::current());

/// One wait whose time others may change.
class timer {
 public:
  explicit timer(ring& on, std::source_location where = std::source_location::current());

  /// One task at a time.
  detail::timer_wait wait_for(std::chrono::nanoseconds span,
                              std::source_location where = std::source_location::current());
  /// It is to wait so long from now on instead (IORING_TIMEOUT_UPDATE). False: it does not wait, or no more.
  detail::timer_change update(std::chrono::nanoseconds span,
                              std::source_location where = std::source_location::current());
  /// It ends now (IORING_OP_TIMEOUT_REMOVE). False as in update().
  detail::timer_change remove(std::source_location where = std::source_location::current());

 private:
  std::shared_ptr<detail::timer_state> state_;
};

}  // namespace gauntlet::uring

#pragma GCC visibility pop
