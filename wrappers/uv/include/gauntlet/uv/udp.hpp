#pragma once
/// uv_udp_t: datagrams.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "gauntlet/callback.hpp"
#include "gauntlet/lend.hpp"
#include "gauntlet/owned_buffer.hpp"
#include "gauntlet/uv/address.hpp"
#include "gauntlet/uv/completion.hpp"
#include "gauntlet/uv/handle.hpp"
#include "gauntlet/uv/operation.hpp"
#include "gauntlet/uv/stream.hpp"

#pragma GCC visibility push(default)

struct uv_udp_s;

namespace gauntlet::uv {

namespace detail {
class udp_block;
}

/// What came in. Valid as long as the callback that is told.
struct datagram {
  std::span<std::byte> bytes{};  ///< may be empty: so was what was sent
  address from{};                ///< none where the sender has no name
  bool truncated = false;        ///< there was more than room for it, which is lost (UV_UDP_PARTIAL)
};

/// uv_udp_init_ex
struct udp_options {
  address_family family = address_family::none;  ///< of a socket that is made at once; none: by the first use
  /// Receive up to 20 datagrams with one call of the system's (UV_UDP_RECVMMSG), into 1.25 MiB of memory of
  /// this handle, of which the system gives what is written to.
  bool recvmmsg = false;
};

struct udp_bind_options {
  bool ipv6_only = false;      ///< no IPv4 (UV_UDP_IPV6ONLY)
  bool reuse_address = false;  ///< others may bind it, too, and the last one receives (UV_UDP_REUSEADDR)
  bool reuse_port = false;     ///< others may bind it, too, and the system shares out what comes
                               ///< (UV_UDP_REUSEPORT, since libuv 1.49; an older one throws
                               ///< function_not_supported)
  bool linux_recverr = false;  ///< tell of ICMP's errors (UV_UDP_LINUX_RECVERR)
};

enum class membership : std::uint8_t {
  leave_group,  ///< UV_LEAVE_GROUP
  join_group,   ///< UV_JOIN_GROUP
};

/// One datagram of a try_send of several.
struct outgoing_datagram {
  std::span<const std::byte> bytes{};
  address to{};  ///< none: where connect() said
};

/// What receive_from() answers; the bytes are in the span that it was given.
struct received_datagram {
  std::size_t size = 0;    ///< bytes of it in the span; may be 0: so was what was sent
  address from{};          ///< none where the sender has no name
  bool truncated = false;  ///< there was more than room for it, which is lost (UV_UDP_PARTIAL)
};

namespace detail {

class [[nodiscard]] receive_operation final : public handle_wait {
 public:
  receive_operation(udp_block& on, std::span<std::byte> into, std::source_location where) noexcept;
  receive_operation(receive_operation&& other) noexcept : handle_wait(std::move(other)), into_(other.into_) {}
  ~receive_operation() override { leave(); }
  received_datagram await_resume() {
    finish();
    return std::move(result_);
  }

 private:
  friend class udp_block;

  void start() override;
  void before_end() noexcept override { lent_.give_back(result_.size); }

  std::span<std::byte> into_;
  [[no_unique_address]] lend lent_;  // paused while libuv reads
  received_datagram result_;
};

class [[nodiscard]] send_operation final : public handle_operation {
 public:
  send_operation(udp_block& on, std::span<const std::byte> bytes, const address& to,
                 std::source_location where) noexcept;
  send_operation(send_operation&&) noexcept = default;
  ~send_operation() override { leave(); }
  std::string object() const override;
  void await_resume() { finish(); }

 private:
  void start() override;
  void cancel() noexcept override;
  void before_end() noexcept override { lent_.give_back(); }

  std::span<const std::byte> bytes_;
  [[no_unique_address]] lend lent_;
  address to_;
};

}  // namespace detail

class udp : public handle {
 public:
  /// No socket yet, unless a family is given (uv_udp_init, uv_udp_init_ex).
  explicit udp(loop& loop, std::source_location where = std::source_location::current());
  udp(loop& loop, udp_options options, std::source_location where = std::source_location::current());

  /// Takes over a socket for datagrams, which is closed with the handle; if this throws, it is still the
  /// caller's. One for Unix datagrams will do: then send() takes paths, and `from` is a path, or none with
  /// recvmmsg (uv_udp_open).
  void open(int socket, std::source_location where = std::source_location::current());
  /// Port 0 takes a free one (uv_udp_bind).
  void bind(const address& local, udp_bind_options options = {},
            std::source_location where = std::source_location::current());
  /// Sends there, and receives from there only. When it is connected it is an error (EISCONN)
  /// (uv_udp_connect).
  void connect(const address& peer, std::source_location where = std::source_location::current());
  /// When it is not connected it is an error, not_connected (uv_udp_connect without an address).
  void disconnect(std::source_location where = std::source_location::current());
  address local_address(
      std::source_location where = std::source_location::current()) const;  ///< uv_udp_getsockname
  address peer_address(
      std::source_location where = std::source_location::current()) const;  ///< uv_udp_getpeername

  // ---- sending

  /// Sends the bytes as one datagram and hands them back to sent when it is gone, or failed, or the handle
  /// was closed (operation_canceled). Binds to any port if it is not bound. An address when it is connected
  /// is an error (EISCONN), as is none when it is not (destination_address_required) (uv_udp_send).
  template <buffer_callback Sent = no_callback>
  void send(owned_buffer bytes, const address& to, Sent&& sent = {},
            std::source_location where = std::source_location::current()) {
    queue_send(std::move(bytes), to, detail::buffers_completion<owned_buffer>(std::forward<Sent>(sent)),
               where);
  }
  template <buffer_callback Sent = no_callback>
  void send(owned_buffer bytes, Sent&& sent = {},
            std::source_location where = std::source_location::current()) {
    queue_send(std::move(bytes), address(),
               detail::buffers_completion<owned_buffer>(std::forward<Sent>(sent)), where);
  }
  /// One datagram out of several buffers; at least one.
  template <buffer_callback<std::vector<owned_buffer>> Sent = no_callback>
  void send(std::vector<owned_buffer> bytes, const address& to, Sent&& sent = {},
            std::source_location where = std::source_location::current()) {
    queue_send(std::move(bytes), to,
               detail::buffers_completion<std::vector<owned_buffer>>(std::forward<Sent>(sent)), where);
  }
  template <buffer_callback<std::vector<owned_buffer>> Sent = no_callback>
  void send(std::vector<owned_buffer> bytes, Sent&& sent = {},
            std::source_location where = std::source_location::current()) {
    queue_send(std::move(bytes), address(),
               detail::buffers_completion<std::vector<owned_buffer>>(std::forward<Sent>(sent)), where);
  }

  /// `co_await socket.send_to(bytes, address)`: until the system has taken it, which it most often does at
  /// once; the bytes stay where they are meanwhile. libuv cannot take one back: to cancel it while it
  /// waits for room closes the handle (uv_udp_try_send, uv_udp_send).
  detail::send_operation send_to(std::span<const std::byte> bytes, const address& to,
                                 std::source_location where = std::source_location::current());
  /// The same where connect() said.
  template <class Bytes>
    requires detail::is_byte_span<std::remove_cvref_t<Bytes>>
  detail::send_operation send(Bytes&& bytes, std::source_location where = std::source_location::current()) {
    return send_to(bytes, address(), where);
  }
  /// Sends it now, whole. False: it would have to wait, or others wait; nothing was sent (uv_udp_try_send).
  bool try_send(std::span<const std::byte> bytes, const address& to = {},
                std::source_location where = std::source_location::current());
  /// One datagram out of several spans; at least one.
  bool try_send(std::span<const std::span<const std::byte>> bytes, const address& to = {},
                std::source_location where = std::source_location::current());
  /// Several datagrams, as many as go now, in their order; answers how many that were. What fails after the
  /// first one is told by the next call. It needs a socket: family, bind(), connect() or open(). Since libuv
  /// 1.50; an older one throws function_not_supported (uv_udp_try_send2).
  std::size_t try_send(std::span<const outgoing_datagram> datagrams,
                       std::source_location where = std::source_location::current());

  /// What waits to be sent, in bytes and in datagrams (uv_udp_get_send_queue_size,
  /// uv_udp_get_send_queue_count).
  std::size_t send_queue_size(std::source_location where = std::source_location::current()) const;
  std::size_t send_queue_count(std::source_location where = std::source_location::current()) const;

  // ---- receiving

  /// received is called with each datagram, until recv_stop(); or with outcome<datagram>, which may also hold
  /// an error, after which it goes on. A callback that takes the datagram only lets errors come out of run().
  /// Binds to any IPv4 port if it is not bound. The bytes are the handle's or the loop's, as long as the
  /// callback runs (uv_udp_recv_start).
  template <completion_callback<datagram> Received>
  void recv_start(Received&& received, std::source_location where = std::source_location::current()) {
    start_receiving({}, detail::completion<datagram>(std::forward<Received>(received)), where);
  }
  /// The bytes go where alloc says, which is called before each read, with the size of the largest datagram,
  /// for the memory to read into, which must stay until the next call of alloc, recv_stop() or the end of the
  /// handle. With recvmmsg it is shared out in pieces of 64 KiB, up to 20, and less than one is nothing.
  /// Nothing to read into ends receiving, with no_buffer_space.
  template <class Alloc, completion_callback<datagram> Received>
    requires std::is_invocable_r_v<std::span<std::byte>, std::decay_t<Alloc>&, std::size_t>
  void recv_start(Alloc&& alloc, Received&& received,
                  std::source_location where = std::source_location::current()) {
    start_receiving(std::forward<Alloc>(alloc),
                    detail::completion<datagram>(std::forward<Received>(received)), where);
  }
  /// `auto [size, from, truncated] = co_await socket.receive_from(buffer)`: the next datagram, straight into
  /// the span. One task at a time; a callback that receives is misuse, as is a handle with recvmmsg, whose
  /// batches have no room in a span. Binds to any IPv4 port if it is not bound. Cancelled, it has taken none.
  detail::receive_operation receive_from(std::span<std::byte> into,
                                         std::source_location where = std::source_location::current());
  /// May be called at any time. With recvmmsg, what came together with the datagram that is being told of
  /// right now is lost (uv_udp_recv_stop).
  void recv_stop(std::source_location where = std::source_location::current());
  bool using_recvmmsg(
      std::source_location where = std::source_location::current()) const;  ///< uv_udp_using_recvmmsg

  // ---- multicast and other options; without a socket bad_file_descriptor

  /// group: an address as text. interface: the address of a local interface as text ("::%eth0" for IPv6);
  /// empty: the system's choice. Binds if it is not bound (uv_udp_set_membership).
  void set_membership(std::string_view group, std::string_view interface, membership change,
                      std::source_location where = std::source_location::current());
  /// From one sender only (uv_udp_set_source_membership).
  void set_source_membership(std::string_view group, std::string_view interface, std::string_view source,
                             membership change, std::source_location where = std::source_location::current());
  /// Receives what it sent itself (uv_udp_set_multicast_loop).
  void set_multicast_loop(bool on, std::source_location where = std::source_location::current());
  /// 1 to 255 (uv_udp_set_multicast_ttl).
  void set_multicast_ttl(int ttl, std::source_location where = std::source_location::current());
  /// Where multicast goes out, as for set_membership (uv_udp_set_multicast_interface).
  void set_multicast_interface(std::string_view interface,
                               std::source_location where = std::source_location::current());
  void set_broadcast(bool on,
                     std::source_location where = std::source_location::current());  ///< uv_udp_set_broadcast
  /// 1 to 255 (uv_udp_set_ttl).
  void set_ttl(int ttl, std::source_location where = std::source_location::current());

  /// The system's buffers, in bytes; Linux doubles what is set (uv_send_buffer_size, uv_recv_buffer_size).
  std::size_t send_buffer_size(std::source_location where = std::source_location::current()) const;
  void send_buffer_size(std::size_t size, std::source_location where = std::source_location::current());
  std::size_t recv_buffer_size(std::source_location where = std::source_location::current()) const;
  void recv_buffer_size(std::size_t size, std::source_location where = std::source_location::current());

  /// The descriptor, which stays the handle's (uv_fileno).
  int fileno(std::source_location where = std::source_location::current()) const;
  uv_udp_s* native(std::source_location where = std::source_location::current()) const;

 private:
  friend class pipe;
  explicit udp(detail::handle_block& block) noexcept : handle(block) {}
  void queue_send(owned_buffer bytes, const address& to, detail::buffers_callback sent,
                  std::source_location where);
  void queue_send(std::vector<owned_buffer> bytes, const address& to, detail::buffers_callback sent,
                  std::source_location where);
  void start_receiving(callback<std::span<std::byte>(std::size_t)> alloc,
                       callback<void(outcome<datagram>)> received, std::source_location where);
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
