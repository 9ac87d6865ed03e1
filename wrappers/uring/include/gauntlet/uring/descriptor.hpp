#pragma once
/// What files and sockets have in common: a number of the system's, and the operations in flight on it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <utility>

#include "gauntlet/uring/operation.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

namespace detail {

struct descriptor_access;
class file_table_block;

/// close(): what is in flight on the descriptor ends first.
class [[nodiscard]] close_operation final : public submitted {
 public:
  close_operation(descriptor_block& closed, std::source_location where) noexcept;
  close_operation(close_operation&& other) noexcept = default;
  ~close_operation() override { leave(); }
  void await_resume() { finish(); }

 private:
  friend class descriptor_block;

  void start() override;
  void cancel() noexcept override;
  void abort() noexcept override;
  void ended(completion) noexcept override;
  /// Whom it waits for, too: one that was made and is never awaited keeps it waiting.
  std::string object() const override;
  /// Nobody else uses it.
  void begin() noexcept;

  bool waits_ = false;
};

/// The operands of descriptor::command().
struct kept_command {
  std::array<std::byte, 16> bytes{};
  void bind(operands& into) const noexcept { into.address = bytes.data(); }
};

}  // namespace detail

/// Of poll(2).
enum class poll_events : std::uint32_t {
  none = 0,
  readable = 1,           ///< POLLIN
  priority = 2,           ///< POLLPRI
  writable = 4,           ///< POLLOUT
  broken = 8,             ///< POLLERR; always told
  hung_up = 16,           ///< POLLHUP; always told
  peer_finished = 0x2000  ///< POLLRDHUP: the other side sends nothing any more
};
constexpr poll_events operator|(poll_events left, poll_events right) noexcept {
  return static_cast<poll_events>(static_cast<std::uint32_t>(left) | static_cast<std::uint32_t>(right));
}
constexpr poll_events operator&(poll_events left, poll_events right) noexcept {
  return static_cast<poll_events>(static_cast<std::uint32_t>(left) & static_cast<std::uint32_t>(right));
}

/// What owns a descriptor of the system's, or a place in a ring's table of files. Destroyed, it cancels what
/// is in flight on it and is closed when the last of that has ended; destroyed on another thread than its
/// ring's, all of this happens there.
class any_descriptor {
 public:
  any_descriptor(any_descriptor&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  any_descriptor& operator=(any_descriptor&& other) noexcept;
  ~any_descriptor();

  bool is_open() const noexcept;
  /// Ends all that is in flight on it with operation_canceled, then closes it (IORING_OP_CLOSE). Whatever the
  /// answer, it is closed.
  detail::close_operation close(std::source_location where = std::source_location::current());

  /// Until it is as the events say, or broken: answers what it is (IORING_OP_POLL_ADD, once).
  detail::ring_operation<poll_events> poll(poll_events events,
                                           std::source_location where = std::source_location::current());
  /// A command of the driver's or protocol's behind the descriptor, number and 16 bytes of operands; answers
  /// its result (IORING_OP_URING_CMD).
  detail::ring_operation<std::int32_t, detail::kept_command> command(
      std::uint32_t number, const std::array<std::byte, 16>& operands = {},
      std::source_location where = std::source_location::current());

 protected:
  friend class ring;
  explicit any_descriptor(detail::descriptor_block& block) noexcept : block_(&block) {}
  /// Throws misuse where it is closed, or this is another thread than its ring's.
  detail::descriptor_block& use(const char* operation, const std::source_location& where) const;

 private:
  friend struct detail::descriptor_access;
  detail::descriptor_block* block_;
};

/// Of the system's.
class descriptor : public any_descriptor {
 public:
  /// The system's number; as long as it is open.
  int native(std::source_location where = std::source_location::current()) const;
  /// The number, which is the caller's to close from now on. Nothing may be in flight on it.
  int release(std::source_location where = std::source_location::current());

 protected:
  descriptor(detail::ring_core& ring, int number);
};

/// A place in a ring's table of files.
class fixed_descriptor : public any_descriptor {
 public:
  /// Which place; as long as it is open.
  std::uint32_t index(std::source_location where = std::source_location::current()) const;

 protected:
  fixed_descriptor(detail::file_table_block& table, std::uint32_t place);
};

}  // namespace gauntlet::uring

#pragma GCC visibility pop
