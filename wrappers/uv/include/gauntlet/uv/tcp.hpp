#pragma once
/// uv_tcp_t, as what connects and talks, and as what listens.

#include <chrono>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "gauntlet/uv/address.hpp"
#include "gauntlet/uv/stream.hpp"

#pragma GCC visibility push(default)

struct uv_tcp_s;

namespace gauntlet::uv {

class tcp_listener;

namespace detail {

class tcp_block;

class [[nodiscard]] tcp_connect_operation final : public handle_operation {
 public:
  tcp_connect_operation(tcp_block& on, const address& peer, std::source_location where) noexcept;
  tcp_connect_operation(tcp_connect_operation&&) noexcept = default;
  ~tcp_connect_operation() override { leave(); }
  std::string object() const override { return peer_.to_string(); }
  void await_resume() { finish(); }

 private:
  void start() override;
  void cancel() noexcept override;

  address peer_;
};

class tcp_accept_operation;

}  // namespace detail

class tcp : public stream {
 public:
  /// No socket yet: connect() or open() makes one. With a family, at once (uv_tcp_init, uv_tcp_init_ex).
  explicit tcp(loop& loop, std::source_location where = std::source_location::current());
  tcp(loop& loop, address_family family, std::source_location where = std::source_location::current());

  /// Takes over a connected or fresh socket, which is closed with the handle; made non-blocking
  /// (uv_tcp_open).
  void open(int socket, std::source_location where = std::source_location::current());
  /// The own end, before connect() (uv_tcp_bind).
  void bind(const address& local, std::source_location where = std::source_location::current());
  /// connected is called when there is a connection, or none (uv_tcp_connect).
  template <completion_callback Connected>
  void connect(const address& peer, Connected&& connected,
               std::source_location where = std::source_location::current()) {
    start_connecting(peer, detail::completion<void>(std::forward<Connected>(connected)), where);
  }

  /// `co_await peer.connect(address)`. libuv cannot stop connecting: to cancel it closes the handle.
  detail::tcp_connect_operation connect(const address& peer,
                                        std::source_location where = std::source_location::current());

  /// Sends small writes at once: no Nagle (uv_tcp_nodelay).
  void nodelay(bool enable, std::source_location where = std::source_location::current());
  /// Probes an idle connection after delay, of whole seconds, at least 1 (uv_tcp_keepalive).
  void keepalive(std::chrono::seconds delay, std::source_location where = std::source_location::current());
  void no_keepalive(std::source_location where = std::source_location::current());
  address local_address(
      std::source_location where = std::source_location::current()) const;  ///< uv_tcp_getsockname
  address peer_address(
      std::source_location where = std::source_location::current()) const;  ///< uv_tcp_getpeername
  /// The system's buffers, in bytes; Linux doubles what is set (uv_send_buffer_size, uv_recv_buffer_size).
  std::size_t send_buffer_size(std::source_location where = std::source_location::current()) const;
  void send_buffer_size(std::size_t size, std::source_location where = std::source_location::current());
  std::size_t recv_buffer_size(std::source_location where = std::source_location::current()) const;
  void recv_buffer_size(std::size_t size, std::source_location where = std::source_location::current());
  /// Closes with RST, dropping what is not sent. After shutdown() it is misuse (uv_tcp_close_reset).
  void close_reset(callback<void()> on_closed = {},
                   std::source_location where = std::source_location::current());

  uv_tcp_s* native(std::source_location where = std::source_location::current()) const;

 private:
  friend class tcp_listener;
  friend class detail::tcp_accept_operation;
  friend class pipe;
  friend std::pair<tcp, tcp> socket_pair(loop& loop, std::source_location where);
  explicit tcp(detail::handle_block& block) noexcept : stream(block) {}
  void start_connecting(const address& peer, callback<void(outcome<>)> connected, std::source_location where);
};

namespace detail {

class [[nodiscard]] tcp_accept_operation final : public accept_operation {
 public:
  tcp_accept_operation(tcp_block& on, std::source_location where) noexcept;
  tcp_accept_operation(tcp_accept_operation&& other) noexcept : accept_operation(std::move(other)) {}
  ~tcp_accept_operation() override { leave(); }
  tcp await_resume() {
    finish();
    return std::move(*taken_);
  }

 private:
  void take() override;

  std::optional<tcp> taken_;
};

}  // namespace detail

/// Two connected ones (uv_socketpair).
std::pair<tcp, tcp> socket_pair(loop& loop, std::source_location where = std::source_location::current());

struct tcp_listen_options {
  bool ipv6_only = false;  ///< UV_TCP_IPV6ONLY
  /// Others may listen there, too, and the system shares out what comes (UV_TCP_REUSEPORT; with a libuv older
  /// than 1.49 SO_REUSEPORT, by the wrapper).
  bool reuse_port = false;
};

class tcp_listener : public handle {
 public:
  /// Bound to local; port 0 takes a free one (uv_tcp_init, uv_tcp_bind).
  tcp_listener(loop& loop, const address& local, tcp_listen_options options = {},
               std::source_location where = std::source_location::current());
  /// Takes over a bound socket (uv_tcp_open).
  tcp_listener(loop& loop, int socket, std::source_location where = std::source_location::current());

  /// accepted is called with each connection: a tcp, or outcome<tcp>, which may also hold an error; without
  /// an outcome errors come out of run(). backlog: connections that the system lets wait (uv_listen,
  /// uv_accept).
  template <class Accepted>
    requires std::is_invocable_v<std::decay_t<Accepted>&, outcome<tcp>> ||
             std::is_invocable_v<std::decay_t<Accepted>&, tcp>
  void listen(Accepted&& accepted, int backlog = 511,
              std::source_location where = std::source_location::current()) {
    start_accepting(detail::completion<tcp>(std::forward<Accepted>(accepted)), backlog, where);
  }
  /// waiting is called when a connection waits for try_accept(), and not again before that was called: who is
  /// busy takes none. It takes nothing, or outcome<>.
  template <completion_callback Waiting>
    requires(!std::is_invocable_v<std::decay_t<Waiting>&, outcome<tcp>> &&
             !std::is_invocable_v<std::decay_t<Waiting>&, tcp>)
  void listen(Waiting&& waiting, int backlog = 511,
              std::source_location where = std::source_location::current()) {
    start_listening(detail::completion<void>(std::forward<Waiting>(waiting)), backlog, where);
  }
  /// For accept(), which else begins with a backlog of 511.
  void listen(int backlog, std::source_location where = std::source_location::current());
  /// `uv::tcp peer = co_await listener.accept()`. Several tasks may wait, and are served in their order;
  /// connections that nobody waits for stay with the system. Cancelled, it has taken none (uv_accept).
  detail::tcp_accept_operation accept(std::source_location where = std::source_location::current());
  /// The connection that waits, if there is one (uv_accept).
  std::optional<tcp> try_accept(std::source_location where = std::source_location::current());

  address local_address(
      std::source_location where = std::source_location::current()) const;  ///< uv_tcp_getsockname
  /// Several accepts at once, on Windows (uv_tcp_simultaneous_accepts).
  void simultaneous_accepts(bool enable, std::source_location where = std::source_location::current());
  /// The descriptor, which stays the handle's (uv_fileno).
  int fileno(std::source_location where = std::source_location::current()) const;
  uv_tcp_s* native(std::source_location where = std::source_location::current()) const;

 private:
  friend class pipe;
  explicit tcp_listener(detail::handle_block& block) noexcept : handle(block) {}
  void start_accepting(callback<void(outcome<tcp>)> accepted, int backlog, std::source_location where);
  void start_listening(callback<void(outcome<>)> waiting, int backlog, std::source_location where);
};

}  // namespace gauntlet::uv

#pragma GCC visibility pop
