#pragma once
/// Numbers from one ring to another, mostly on another thread: IORING_OP_MSG_RING. For open files and
/// sockets: fixed_inbox.hpp.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "gauntlet/uring/operation.hpp"
#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

/// What has come into an inbox.
struct message {
  std::int32_t value = 0;   ///< the sender's number
  std::uint32_t flags = 0;  ///< as the sender gave them: message_options::flags
};

namespace detail {

struct address_access;
class shared_descriptor;
class message_queue;

struct kept_target {
  std::shared_ptr<shared_descriptor> ring{};
  void bind(operands&) const noexcept;
};

/// Of one that receives from any inbox.
class receive_base : public gauntlet::detail::operation {
 public:
  std::string object() const final;

 protected:
  receive_base(const char* kind, std::shared_ptr<message_queue> from, std::source_location where) noexcept;
  receive_base(receive_base&& other) noexcept = default;
  /// Gives back what it was told and nobody has taken.
  ~receive_base() override;

  message take();
  message_queue& from() const noexcept { return *from_; }

 private:
  friend class message_queue;
  void start() final;
  void cancel() noexcept final;
  [[noreturn]] void throw_canceled() const final;
  void got(message told) noexcept;

  std::shared_ptr<message_queue> from_;
  message told_;
  bool has_told_ = false;  // and nobody has taken it
};

/// inbox::receive()
class [[nodiscard]] receive_operation final : public receive_base {
 public:
  receive_operation(std::shared_ptr<message_queue> from, std::source_location where) noexcept
      : receive_base(receive_kind, std::move(from), where) {}
  receive_operation(receive_operation&& other) noexcept = default;
  ~receive_operation() override { leave(); }
  message await_resume() { return take(); }

  static constexpr const char* receive_kind = "inbox::receive";
};

}  // namespace detail

struct message_options {
  /// What the message's flags are (IORING_MSG_RING_FLAGS_PASS, 6.3 and liburing 2.4).
  std::optional<std::uint32_t> flags{};
};

/// Where to send to. Any thread may have one; it is good as long as the program runs: when the inbox or its
/// ring is gone, what is sent is counted there (ring_metrics::stale), or lost with the ring.
class inbox_address {
 public:
  inbox_address() noexcept = default;

 private:
  friend struct detail::address_access;
  std::shared_ptr<detail::shared_descriptor> ring_;
  std::uint32_t number_ = 0;
};

namespace detail {

/// Of inbox and fixed_inbox.
class any_inbox {
 public:
  any_inbox(any_inbox&&) noexcept = default;
  any_inbox& operator=(any_inbox&& other) noexcept;
  ~any_inbox();

  /// How many have come and were not received; and for how many there was no memory.
  std::size_t size() const noexcept;
  std::size_t lost() const noexcept;

 protected:
  explicit any_inbox(std::shared_ptr<message_queue> queue) noexcept;
  const std::shared_ptr<message_queue>& queue(const char* operation, const std::source_location& where) const;
  const inbox_address& address() const noexcept { return address_; }

 private:
  std::shared_ptr<message_queue> queue_;
  inbox_address address_;
};

}  // namespace detail

/// Messages for this ring, in the order in which they came. On the ring's thread.
class inbox : public detail::any_inbox {
 public:
  explicit inbox(ring& on, std::source_location where = std::source_location::current());

  /// The next one; one task at a time. While it waits, something can come.
  detail::receive_operation receive(std::source_location where = std::source_location::current()) {
    return {queue(detail::receive_operation::receive_kind, where), where};
  }
  using any_inbox::address;
};

/// Done when it lies in the other ring's queue. An error of ENOMEM or EOVERFLOW: there is no room for it.
detail::ring_operation<void, detail::kept_target> send_message(
    ring& from, const inbox_address& to, std::int32_t value, const message_options& options = {},
    std::source_location where = std::source_location::current());

}  // namespace gauntlet::uring

#pragma GCC visibility pop
