#pragma once
/// uv_pipe_t: Unix sockets and anonymous pipes, as what connects and talks, and as what listens; and handles
/// sent through them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gauntlet/uv/address.hpp"
#include "gauntlet/uv/stream.hpp"
#include "gauntlet/uv/tcp.hpp"
#include "gauntlet/uv/udp.hpp"

#pragma GCC visibility push(default)

struct uv_pipe_s;

namespace gauntlet::uv {

class pipe_listener;

namespace detail {

class pipe_block;
class pipe_accept_operation;

class [[nodiscard]] pipe_connect_operation final : public handle_operation {
 public:
  pipe_connect_operation(pipe_block& on, const address& peer, std::source_location where) noexcept;
  pipe_connect_operation(pipe_connect_operation&&) noexcept = default;
  ~pipe_connect_operation() override { leave(); }
  std::string object() const override { return peer_.to_string(); }
  void await_resume() { finish(); }

 private:
  void start() override;
  void cancel() noexcept override;

  address peer_;
};

}  // namespace detail

struct pipe_options {
  bool ipc = false;  ///< handles can be sent and received, too: both ends must say so
};

/// Who may connect to a socket in the file system.
enum class pipe_access : std::uint8_t {
  readable = 1,  ///< UV_READABLE
  writable = 2,  ///< UV_WRITABLE
  both = 3,
};

/// What has come through a pipe and waits for its accept_.
enum class pending_kind : std::uint8_t {
  none,
  tcp,
  pipe,
  udp,
  other,  ///< a file, a terminal: libuv cannot take it; see drop_pending()
};

class pipe : public stream {
 public:
  /// No socket yet: connect() or open() makes one (uv_pipe_init).
  explicit pipe(loop& loop, std::source_location where = std::source_location::current());
  pipe(loop& loop, pipe_options options, std::source_location where = std::source_location::current());

  /// Takes over a connected Unix socket, a FIFO or an end of a pipe, which is closed with the handle; made
  /// non-blocking. If this throws, it is still the caller's (uv_pipe_open).
  void open(int descriptor, std::source_location where = std::source_location::current());
  /// connected is called when there is a connection, or none. While one is being made, and when there is one,
  /// it is an error (EALREADY, EISCONN). An abstract name needs libuv 1.46; an older one throws
  /// function_not_supported (uv_pipe_connect2, before 1.46 uv_pipe_connect).
  template <completion_callback Connected>
  void connect(const address& peer, Connected&& connected,
               std::source_location where = std::source_location::current()) {
    start_connecting(peer, detail::completion<void>(std::forward<Connected>(connected)), where);
  }
  /// path: in the file system.
  template <completion_callback Connected>
  void connect(std::string_view path, Connected&& connected,
               std::source_location where = std::source_location::current()) {
    start_connecting(address::unix_path(path, where),
                     detail::completion<void>(std::forward<Connected>(connected)), where);
  }

  /// `co_await peer.connect(path)`. libuv cannot stop connecting: to cancel it closes the handle.
  detail::pipe_connect_operation connect(const address& peer,
                                         std::source_location where = std::source_location::current());
  detail::pipe_connect_operation connect(std::string_view path,
                                         std::source_location where = std::source_location::current());

  // ---- sending handles

  /// A handle on its way: it stays its owner's, and both processes have it afterwards. It has a socket, and
  /// belongs to the loop of the pipe.
  class sent_handle;

  using stream::try_write;
  using stream::write;
  /// Queues the bytes, at least one, and the handle with them. The owner may close it or let it go at once:
  /// its callbacks come no more, and it is closed when it has been sent. If the pipe that it goes through is
  /// closed before, or it is a pipe that waits to send handles itself, nothing is waited for, and the write
  /// fails (uv_write2).
  template <buffer_callback Written = no_callback>
  bool write(owned_buffer bytes, const sent_handle& sent, Written&& written = {},
             std::source_location where = std::source_location::current());
  template <buffer_callback<std::vector<owned_buffer>> Written = no_callback>
  bool write(std::vector<owned_buffer> bytes, const sent_handle& sent, Written&& written = {},
             std::source_location where = std::source_location::current());
  /// `co_await channel.write(bytes, sent)`, of a std::span of std::byte.
  template <class Bytes>
    requires detail::is_byte_span<std::remove_cvref_t<Bytes>>
  detail::write_operation write(Bytes&& bytes, const sent_handle& sent,
                                std::source_location where = std::source_location::current()) {
    return await_write_with(bytes, sent, where);
  }
  /// Writes what can be written at once, the handle with the first byte; answers how many bytes that were. 0:
  /// the handle has not been sent (uv_try_write2).
  std::size_t try_write(std::span<const std::byte> bytes, const sent_handle& sent,
                        std::source_location where = std::source_location::current());

  // ---- receiving handles: they come with the bytes that they were sent with, so look when you read

  /// How many wait (uv_pipe_pending_count). Those that nobody takes are closed with the pipe.
  std::size_t pending_count(std::source_location where = std::source_location::current()) const;
  /// What the first one is (uv_pipe_pending_type).
  pending_kind pending_type(std::source_location where = std::source_location::current()) const;
  /// The first one. If none waits it is an error (resource_unavailable_try_again), if it is of another kind
  /// misuse. Whether a socket listens cannot be seen: sender and receiver agree on that (uv_accept).
  tcp accept_tcp(std::source_location where = std::source_location::current());
  tcp_listener accept_tcp_listener(std::source_location where = std::source_location::current());
  pipe accept_pipe(pipe_options options = {}, std::source_location where = std::source_location::current());
  pipe_listener accept_pipe_listener(pipe_options accepted = {},
                                     std::source_location where = std::source_location::current());
  udp accept_udp(std::source_location where = std::source_location::current());
  /// Closes the first one, of whatever kind.
  void drop_pending(std::source_location where = std::source_location::current());

  /// A path, an abstract name, or an unnamed Unix socket. An end of an anonymous pipe has none: not_a_socket.
  address local_address(
      std::source_location where = std::source_location::current()) const;  ///< uv_pipe_getsockname
  address peer_address(
      std::source_location where = std::source_location::current()) const;  ///< uv_pipe_getpeername
  /// The system's buffers, in bytes; Linux doubles what is set (uv_send_buffer_size, uv_recv_buffer_size).
  std::size_t send_buffer_size(std::source_location where = std::source_location::current()) const;
  void send_buffer_size(std::size_t size, std::source_location where = std::source_location::current());
  std::size_t recv_buffer_size(std::source_location where = std::source_location::current()) const;
  void recv_buffer_size(std::size_t size, std::source_location where = std::source_location::current());

  uv_pipe_s* native(std::source_location where = std::source_location::current()) const;

 private:
  friend class pipe_listener;
  friend class detail::pipe_accept_operation;
  detail::write_operation await_write_with(std::span<const std::byte> bytes, const sent_handle& sent,
                                           const std::source_location& where);
  explicit pipe(detail::handle_block& block) noexcept : stream(block) {}
  void start_connecting(const address& peer, callback<void(outcome<>)> connected, std::source_location where);
  bool queue_write_with(std::vector<owned_buffer> bytes, const sent_handle& sent,
                        detail::buffers_callback written, std::source_location where);
  bool queue_write_with(owned_buffer bytes, const sent_handle& sent, detail::buffers_callback written,
                        std::source_location where);
  void accept(detail::handle_block& into, pending_kind kind, const char* operation,
              const std::source_location& where);
};

namespace detail {

class [[nodiscard]] pipe_accept_operation final : public accept_operation {
 public:
  pipe_accept_operation(pipe_block& on, std::source_location where) noexcept;
  pipe_accept_operation(pipe_accept_operation&& other) noexcept : accept_operation(std::move(other)) {}
  ~pipe_accept_operation() override { leave(); }
  pipe await_resume() {
    finish();
    return std::move(*taken_);
  }

 private:
  void take() override;

  std::optional<pipe> taken_;
};

}  // namespace detail

struct pipe_listen_options {
  pipe_options accepted{};  ///< of the connections
};

class pipe_listener : public handle {
 public:
  /// Bound to local; a path is made, and removed with the handle. An abstract name needs libuv 1.46, as does
  /// a path of 108 bytes; an older one throws function_not_supported (uv_pipe_bind2, before 1.46
  /// uv_pipe_bind).
  pipe_listener(loop& loop, const address& local, pipe_listen_options options = {},
                std::source_location where = std::source_location::current());
  /// path: in the file system.
  pipe_listener(loop& loop, std::string_view path, pipe_listen_options options = {},
                std::source_location where = std::source_location::current());
  /// Takes over a bound socket (uv_pipe_open).
  pipe_listener(loop& loop, int socket, pipe_listen_options options = {},
                std::source_location where = std::source_location::current());

  /// accepted is called with each connection: a pipe, or outcome<pipe>, which may also hold an error; without
  /// an outcome errors come out of run(). backlog: connections that the system lets wait (uv_listen,
  /// uv_accept).
  template <class Accepted>
    requires std::is_invocable_v<std::decay_t<Accepted>&, outcome<pipe>> ||
             std::is_invocable_v<std::decay_t<Accepted>&, pipe>
  void listen(Accepted&& accepted, int backlog = 511,
              std::source_location where = std::source_location::current()) {
    start_accepting(detail::completion<pipe>(std::forward<Accepted>(accepted)), backlog, where);
  }
  /// waiting is called when a connection waits for try_accept(), and not again before that was called: who is
  /// busy takes none. It takes nothing, or outcome<>.
  template <completion_callback Waiting>
    requires(!std::is_invocable_v<std::decay_t<Waiting>&, outcome<pipe>> &&
             !std::is_invocable_v<std::decay_t<Waiting>&, pipe>)
  void listen(Waiting&& waiting, int backlog = 511,
              std::source_location where = std::source_location::current()) {
    start_listening(detail::completion<void>(std::forward<Waiting>(waiting)), backlog, where);
  }
  /// For accept(), which else begins with a backlog of 511.
  void listen(int backlog, std::source_location where = std::source_location::current());
  /// `uv::pipe peer = co_await listener.accept()`. Several tasks may wait, and are served in their order;
  /// connections that nobody waits for stay with the system. Cancelled, it has taken none (uv_accept).
  detail::pipe_accept_operation accept(std::source_location where = std::source_location::current());
  /// The connection that waits, if there is one (uv_accept).
  std::optional<pipe> try_accept(std::source_location where = std::source_location::current());

  address local_address(
      std::source_location where = std::source_location::current()) const;  ///< uv_pipe_getsockname
  /// Lets everybody connect who could not; takes no right away (uv_pipe_chmod).
  void chmod(pipe_access access, std::source_location where = std::source_location::current());
  /// How many connections may wait, on Windows (uv_pipe_pending_instances).
  void pending_instances(int count, std::source_location where = std::source_location::current());
  /// The descriptor, which stays the handle's (uv_fileno).
  int fileno(std::source_location where = std::source_location::current()) const;
  uv_pipe_s* native(std::source_location where = std::source_location::current()) const;

 private:
  friend class pipe;
  explicit pipe_listener(detail::handle_block& block) noexcept : handle(block) {}
  void start_accepting(callback<void(outcome<pipe>)> accepted, int backlog, std::source_location where);
  void start_listening(callback<void(outcome<>)> waiting, int backlog, std::source_location where);
};

/// Made by the call that it is given to; it points to the handle.
class pipe::sent_handle {
 public:
  sent_handle(const tcp& sent) noexcept : block_(sent.block_) {}
  sent_handle(const tcp_listener& sent) noexcept : block_(sent.block_) {}
  sent_handle(const pipe& sent) noexcept : block_(sent.block_) {}
  sent_handle(const pipe_listener& sent) noexcept : block_(sent.block_) {}
  sent_handle(const udp& sent) noexcept : block_(sent.block_) {}

 private:
  friend class pipe;
  detail::handle_block* block_;
};

template <buffer_callback Written>
bool pipe::write(owned_buffer bytes, const sent_handle& sent, Written&& written, std::source_location where) {
  return queue_write_with(std::move(bytes), sent,
                          detail::buffers_completion<owned_buffer>(std::forward<Written>(written)), where);
}
template <buffer_callback<std::vector<owned_buffer>> Written>
bool pipe::write(std::vector<owned_buffer> bytes, const sent_handle& sent, Written&& written,
                 std::source_location where) {
  return queue_write_with(
      std::move(bytes), sent,
      detail::buffers_completion<std::vector<owned_buffer>>(std::forward<Written>(written)), where);
}

/// Two that are connected with each other (uv_socketpair).
std::pair<pipe, pipe> pipe_pair(loop& loop, pipe_options options = {},
                                std::source_location where = std::source_location::current());

/// An anonymous pipe: first the end to read from, then the one to write to (uv_pipe).
std::pair<pipe, pipe> make_pipe(loop& loop, std::source_location where = std::source_location::current());

struct make_pipe_options {
  bool nonblocking_read = false;   ///< UV_NONBLOCK_PIPE of the end to read from
  bool nonblocking_write = false;  ///< UV_NONBLOCK_PIPE of the end to write to
};
/// The two ends, which the caller closes. They are not inherited over exec().
struct pipe_descriptors {
  int read = -1;
  int write = -1;
};
/// An anonymous pipe as descriptors, for any thread (uv_pipe).
pipe_descriptors make_pipe(make_pipe_options options = {},
                           std::source_location where = std::source_location::current());

}  // namespace gauntlet::uv

#pragma GCC visibility pop
