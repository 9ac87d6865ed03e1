#include "gauntlet/uring/socket.hpp"

#include <gauntlet/shim/uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "descriptor_block.hpp"
#include "file_table_access.hpp"
#include "gauntlet/memory_checker.hpp"
#include "require_address.hpp"
#include "ring_core.hpp"
#include "shot_block.hpp"

namespace gauntlet::uring {
namespace {

using detail::file_table_access;
using detail::file_table_block;
using detail::opcode;
using detail::operands;
using detail::ring_operation;

static_assert(static_cast<int>(socket_type::stream) == SOCK_STREAM &&
              static_cast<int>(socket_type::datagram) == SOCK_DGRAM &&
              static_cast<int>(socket_type::seqpacket) == SOCK_SEQPACKET);
static_assert(decltype(detail::kept_peer::name)::size() == sizeof(sockaddr_storage));

int domain_of(address_family family, const char* operation, const std::source_location& where) {
  switch (family) {
    case address_family::ip4:
      return AF_INET;
    case address_family::ip6:
      return AF_INET6;
    case address_family::local:
      return AF_UNIX;
    case address_family::none:
      break;
  }
  throw misuse(operation, "a socket needs a family: ip4, ip6 or local", where);
}

// SAFETY (both): kept_peer put them there.
sockaddr* name_in(const operands& on) noexcept {
  return static_cast<sockaddr*>(const_cast<void*>(on.address));
}
socklen_t* name_size_in(const operands& on) noexcept {
  return static_cast<socklen_t*>(const_cast<void*>(on.second_address));
}

void peer_written(const operands& on, std::int32_t) noexcept {
  mark_written(on.second_address, sizeof(socklen_t));
  mark_written(on.address, std::min<std::size_t>(*name_size_in(on), sizeof(sockaddr_storage)));
}

int queue_socket(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_socket(ring, entry, on.second_fd, on.flags, 0, 0);
}
int queue_fixed_socket(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_socket_direct_alloc(ring, entry, on.second_fd, on.flags, 0, 0);
}
constexpr opcode socket_code{.kind = "open_socket", .queue = queue_socket};
constexpr opcode fixed_socket_code{.kind = "open_socket", .queue = queue_fixed_socket};

int queue_listen(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_listen(ring, entry, on.fd, on.flags);
}
constexpr opcode listen_code{
    .kind = "socket::listen", .queue = queue_listen, .instead = [](const operands& on) noexcept {
      return ::listen(on.fd, on.flags) < 0 ? -errno : 0;
    }};

// What comes into a table has no number of the system's, and no flag for one.
int queue_accept(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_accept(ring, entry, on.fd, name_in(on), name_size_in(on), SOCK_CLOEXEC);
}
int queue_fixed_accept(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_accept_direct(ring, entry, on.fd, nullptr, nullptr, 0, detail::any_place);
}
int queue_accepts(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_multishot_accept(ring, entry, on.fd, nullptr, nullptr, SOCK_CLOEXEC);
}
int queue_fixed_accepts(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_multishot_accept_direct(ring, entry, on.fd, nullptr, nullptr, 0);
}
constexpr opcode accept_code{.kind = "listener::accept", .queue = queue_accept};
constexpr opcode fixed_accept_code{.kind = "listener::accept", .queue = queue_fixed_accept};
constexpr opcode accept_from_code{
    .kind = "listener::accept_from", .queue = queue_accept, .written = peer_written};
constexpr opcode accept_multishot_code{.kind = "listener::accept_multishot", .queue = queue_accepts};
constexpr opcode fixed_accept_multishot_code{.kind = "listener::accept_multishot",
                                             .queue = queue_fixed_accepts};

// ---- tables

file_table_block& table_of(const file_table& into, const detail::ring_core& ring, const char* operation,
                           const std::source_location& where) {
  file_table_block& table = file_table_access::use(into, operation, where);
  if (&table.ring() != &ring)
    throw misuse(operation, "the table is of another ring: take one of the listener's", where);
  return table;
}

fixed_socket take_fixed(detail::submission<detail::kept_table>& ended) {
  return file_table_access::make<fixed_socket>(*ended.kept().table.get(),
                                               static_cast<std::uint32_t>(ended.res()));
}

/// Connections that come into a table.
class fixed_accepts final : public detail::shot_block {
 public:
  fixed_accepts(detail::descriptor_block& on, file_table_block& table, const std::source_location& where)
      : shot_block(on, fixed_accept_multishot_code, {}, detail::shot_result::descriptor, nullptr, where),
        table_(table) {}
  file_table_block& table() const noexcept { return *table_.get(); }

 private:
  void close_one(std::int32_t place) noexcept override { table().clear(static_cast<std::uint32_t>(place)); }
  detail::file_table_use table_;
};

fixed_socket take_one(detail::shot_block& block, detail::completion told) {
  // SAFETY: only the accept_multishot of a table makes multishots of fixed sockets.
  return file_table_access::make<fixed_socket>(static_cast<fixed_accepts&>(block).table(),
                                               static_cast<std::uint32_t>(told.res));
}

// ---- plain calls

int new_socket(address_family family, socket_type type, const char* operation,
               const std::source_location& where) {
  const int made = ::socket(domain_of(family, operation, where), static_cast<int>(type) | SOCK_CLOEXEC, 0);
  if (made < 0) throw error(-errno, operation, "socket", where);
  return made;
}

void check(int status, const char* operation, int number, const std::source_location& where) {
  if (status < 0) throw error(-errno, operation, "descriptor " + std::to_string(number), where);
}

void set(int number, int level, int name, int value, const char* operation,
         const std::source_location& where) {
  check(::setsockopt(number, level, name, &value, sizeof value), operation, number, where);
}

std::size_t get_size(int number, int name, const char* operation, const std::source_location& where) {
  int value = 0;
  socklen_t size = sizeof value;
  check(::getsockopt(number, SOL_SOCKET, name, &value, &size), operation, number, where);
  return static_cast<std::size_t>(value);
}

void set_size(int number, int name, std::size_t value, const char* operation,
              const std::source_location& where) {
  set(number, SOL_SOCKET, name, static_cast<int>(std::min<std::size_t>(value, INT32_MAX)), operation, where);
}

address name_of(int (*ask)(int, sockaddr*, socklen_t*), int number, const char* operation,
                const std::source_location& where) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  check(ask(number, name, &size), operation, number, where);
  return address::from_native(name, size, where);
}
int own_name(int number, sockaddr* name, socklen_t* size) { return ::getsockname(number, name, size); }
int peers_name(int number, sockaddr* name, socklen_t* size) { return ::getpeername(number, name, size); }

/// Bound and listening.
int new_listener(const address& local, const listen_options& options, const std::source_location& where) {
  constexpr const char* operation = "listener";
  detail::require_address(local, operation, where);
  const int made = new_socket(local.family(), options.type, operation, where);
  try {
    if (local.is_ip()) set(made, SOL_SOCKET, SO_REUSEADDR, 1, operation, where);
    if (options.reuse_port) set(made, SOL_SOCKET, SO_REUSEPORT, 1, operation, where);
    if (options.ipv6_only) set(made, IPPROTO_IPV6, IPV6_V6ONLY, 1, operation, where);
    if (::bind(made, local.native(), static_cast<socklen_t>(local.size())) < 0 ||
        ::listen(made, options.backlog) < 0)
      throw error(-errno, operation, local.to_string(), where);
  } catch (...) {
    ::close(made);
    throw;
  }
  return made;
}

}  // namespace

// ---- socket

socket::socket(ring& on, address_family family, socket_type type, std::source_location where)
    : socket_operations(detail::ring_core::of(on, "socket", where),
                        new_socket(family, type, "socket", where)) {}

socket::socket(ring& on, int number, std::source_location where)
    : socket_operations(detail::ring_core::of(on, "socket", where), number) {}

ring_operation<socket> open_socket(ring& on, address_family family, socket_type type,
                                   std::source_location where) {
  return {detail::ring_core::of(on, socket_code.kind, where),
          socket_code,
          {.second_fd = domain_of(family, socket_code.kind, where),
           .flags = static_cast<int>(type) | SOCK_CLOEXEC},
          [](detail::submission<detail::nothing_kept>& ended) { return socket(ended.ring(), ended.res()); },
          where};
}

ring_operation<fixed_socket, detail::kept_table> open_socket(file_table& into, address_family family,
                                                             socket_type type, std::source_location where) {
  file_table_block& table = file_table_access::use(into, fixed_socket_code.kind, where);
  return {table.ring(),
          fixed_socket_code,
          {.second_fd = domain_of(family, fixed_socket_code.kind, where), .flags = static_cast<int>(type)},
          take_fixed,
          where,
          {detail::file_table_use(table)}};
}

ring_operation<void> socket::listen(int backlog, std::source_location where) {
  return {use(listen_code.kind, where), listen_code, {.flags = backlog}, detail::no_value, where};
}

address socket::local_address(std::source_location where) const {
  constexpr const char* operation = "socket::local_address";
  return name_of(own_name, use(operation, where).number(), operation, where);
}

address socket::peer_address(std::source_location where) const {
  constexpr const char* operation = "socket::peer_address";
  return name_of(peers_name, use(operation, where).number(), operation, where);
}

void socket::nodelay(bool enable, std::source_location where) {
  constexpr const char* operation = "socket::nodelay";
  set(use(operation, where).number(), IPPROTO_TCP, TCP_NODELAY, enable ? 1 : 0, operation, where);
}

void socket::keepalive(std::chrono::seconds delay, std::source_location where) {
  constexpr const char* operation = "socket::keepalive";
  if (delay.count() < 1 || delay.count() > INT16_MAX)
    throw misuse(operation, "the delay must be 1 to 32767 seconds", where);
  const int number = use(operation, where).number();
  set(number, SOL_SOCKET, SO_KEEPALIVE, 1, operation, where);
  set(number, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(delay.count()), operation, where);
}

void socket::no_keepalive(std::source_location where) {
  constexpr const char* operation = "socket::no_keepalive";
  set(use(operation, where).number(), SOL_SOCKET, SO_KEEPALIVE, 0, operation, where);
}

std::size_t socket::send_buffer_size(std::source_location where) const {
  constexpr const char* operation = "socket::send_buffer_size";
  return get_size(use(operation, where).number(), SO_SNDBUF, operation, where);
}
void socket::send_buffer_size(std::size_t size, std::source_location where) {
  constexpr const char* operation = "socket::send_buffer_size";
  set_size(use(operation, where).number(), SO_SNDBUF, size, operation, where);
}
std::size_t socket::recv_buffer_size(std::source_location where) const {
  constexpr const char* operation = "socket::recv_buffer_size";
  return get_size(use(operation, where).number(), SO_RCVBUF, operation, where);
}
void socket::recv_buffer_size(std::size_t size, std::source_location where) {
  constexpr const char* operation = "socket::recv_buffer_size";
  set_size(use(operation, where).number(), SO_RCVBUF, size, operation, where);
}

void socket::reset_on_close(std::source_location where) {
  constexpr const char* operation = "socket::reset_on_close";
  const int number = use(operation, where).number();
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  check(::setsockopt(number, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), operation, number, where);
}

// ---- listener

listener::listener(ring& on, const address& local, listen_options options, std::source_location where)
    : descriptor(detail::ring_core::of(on, "listener", where), new_listener(local, options, where)) {}

listener::listener(ring& on, int number, std::source_location where)
    : descriptor(detail::ring_core::of(on, "listener", where), number) {}

ring_operation<socket> listener::accept(std::source_location where) {
  // A socket's constructor from a core is private: its friend makes it.
  return {use(accept_code.kind, where),
          accept_code,
          {},
          [](detail::submission<detail::nothing_kept>& ended) { return socket(ended.ring(), ended.res()); },
          where};
}

ring_operation<accepted, detail::kept_peer> listener::accept_from(std::source_location where) {
  return {use(accept_from_code.kind, where),
          accept_from_code,
          {},
          [](detail::submission<detail::kept_peer>& ended) {
            accepted told{.peer = socket(ended.ring(), ended.res())};
            const auto& [name, size] = ended.kept();
            if (size != 0)
              told.from =
                  address::from_native(reinterpret_cast<const sockaddr*>(name.data()), size, ended.where());
            return told;
          },
          where};
}

ring_operation<fixed_socket, detail::kept_table> listener::accept(file_table& into,
                                                                  std::source_location where) {
  detail::descriptor_block& on = use(fixed_accept_code.kind, where);
  file_table_block& table = table_of(into, on.ring(), fixed_accept_code.kind, where);
  return {on, fixed_accept_code, {}, take_fixed, where, {detail::file_table_use(table)}};
}

socket socket::taken_from(detail::shot_block& block, detail::completion told) {
  return {block.core(), told.res};
}

multishot<socket> listener::accept_multishot(std::source_location where) {
  return {*new detail::shot_block(use(accept_multishot_code.kind, where), accept_multishot_code, {},
                                  detail::shot_result::descriptor, nullptr, where),
          &socket::taken_from};
}

multishot<fixed_socket> listener::accept_multishot(file_table& into, std::source_location where) {
  detail::descriptor_block& on = use(fixed_accept_multishot_code.kind, where);
  file_table_block& table = table_of(into, on.ring(), fixed_accept_multishot_code.kind, where);
  return {*new fixed_accepts(on, table, where), take_one};
}

address listener::local_address(std::source_location where) const {
  constexpr const char* operation = "listener::local_address";
  return name_of(own_name, use(operation, where).number(), operation, where);
}

}  // namespace gauntlet::uring
