#pragma once
/// Sockets: what connects, talks and listens, over TCP, UDP and Unix.

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "gauntlet/address.hpp"
#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uring/buffer_ring.hpp"
#include "gauntlet/uring/descriptor.hpp"
#include "gauntlet/uring/file.hpp"
#include "gauntlet/uring/file_table.hpp"
#include "gauntlet/uring/message.hpp"
#include "gauntlet/uring/multishot.hpp"
#include "gauntlet/uring/registered_buffers.hpp"
#include "gauntlet/uring/ring.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uring {

class socket;
class listener;

enum class socket_type : std::uint8_t {
  stream = 1,    ///< SOCK_STREAM
  datagram = 2,  ///< SOCK_DGRAM
  seqpacket = 5  ///< SOCK_SEQPACKET
};

/// Which side of a connection ends.
enum class shutdown_how : std::uint8_t { reading = 0, writing = 1, both = 2 };

/// What a send without copies answers.
struct sent {
  std::size_t size = 0;
  bool copied = false;    ///< the kernel has copied it after all, as it does for loopback
  owned_buffer buffer{};  ///< that was moved in
};

/// A connection that came, and from where.
struct accepted;

namespace detail {

struct kept_address {
  address peer{};
  void bind(operands& into) const noexcept {
    into.address = peer.native();
    into.length = static_cast<std::uint32_t>(peer.size());
  }
  std::string subject() const { return peer.to_string(); }
};

/// Bytes of which some may have been moved already.
struct kept_rest {
  std::size_t left = 0;
  std::size_t done = 0;
  owned_buffer buffer{};
  void bind(operands& into) const noexcept {
    if (!buffer.empty() && done == 0) into.address = buffer.bytes().data();
  }
  bool advance(operands& next, std::int32_t& res) noexcept;
};

struct kept_selection {
  buffer_group_use group;
  provided_buffer chosen{};
  void ended(completion told) noexcept;
};

struct kept_option {
  alignas(8) std::array<std::byte, 64> value{};
  void bind(operands& into) noexcept { into.address = value.data(); }
};

/// Where a connection is from.
struct kept_peer {
  unwritten_bytes<128> name{};  // sockaddr_storage
  std::uint32_t size = 128;
  void bind(operands& into) noexcept {
    into.address = name.data();
    into.second_address = &size;
  }
};

/// The table that a socket is to come into.
struct kept_table {
  file_table_use table;
};

/// Spans must live, and stay untouched, until the operation has been awaited. Other bytes are moved in and
/// handed back; after an error the operation has them, for take_buffer(), and frees them. Reading and
/// writing, also by several tasks, may overlap; several writes of one socket at once come in no order, and
/// parts of them may mingle.
template <class Base>
class socket_operations : public Base {
 public:
  /// IORING_OP_CONNECT.
  ring_operation<void, kept_address> connect(const address& peer,
                                             std::source_location where = std::source_location::current());
  /// IORING_OP_BIND (Linux 6.11, liburing 2.7), or bind(2).
  ring_operation<void, kept_address> bind(const address& local,
                                          std::source_location where = std::source_location::current());

  // ---- reading

  /// At least one byte, or 0 at the end of the stream. The span is not empty (IORING_OP_RECV).
  ring_operation<std::size_t> read_some(std::span<std::byte> into,
                                        std::source_location where = std::source_location::current());
  template <std::same_as<owned_buffer> Buffer>
  ring_operation<transfer, kept_buffer> read_some(
      Buffer into, std::source_location where = std::source_location::current()) {
    return recv_owned(std::move(into), message_flags::none, where);
  }
  /// Into a buffer that the kernel chooses when there is something; an empty one is the end of the stream. An
  /// error, no_buffer_space, if all are out.
  ring_operation<provided_buffer, kept_selection> read_some(
      const buffer_ring& buffers, std::source_location where = std::source_location::current());
  /// Until the span is full; answers its size, or less if the stream has ended before. Cancelled in the
  /// middle, what has come is in the span, and how much that is nobody knows.
  ring_operation<std::size_t, kept_rest> read_exactly(
      std::span<std::byte> into, std::source_location where = std::source_location::current());
  /// recv(2), of a message if they have bounds.
  ring_operation<std::size_t> recv(std::span<std::byte> into, message_flags flags = message_flags::none,
                                   std::source_location where = std::source_location::current());
  template <std::same_as<owned_buffer> Buffer>
  ring_operation<transfer, kept_buffer> recv(Buffer into, message_flags flags = message_flags::none,
                                             std::source_location where = std::source_location::current()) {
    return recv_owned(std::move(into), flags, where);
  }
  /// A message and where it is from (IORING_OP_RECVMSG).
  ring_operation<received, kept_message> recvfrom(
      std::span<std::byte> into, message_flags flags = message_flags::none,
      std::source_location where = std::source_location::current());
  /// Into several spans, whose list is copied, and control data, if it is not nullptr.
  ring_operation<received, kept_message> recvmsg(
      std::span<const std::span<std::byte>> into, control_data* control = nullptr,
      message_flags flags = message_flags::none,
      std::source_location where = std::source_location::current());

  // ---- writing

  /// `co_await peer.write(bytes)`: all of them. Cancelled in the middle, a part has been sent
  /// (IORING_OP_SEND).
  template <class Bytes>
  requires std::convertible_to<Bytes, std::span<const std::byte>> ring_operation<void, kept_rest> write(
      Bytes&& bytes, std::source_location where = std::source_location::current()) {
    return write_span(bytes, where);
  }
  template <std::same_as<owned_buffer> Buffer>
  ring_operation<transfer, kept_rest> write(Buffer bytes,
                                            std::source_location where = std::source_location::current()) {
    return write_owned(std::move(bytes), where);
  }
  /// Several, as one; their list is copied (IORING_OP_SENDMSG).
  ring_operation<void, kept_message> write(std::span<const std::span<const std::byte>> bytes,
                                           std::source_location where = std::source_location::current());
  /// As many as there is room for.
  ring_operation<std::size_t> send(std::span<const std::byte> bytes,
                                   message_flags flags = message_flags::none,
                                   std::source_location where = std::source_location::current());
  template <std::same_as<owned_buffer> Buffer>
  ring_operation<transfer, kept_buffer> send(Buffer bytes, message_flags flags = message_flags::none,
                                             std::source_location where = std::source_location::current()) {
    return send_owned(std::move(bytes), flags, where);
  }
  /// A message to somewhere (IORING_OP_SENDMSG).
  ring_operation<std::size_t, kept_message> sendto(
      std::span<const std::byte> bytes, const address& to, message_flags flags = message_flags::none,
      std::source_location where = std::source_location::current());
  /// Several spans, whose list is copied, to somewhere, if `to` is an address, with control data, if it is
  /// not nullptr.
  ring_operation<std::size_t, kept_message> sendmsg(
      std::span<const std::span<const std::byte>> bytes, control_data* control = nullptr,
      const address& to = {}, message_flags flags = message_flags::none,
      std::source_location where = std::source_location::current());

  /// Sends from where the bytes lie, without a copy. It ends when the kernel has let go of them: that is when
  /// the peer has them (IORING_OP_SEND_ZC with IORING_SEND_ZC_REPORT_USAGE, Linux 6.2). Cancelling does not
  /// change that; where the peer does not read, a ring that ends resets the connection after a second.
  ring_operation<sent> send_zc(std::span<const std::byte> bytes, message_flags flags = message_flags::none,
                               std::source_location where = std::source_location::current());
  template <std::same_as<owned_buffer> Buffer>
  ring_operation<sent, kept_buffer> send_zc(Buffer bytes, message_flags flags = message_flags::none,
                                            std::source_location where = std::source_location::current()) {
    return send_zc_owned(std::move(bytes), flags, where);
  }
  /// The same from memory that the ring knows (IORING_RECVSEND_FIXED_BUF).
  ring_operation<sent, kept_fixed_buffer> send_zc(
      fixed_buffer bytes, message_flags flags = message_flags::none,
      std::source_location where = std::source_location::current());
  /// The same of several spans, to somewhere, if `to` is an address (IORING_OP_SENDMSG_ZC).
  ring_operation<sent, kept_message> sendmsg_zc(std::span<const std::span<const std::byte>> bytes,
                                                const address& to = {},
                                                message_flags flags = message_flags::none,
                                                std::source_location where = std::source_location::current());

  /// IORING_OP_SHUTDOWN.
  ring_operation<void> shutdown(shutdown_how how = shutdown_how::writing,
                                std::source_location where = std::source_location::current());

  // ---- streams

  /// What comes, in buffers that the kernel chooses when it comes; an empty one at the end of the stream, and
  /// from then on. Of messages use recvmsg_multishot (IORING_RECV_MULTISHOT, Linux 6.0).
  multishot<provided_buffer> recv_multishot(const buffer_ring& buffers,
                                            std::source_location where = std::source_location::current());
  /// Messages, each in a buffer with where it is from and room for so much control data: a buffer must hold
  /// 16 bytes, 128 of an address, the control data and the message (IORING_RECV_MULTISHOT, Linux 6.0).
  multishot<received_message> recvmsg_multishot(const buffer_ring& buffers, std::size_t control_capacity = 0,
                                                std::source_location where = std::source_location::current());

  // ---- options

  /// Of setsockopt(2), by the ring (SOCKET_URING_OP_SETSOCKOPT, Linux 6.7, liburing 2.5), or the system call.
  template <class T>
  requires(std::is_trivially_copyable_v<T> && sizeof(T) <= 64) ring_operation<void, kept_option> set_option(
      int level, int name, const T& value, std::source_location where = std::source_location::current()) {
    return set_option_bytes(level, name, std::as_bytes(std::span(&value, 1)), where);
  }
  /// Of getsockopt(2), likewise; the kernel's own answers are of level SOL_SOCKET only. An option of another
  /// size than T is an error.
  template <class T>
  requires(std::is_trivially_copyable_v<T> && sizeof(T) <= 64) ring_operation<T, kept_option> option(
      int level, int name, std::source_location where = std::source_location::current()) {
    return {this->use(get_option_code().kind, where), get_option_code(),
            option_operands(level, name, sizeof(T)), option_value<T>, where};
  }

 protected:
  using Base::Base;

 private:
  ring_operation<transfer, kept_buffer> recv_owned(owned_buffer into, message_flags flags,
                                                   const std::source_location& where);
  ring_operation<transfer, kept_buffer> send_owned(owned_buffer bytes, message_flags flags,
                                                   const std::source_location& where);
  ring_operation<sent, kept_buffer> send_zc_owned(owned_buffer bytes, message_flags flags,
                                                  const std::source_location& where);
  ring_operation<void, kept_rest> write_span(std::span<const std::byte> bytes,
                                             const std::source_location& where);
  ring_operation<transfer, kept_rest> write_owned(owned_buffer bytes, const std::source_location& where);
  ring_operation<void, kept_option> set_option_bytes(int level, int name, std::span<const std::byte> value,
                                                     const std::source_location& where);
  static const opcode& get_option_code() noexcept;
  static operands option_operands(int level, int name, std::size_t size) noexcept;
  [[noreturn]] static void refuse_option_size(const submitted& ended, std::source_location where);
  template <class T>
  static T option_value(submission<kept_option>& ended) {
    if (static_cast<std::size_t>(ended.res()) != sizeof(T)) refuse_option_size(ended, ended.where());
    T value;
    std::memcpy(&value, ended.kept().value.data(), sizeof value);
    return value;
  }
};

extern template class socket_operations<descriptor>;
extern template class socket_operations<fixed_descriptor>;

}  // namespace detail

/// One of the system's.
class socket : public detail::socket_operations<descriptor> {
 public:
  /// A new one (socket(2)).
  socket(ring& on, address_family family, socket_type type = socket_type::stream,
         std::source_location where = std::source_location::current());
  /// Takes a descriptor over, which the socket closes from now on.
  socket(ring& on, int number, std::source_location where = std::source_location::current());

  /// IORING_OP_LISTEN (Linux 6.11, liburing 2.7), or listen(2). Then make a listener of it.
  detail::ring_operation<void> listen(int backlog = 511,
                                      std::source_location where = std::source_location::current());
  address local_address(std::source_location where = std::source_location::current()) const;
  address peer_address(std::source_location where = std::source_location::current()) const;

  /// Sends small writes at once: no Nagle.
  void nodelay(bool enable, std::source_location where = std::source_location::current());
  /// Probes an idle connection after delay, of whole seconds, at least 1.
  void keepalive(std::chrono::seconds delay, std::source_location where = std::source_location::current());
  void no_keepalive(std::source_location where = std::source_location::current());
  /// The system's buffers, in bytes; Linux doubles what is set.
  std::size_t send_buffer_size(std::source_location where = std::source_location::current()) const;
  void send_buffer_size(std::size_t size, std::source_location where = std::source_location::current());
  std::size_t recv_buffer_size(std::source_location where = std::source_location::current()) const;
  void recv_buffer_size(std::size_t size, std::source_location where = std::source_location::current());
  /// close() sends RST and drops what is not sent.
  void reset_on_close(std::source_location where = std::source_location::current());

 private:
  friend class listener;
  friend detail::ring_operation<socket> open_socket(ring&, address_family, socket_type, std::source_location);

  socket(detail::ring_core& ring, int number) : socket_operations(ring, number) {}
  static socket taken_from(detail::shot_block& block, detail::completion told);
};

/// A socket in a file_table, which it keeps. It has no descriptor of the system's: what wants one does not
/// take it. Of a Unix one, recv_multishot() may not tell the end of the stream (Linux 6.18); read_some()
/// does.
class fixed_socket : public detail::socket_operations<fixed_descriptor> {
 private:
  friend struct detail::file_table_access;
  using socket_operations::socket_operations;
};

/// By the ring (IORING_OP_SOCKET).
detail::ring_operation<socket> open_socket(ring& on, address_family family,
                                           socket_type type = socket_type::stream,
                                           std::source_location where = std::source_location::current());
/// The same, in a place of the table that the kernel chooses (IORING_OP_SOCKET, IORING_FILE_INDEX_ALLOC).
detail::ring_operation<fixed_socket, detail::kept_table> open_socket(
    file_table& into, address_family family, socket_type type = socket_type::stream,
    std::source_location where = std::source_location::current());

struct accepted {
  socket peer;
  address from{};
};

struct listen_options {
  int backlog = 511;
  bool ipv6_only = false;  ///< IPV6_V6ONLY
  bool reuse_port =
      false;  ///< SO_REUSEPORT: others may listen there, too, and the system shares out what comes
  socket_type type = socket_type::stream;
};

class listener : public descriptor {
 public:
  /// Bound to local, and listening; port 0 takes a free one. SO_REUSEADDR is set (socket(2), bind(2),
  /// listen(2), of which none waits).
  listener(ring& on, const address& local, listen_options options = {},
           std::source_location where = std::source_location::current());
  /// Takes over one that listens.
  listener(ring& on, int number, std::source_location where = std::source_location::current());
  /// The same, of socket::listen.
  explicit listener(socket&& listening) noexcept : descriptor(std::move(listening)) {}

  /// `uring::socket peer = co_await listener.accept()`. Cancelled, it has taken none (IORING_OP_ACCEPT).
  detail::ring_operation<socket> accept(std::source_location where = std::source_location::current());
  detail::ring_operation<accepted, detail::kept_peer> accept_from(
      std::source_location where = std::source_location::current());
  /// Into a place of the table that the kernel chooses; it takes no descriptor. With none left: an error,
  /// too_many_files_open_in_system, and the connection is closed (IORING_FILE_INDEX_ALLOC, Linux 5.19).
  detail::ring_operation<fixed_socket, detail::kept_table> accept(
      file_table& into, std::source_location where = std::source_location::current());
  /// All that come, by one submission (IORING_ACCEPT_MULTISHOT, Linux 5.19).
  multishot<socket> accept_multishot(std::source_location where = std::source_location::current());
  multishot<fixed_socket> accept_multishot(file_table& into,
                                           std::source_location where = std::source_location::current());

  address local_address(std::source_location where = std::source_location::current()) const;
};

}  // namespace gauntlet::uring

#pragma GCC visibility pop
