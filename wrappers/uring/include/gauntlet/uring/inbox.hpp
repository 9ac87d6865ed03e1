#pragma once
/// Numbers and descriptors from one ring to another, mostly on another thread: IORING_OP_MSG_RING.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>

#include "gauntlet/uring/operation.hpp"
#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

/// What has come into an inbox.
struct message {
  std::int32_t value = 0;   ///< the sender's number, or a descriptor's index in this ring's table
  std::uint32_t flags = 0;  ///< as the sender gave them: message_options::flags
};

namespace detail {

class shared_descriptor;
class message_queue;

struct kept_target {
  std::shared_ptr<shared_descriptor> ring{};
  void bind(operands&) const noexcept;
};

/// inbox::receive()
class [[nodiscard]] receive_operation final : public gauntlet::detail::operation {
 public:
  receive_operation(std::shared_ptr<message_queue> from, std::source_location where) noexcept;
  receive_operation(receive_operation&& other) noexcept = default;
  ~receive_operation() override { leave(); }
  std::string object() const override;
  message await_resume();

 private:
  friend class message_queue;
  void start() override;
  void cancel() noexcept override;
  [[noreturn]] void throw_canceled() const override;

  std::shared_ptr<message_queue> from_;
  message received_;
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
  friend class inbox;
  friend detail::ring_operation<void, detail::kept_target> send_message(ring&, const inbox_address&,
                                                                        std::int32_t, const message_options&,
                                                                        std::source_location);
  friend detail::ring_operation<void, detail::kept_target> send_registered_file(ring&, const inbox_address&,
                                                                                std::uint32_t,
                                                                                std::source_location);
  std::shared_ptr<detail::shared_descriptor> ring_;
  std::uint32_t number_ = 0;
};

/// Messages for this ring, in the order in which they came. On the ring's thread.
class inbox {
 public:
  explicit inbox(ring& on, std::source_location where = std::source_location::current());
  inbox(inbox&&) noexcept = default;
  inbox& operator=(inbox&& other) noexcept;
  ~inbox();

  /// The next one; one task at a time. While it waits, something can come.
  detail::receive_operation receive(std::source_location where = std::source_location::current());
  inbox_address address() const noexcept { return address_; }
  /// How many have come and were not received; and for how many there was no memory.
  std::size_t size() const noexcept;
  std::size_t lost() const noexcept;

 private:
  std::shared_ptr<detail::message_queue> queue_;
  inbox_address address_;
};

/// Done when it lies in the other ring's queue. An error of ENOMEM or EOVERFLOW: there is no room for it.
detail::ring_operation<void, detail::kept_target> send_message(
    ring& from, const inbox_address& to, std::int32_t value, const message_options& options = {},
    std::source_location where = std::source_location::current());

/// A registered file of this ring, by its index, into a free place of the other ring's table, where the
/// message's value is its index there (IORING_MSG_SEND_FD, 6.0). Both have it then.
detail::ring_operation<void, detail::kept_target> send_registered_file(
    ring& from, const inbox_address& to, std::uint32_t index,
    std::source_location where = std::source_location::current());

}  // namespace gauntlet::uring

#pragma GCC visibility pop
