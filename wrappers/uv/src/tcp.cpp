#include "gauntlet/uv/tcp.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "descriptor_guard.hpp"
#include "tcp_block.hpp"

namespace gauntlet::uv {
namespace {

using detail::tcp_block;

tcp_block& open_tcp(const uv::loop& owner, unsigned flags, const char* operation,
                    const std::source_location& where) {
  return tcp_block::open(detail::loop_core::of(owner, operation, where), flags, operation, where);
}

unsigned flags_of(address_family family, const std::source_location& where) {
  switch (family) {
    case address_family::none:
      return AF_UNSPEC;
    case address_family::ip4:
      return AF_INET;
    case address_family::ip6:
      return AF_INET6;
    case address_family::local:
      break;
  }
  throw misuse("tcp", "TCP has IPv4 and IPv6 addresses only: use a uv::pipe for a Unix socket", where);
}

void require_ip(const address& given, const char* operation, const std::source_location& where) {
  if (!given.is_ip())
    throw misuse(operation, "TCP has IPv4 and IPv6 addresses only: make one with address::ip", where);
}

#if UV_VERSION_HEX < ((1 << 16) | (49 << 8))
/// What libuv does since 1.49: the socket is made before it is bound.
void open_reusing_port(tcp_block& used, const address& local, const std::source_location& where) {
  detail::descriptor_guard socket(
      ::socket(local.native()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (socket.get() < 0 || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    throw error(uv_translate_sys_error(errno), "tcp_listener", "reuse_port", where);
  detail::check(uv_tcp_open(&used.tcp, socket.get()), used, "tcp_listener", where);
  static_cast<void>(socket.release());
}
#endif

tcp_block& use_tcp(detail::handle_block* block, const char* operation, const std::source_location& where) {
  return detail::use<tcp_block>(block, operation, where);
}

}  // namespace

tcp::tcp(uv::loop& loop, std::source_location where) : stream(open_tcp(loop, AF_UNSPEC, "tcp", where)) {}
tcp::tcp(uv::loop& loop, address_family family, std::source_location where)
    : stream(open_tcp(loop, flags_of(family, where), "tcp", where)) {}

void tcp::open(int socket, std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp::open", where);
  detail::check(uv_tcp_open(&used.tcp, socket), used, "tcp::open", where);
}

void tcp::bind(const address& local, std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp::bind", where);
  require_ip(local, "tcp::bind", where);
  if (const int status = uv_tcp_bind(&used.tcp, local.native(), 0); status < 0)
    throw error(status, "tcp::bind", local.to_string(), where);
}

void tcp::start_connecting(const address& peer, callback<void(outcome<>)> connected,
                           std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp::connect", where);
  detail::require_callable(connected, "tcp::connect", where);
  require_ip(peer, "tcp::connect", where);
  auto made = used.loop().make<detail::connect_block>("connect", "tcp::connect", where, peer.to_string(),
                                                      std::move(connected));
  const std::string subject = made->subject();
  detail::submit(std::move(made), "tcp::connect", subject, where, [&](detail::connect_block& block) {
    return uv_tcp_connect(&block.request, &used.tcp, peer.native(), detail::connect_block::on_done);
  });
}

detail::tcp_connect_operation tcp::connect(const address& peer, std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp::connect", where);
  require_ip(peer, "tcp::connect", where);
  return {used, peer, where};
}

detail::tcp_connect_operation::tcp_connect_operation(tcp_block& on, const address& peer,
                                                     std::source_location where) noexcept
    : handle_operation(on, "tcp::connect", where), peer_(peer) {}

void detail::tcp_connect_operation::start() {
  require_usable();
  // SAFETY: the constructor was given one.
  auto& used = static_cast<tcp_block&>(on());
  using connecting = awaited_request<uv_connect_t>;
  submit(used.loop().make<connecting>(*this), kind(), object(), where(), [&](connecting& made) {
    return uv_tcp_connect(&made.request, &used.tcp, peer_.native(), connecting::on_done);
  });
}

void detail::tcp_connect_operation::cancel() noexcept { on().abort(); }

void tcp::nodelay(bool enable, std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp::nodelay", where);
  detail::check(uv_tcp_nodelay(&used.tcp, enable ? 1 : 0), used, "tcp::nodelay", where);
}

void tcp::keepalive(std::chrono::seconds delay, std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp::keepalive", where);
  if (delay.count() < 1 || delay.count() > INT_MAX)
    throw misuse("tcp::keepalive", "the delay must be at least one second", where);
  detail::check(uv_tcp_keepalive(&used.tcp, 1, static_cast<unsigned>(delay.count())), used, "tcp::keepalive",
                where);
}

void tcp::no_keepalive(std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp::no_keepalive", where);
  detail::check(uv_tcp_keepalive(&used.tcp, 0, 0), used, "tcp::no_keepalive", where);
}

address tcp::local_address(std::source_location where) const {
  const tcp_block& used = use_tcp(block_, "tcp::local_address", where);
  return detail::address_of(uv_tcp_getsockname, used.tcp, used, "tcp::local_address", where);
}

address tcp::peer_address(std::source_location where) const {
  const tcp_block& used = use_tcp(block_, "tcp::peer_address", where);
  return detail::address_of(uv_tcp_getpeername, used.tcp, used, "tcp::peer_address", where);
}

std::size_t tcp::send_buffer_size(std::source_location where) const {
  return detail::buffer_size<uv_send_buffer_size>(use_tcp(block_, "tcp::send_buffer_size", where),
                                                  "tcp::send_buffer_size", where);
}
void tcp::send_buffer_size(std::size_t size, std::source_location where) {
  detail::set_buffer_size<uv_send_buffer_size>(use_tcp(block_, "tcp::send_buffer_size", where), size,
                                               "tcp::send_buffer_size", where);
}
std::size_t tcp::recv_buffer_size(std::source_location where) const {
  return detail::buffer_size<uv_recv_buffer_size>(use_tcp(block_, "tcp::recv_buffer_size", where),
                                                  "tcp::recv_buffer_size", where);
}
void tcp::recv_buffer_size(std::size_t size, std::source_location where) {
  detail::set_buffer_size<uv_recv_buffer_size>(use_tcp(block_, "tcp::recv_buffer_size", where), size,
                                               "tcp::recv_buffer_size", where);
}

void tcp::close_reset(callback<void()> on_closed, std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp::close_reset", where);
  used.close_with(std::move(on_closed), [&](uv_close_cb closed) {
    const int status = uv_tcp_close_reset(&used.tcp, closed);
    if (status == UV_EINVAL)
      throw misuse("tcp::close_reset", "shutdown() was called before: use close() instead", where);
    detail::check(status, used, "tcp::close_reset", where);
  });
}

uv_tcp_s* tcp::native(std::source_location where) const { return &use_tcp(block_, "tcp::native", where).tcp; }

std::pair<tcp, tcp> socket_pair(uv::loop& loop, std::source_location where) {
  std::pair<tcp, tcp> ends{tcp(loop, where), tcp(loop, where)};
  std::array<uv_os_sock_t, 2> sockets{};
  if (const int status = uv_socketpair(SOCK_STREAM, 0, sockets.data(), UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE);
      status < 0)
    throw error(status, "socket_pair", "tcp", where);
  detail::descriptor_guard first(sockets[0]);
  detail::descriptor_guard second(sockets[1]);
  ends.first.open(first.get(), where);
  static_cast<void>(first.release());
  ends.second.open(second.get(), where);
  static_cast<void>(second.release());
  return ends;
}

// ---- tcp_listener

tcp_listener::tcp_listener(uv::loop& loop, const address& local, tcp_listen_options options,
                           std::source_location where)
    : handle(open_tcp(loop, AF_UNSPEC, "tcp_listener", where)) {
  tcp_block& used = use_tcp(block_, "tcp_listener", where);
  require_ip(local, "tcp_listener", where);
  unsigned flags = options.ipv6_only ? static_cast<unsigned>(UV_TCP_IPV6ONLY) : 0;
  if (options.reuse_port) {
#if UV_VERSION_HEX >= ((1 << 16) | (49 << 8))
    flags |= static_cast<unsigned>(UV_TCP_REUSEPORT);
#else
    open_reusing_port(used, local, where);
#endif
  }
  if (const int status = uv_tcp_bind(&used.tcp, local.native(), flags); status < 0)
    throw error(status, "tcp_listener", local.to_string(), where);
}

tcp_listener::tcp_listener(uv::loop& loop, int socket, std::source_location where)
    : handle(open_tcp(loop, AF_UNSPEC, "tcp_listener", where)) {
  tcp_block& used = use_tcp(block_, "tcp_listener", where);
  detail::check(uv_tcp_open(&used.tcp, socket), used, "tcp_listener", where);
}

void tcp_listener::start_accepting(callback<void(outcome<tcp>)> accepted, int backlog,
                                   std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp_listener::listen", where);
  detail::require_callable(accepted, "tcp_listener::listen", where);
  used.listen(
      backlog,
      [&used, where, told = std::move(accepted)](int status) mutable {
        if (status < 0) {
          told(error(status, "tcp_listener::listen", "tcp", where));
          return;
        }
        tcp peer(tcp_block::open(used.loop(), AF_UNSPEC, "tcp_listener::listen", where));
        used.accept(use_tcp(peer.block_, "tcp_listener::listen", where), "tcp_listener::listen", where);
        told(std::move(peer));
      },
      "tcp_listener::listen", where);
}

void tcp_listener::start_listening(callback<void(outcome<>)> waiting, int backlog,
                                   std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp_listener::listen", where);
  detail::require_callable(waiting, "tcp_listener::listen", where);
  used.listen(
      backlog,
      [where, told = std::move(waiting)](int status) mutable {
        told(detail::ended(status, "tcp_listener::listen", "tcp", where));
      },
      "tcp_listener::listen", where);
}

std::optional<tcp> tcp_listener::try_accept(std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp_listener::try_accept", where);
  if (!used.has_connection()) return std::nullopt;
  tcp peer(tcp_block::open(used.loop(), AF_UNSPEC, "tcp_listener::try_accept", where));
  used.accept(use_tcp(peer.block_, "tcp_listener::try_accept", where), "tcp_listener::try_accept", where);
  return peer;
}

void tcp_listener::listen(int backlog, std::source_location where) {
  use_tcp(block_, "tcp_listener::listen", where).listen_for_waits(backlog, "tcp_listener::listen", where);
}

detail::tcp_accept_operation tcp_listener::accept(std::source_location where) {
  return {use_tcp(block_, "tcp_listener::accept", where), where};
}

detail::tcp_accept_operation::tcp_accept_operation(tcp_block& on, std::source_location where) noexcept
    : accept_operation(on, "tcp_listener::accept", where) {}

void detail::tcp_accept_operation::take() {
  // SAFETY: the constructor was given one.
  auto& listener = static_cast<tcp_block&>(on());
  tcp_block& peer = tcp_block::open(listener.loop(), AF_UNSPEC, kind(), where());
  taken_.emplace(tcp(peer));
  listener.accept(peer, kind(), where());
}

address tcp_listener::local_address(std::source_location where) const {
  const tcp_block& used = use_tcp(block_, "tcp_listener::local_address", where);
  return detail::address_of(uv_tcp_getsockname, used.tcp, used, "tcp_listener::local_address", where);
}

void tcp_listener::simultaneous_accepts(bool enable, std::source_location where) {
  tcp_block& used = use_tcp(block_, "tcp_listener::simultaneous_accepts", where);
  detail::check(uv_tcp_simultaneous_accepts(&used.tcp, enable ? 1 : 0), used,
                "tcp_listener::simultaneous_accepts", where);
}

int tcp_listener::fileno(std::source_location where) const {
  return detail::descriptor_of(use_tcp(block_, "tcp_listener::fileno", where), "tcp_listener::fileno", where);
}

uv_tcp_s* tcp_listener::native(std::source_location where) const {
  return &use_tcp(block_, "tcp_listener::native", where).tcp;
}

}  // namespace gauntlet::uv
