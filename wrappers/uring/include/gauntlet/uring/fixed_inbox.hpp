#pragma once
/// Open files and sockets from the table of one ring to that of another, mostly on another thread:
/// IORING_OP_MSG_RING with IORING_MSG_SEND_FD.

#include <memory>
#include <source_location>
#include <utility>

#include "gauntlet/uring/file_table.hpp"
#include "gauntlet/uring/inbox.hpp"
#include "gauntlet/uring/socket.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

template <class Fixed>
class fixed_inbox;

namespace detail {

/// What has come into a place of the queue's table.
template <class Fixed>
Fixed received_by(message_queue& queue, message told);
extern template fixed_file received_by<fixed_file>(message_queue&, message);
extern template fixed_socket received_by<fixed_socket>(message_queue&, message);

/// fixed_inbox::receive()
template <class Fixed>
class [[nodiscard]] fixed_receive final : public receive_base {
 public:
  fixed_receive(std::shared_ptr<message_queue> from, std::source_location where) noexcept
      : receive_base(receive_kind, std::move(from), where) {}
  fixed_receive(fixed_receive&& other) noexcept = default;
  ~fixed_receive() override { leave(); }
  Fixed await_resume() { return received_by<Fixed>(from(), take()); }

  static constexpr const char* receive_kind = "fixed_inbox::receive";
};

class any_fixed_inbox : public any_inbox {
 protected:
  any_fixed_inbox(file_table& into, const std::source_location& where);
};

struct kept_sent {
  kept_target target;
  descriptor_use file;
  void bind(operands& into) const noexcept { target.bind(into); }
  bool works_on(const descriptor_block& asked) const noexcept { return file.get() == &asked; }
  void ended() noexcept { file.reset(); }
};

ring_operation<void, kept_sent> send_fixed(const fixed_descriptor& sent, const inbox_address& to,
                                           std::source_location where);

}  // namespace detail

/// Where to send a fixed_file, or a fixed_socket, to; as inbox_address. What comes when the inbox has gone is
/// closed there.
template <class Fixed>
class fixed_address {
 public:
  fixed_address() noexcept = default;
  const inbox_address& get() const noexcept { return to_; }

 private:
  friend class fixed_inbox<Fixed>;
  explicit fixed_address(inbox_address to) noexcept : to_(std::move(to)) {}

  inbox_address to_;
};

/// Files, or sockets, that come into places of a table which the kernel chooses, in the order in which they
/// came. It keeps the table; what nobody receives is closed with it. On the ring's thread.
template <class Fixed>
class fixed_inbox : public detail::any_fixed_inbox {
 public:
  explicit fixed_inbox(file_table& into, std::source_location where = std::source_location::current())
      : any_fixed_inbox(into, where) {}

  /// The next one; one task at a time. While it waits, something can come.
  detail::fixed_receive<Fixed> receive(std::source_location where = std::source_location::current()) {
    return {this->queue(detail::fixed_receive<Fixed>::receive_kind, where), where};
  }
  fixed_address<Fixed> address() const noexcept { return fixed_address<Fixed>(any_inbox::address()); }
};

/// Both rings have it then: the sender's is closed as ever. Where that ring has no place left, or no table any
/// more, an error, too_many_files_open_in_system as a rule (IORING_MSG_SEND_FD, Linux 6.0, liburing 2.4).
template <class Fixed>
detail::ring_operation<void, detail::kept_sent> send_fixed(
    const Fixed& sent, const fixed_address<Fixed>& to,
    std::source_location where = std::source_location::current()) {
  return detail::send_fixed(sent, to.get(), where);
}

}  // namespace gauntlet::uring

#pragma GCC visibility pop
