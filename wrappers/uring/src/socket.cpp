#include "gauntlet/uring/socket.hpp"

#include <gauntlet/shim/uring.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "descriptor_block.hpp"
#include "gauntlet/memory_checker.hpp"
#include "kernel_memory.hpp"
#include "ring_core.hpp"
#include "shot_block.hpp"

namespace gauntlet::uring {
namespace {

using detail::opcode;
using detail::operands;
using detail::ring_operation;

// The most that the kernel moves at once: MAX_RW_COUNT.
// Of newer kernels than the liburing knows that this is compiled with.
constexpr std::uint16_t report_usage = 1U << 3;   // IORING_SEND_ZC_REPORT_USAGE
constexpr std::uint32_t usage_copied = 1U << 31;  // IORING_NOTIF_USAGE_ZC_COPIED
constexpr int command_getsockopt = 2;             // SOCKET_URING_OP_GETSOCKOPT
constexpr int command_setsockopt = 3;             // SOCKET_URING_OP_SETSOCKOPT

static_assert(static_cast<int>(socket_type::stream) == SOCK_STREAM &&
              static_cast<int>(socket_type::datagram) == SOCK_DGRAM &&
              static_cast<int>(socket_type::seqpacket) == SOCK_SEQPACKET);
static_assert(static_cast<int>(shutdown_how::reading) == SHUT_RD &&
              static_cast<int>(shutdown_how::writing) == SHUT_WR &&
              static_cast<int>(shutdown_how::both) == SHUT_RDWR);
static_assert(detail::kept_peer{}.name.size() == sizeof(sockaddr_storage));

std::int32_t answer_of(int status) noexcept { return status < 0 ? -errno : status; }

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

void require_address(const address& given, const char* operation, const std::source_location& where) {
  if (!given) throw misuse(operation, "there is no address: make one with address::parse", where);
}

void require_room(std::span<const std::byte> into, const char* operation, const std::source_location& where) {
  if (into.empty()) throw misuse(operation, "there is no room: 0 would mean the end of the stream", where);
}

operands of_bytes(std::span<const std::byte> bytes, message_flags flags = message_flags::none) noexcept {
  return {.flags = static_cast<int>(flags),
          .length = detail::most_at_once(bytes.size()),
          .address = bytes.data()};
}

operands of_message(message_flags flags) noexcept { return {.flags = static_cast<int>(flags)}; }

// SAFETY (all below): the operation put the address there, of what the function wants.
const sockaddr* peer_in(const operands& on) noexcept { return static_cast<const sockaddr*>(on.address); }
sockaddr* name_in(const operands& on) noexcept {
  return static_cast<sockaddr*>(const_cast<void*>(on.address));
}
socklen_t* name_size_in(const operands& on) noexcept {
  return static_cast<socklen_t*>(const_cast<void*>(on.second_address));
}
msghdr* message_in(const operands& on) noexcept {
  return static_cast<msghdr*>(const_cast<void*>(on.address));
}

void peer_written(const operands& on, std::int32_t) noexcept {
  mark_written(on.second_address, sizeof(socklen_t));
  mark_written(on.address, std::min<std::size_t>(*name_size_in(on), sizeof(sockaddr_storage)));
}

#define GAUNTLET_QUEUE(...)                                                                   \
  [](io_uring* ring, const gauntlet_uring_entry* entry, const operands& on) noexcept -> int { \
    return __VA_ARGS__;                                                                       \
  }

constexpr opcode socket_code{
    .kind = "open_socket",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_socket(ring, entry, on.second_fd, on.flags, 0, 0))};
constexpr opcode connect_code{
    .kind = "socket::connect",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_connect(ring, entry, on.fd, peer_in(on), on.length))};
constexpr opcode bind_code{
    .kind = "socket::bind",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_bind(ring, entry, on.fd, name_in(on), on.length)),
    .instead = [](const operands& on) noexcept { return answer_of(::bind(on.fd, peer_in(on), on.length)); }};
constexpr opcode listen_code{
    .kind = "socket::listen",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_listen(ring, entry, on.fd, on.flags)),
    .instead = [](const operands& on) noexcept { return answer_of(::listen(on.fd, on.flags)); }};
constexpr opcode shutdown_code{
    .kind = "socket::shutdown",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_shutdown(ring, entry, on.fd, on.flags))};

int queue_recv(io_uring* ring, const gauntlet_uring_entry* entry, const operands& on) noexcept {
  return gauntlet_uring_queue_recv(ring, entry, on.fd, const_cast<void*>(on.address), on.length, on.flags);
}
int queue_send(io_uring* ring, const gauntlet_uring_entry* entry, const operands& on) noexcept {
  return gauntlet_uring_queue_send(ring, entry, on.fd, on.address, on.length, on.flags);
}
constexpr opcode read_some_code{.kind = "socket::read_some",
                                .queue = queue_recv,
                                .written = detail::bytes_written,
                                .lends = detail::lend_to_write};
constexpr opcode select_code{.kind = "socket::read_some", .queue = queue_recv};
constexpr opcode recv_code{.kind = "socket::recv",
                           .queue = queue_recv,
                           .written = detail::bytes_written,
                           .lends = detail::lend_to_write};
constexpr opcode send_code{.kind = "socket::send",
                           .queue = queue_send,
                           .written = detail::bytes_read,
                           .lends = detail::lend_to_read};
constexpr opcode read_exactly_code{.kind = "socket::read_exactly",
                                   .queue = queue_recv,
                                   .written = detail::bytes_written,
                                   .lends = detail::lend_to_write,
                                   .in_parts = true};
constexpr opcode write_code{.kind = "socket::write",
                            .queue = queue_send,
                            .written = detail::bytes_read,
                            .lends = detail::lend_to_read,
                            .in_parts = true};
// Of no bytes: the socket would be waited for.
int queue_nothing(io_uring* ring, const gauntlet_uring_entry* entry, const operands&) noexcept {
  return gauntlet_uring_queue_nop(ring, entry);
}
constexpr opcode read_nothing_code{.kind = "socket::read_exactly", .queue = queue_nothing};
constexpr opcode write_nothing_code{.kind = "socket::write", .queue = queue_nothing};

int queue_sendmsg(io_uring* ring, const gauntlet_uring_entry* entry, const operands& on) noexcept {
  return gauntlet_uring_queue_sendmsg(ring, entry, on.fd, message_in(on), static_cast<unsigned>(on.flags));
}
int queue_recvmsg(io_uring* ring, const gauntlet_uring_entry* entry, const operands& on) noexcept {
  return gauntlet_uring_queue_recvmsg(ring, entry, on.fd, message_in(on), static_cast<unsigned>(on.flags));
}
constexpr opcode recvfrom_code{.kind = "socket::recvfrom",
                               .queue = queue_recvmsg,
                               .written = detail::kept_message::written,
                               .lends = detail::kept_message::lend_to_write};
constexpr opcode recvmsg_code{.kind = "socket::recvmsg",
                              .queue = queue_recvmsg,
                              .written = detail::kept_message::written,
                              .lends = detail::kept_message::lend_to_write};
constexpr opcode sendto_code{
    .kind = "socket::sendto", .queue = queue_sendmsg, .lends = detail::kept_message::lend_to_read};
constexpr opcode sendmsg_code{
    .kind = "socket::sendmsg", .queue = queue_sendmsg, .lends = detail::kept_message::lend_to_read};
constexpr opcode write_several_code{.kind = "socket::write",
                                    .queue = queue_sendmsg,
                                    .lends = detail::kept_message::lend_to_read,
                                    .in_parts = true};

constexpr opcode send_zc_code{.kind = "socket::send_zc",
                              .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_send_zc(
                                  ring, entry, on.fd, on.address, on.length, on.flags, report_usage)),
                              .written = detail::bytes_read,
                              .lends = detail::lend_to_read};
constexpr opcode sendmsg_zc_code{
    .kind = "socket::sendmsg_zc",
    .queue =
        [](io_uring* ring, const gauntlet_uring_entry* entry, const operands& on) noexcept {
          gauntlet_uring_entry reporting = *entry;
          reporting.ioprio |= report_usage;
          return gauntlet_uring_queue_sendmsg_zc(ring, &reporting, on.fd, message_in(on),
                                                 static_cast<unsigned>(on.flags));
        },
    .lends = detail::kept_message::lend_to_read};

constexpr opcode set_option_code{
    .kind = "socket::set_option",
    .queue = GAUNTLET_QUEUE(
        gauntlet_uring_queue_cmd_sock(ring, entry, command_setsockopt, on.fd, on.second_fd, on.flags,
                                      const_cast<void*>(on.address), static_cast<int>(on.length))),
    .instead = [](const operands& on) noexcept {
      return answer_of(::setsockopt(on.fd, on.second_fd, on.flags, on.address, on.length));
    }};
constexpr opcode option_code{
    .kind = "socket::option",
    .queue = GAUNTLET_QUEUE(
        gauntlet_uring_queue_cmd_sock(ring, entry, command_getsockopt, on.fd, on.second_fd, on.flags,
                                      const_cast<void*>(on.address), static_cast<int>(on.length))),
    .written = detail::bytes_written,
    .instead = [](const operands& on) noexcept {
      socklen_t size = on.length;
      const int status = ::getsockopt(on.fd, on.second_fd, on.flags, const_cast<void*>(on.address), &size);
      return status < 0 ? -errno : static_cast<std::int32_t>(size);
    }};

constexpr opcode accept_code{
    .kind = "listener::accept",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_accept(ring, entry, on.fd, nullptr, nullptr, SOCK_CLOEXEC))};
constexpr opcode accept_from_code{.kind = "listener::accept_from",
                                  .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_accept(
                                      ring, entry, on.fd, name_in(on), name_size_in(on), SOCK_CLOEXEC)),
                                  .written = peer_written};
constexpr opcode accept_multishot_code{.kind = "listener::accept_multishot",
                                       .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_multishot_accept(
                                           ring, entry, on.fd, nullptr, nullptr, SOCK_CLOEXEC))};
constexpr opcode recv_multishot_code{
    .kind = "socket::recv_multishot",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_recv_multishot(ring, entry, on.fd, nullptr, 0, 0))};
constexpr opcode recvmsg_multishot_code{
    .kind = "socket::recvmsg_multishot",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_recvmsg_multishot(ring, entry, on.fd, message_in(on), 0))};

#undef GAUNTLET_QUEUE

// ---- values

template <class Kept>
transfer take_transfer(ring_operation<transfer, Kept>& ended) noexcept {
  return {.size = static_cast<std::size_t>(ended.res()), .buffer = std::move(ended.kept().buffer)};
}
transfer take_whole(ring_operation<transfer, detail::kept_rest>& ended) noexcept {
  return {.size = ended.kept().done, .buffer = std::move(ended.kept().buffer)};
}
template <class Kept>
sent take_sent(ring_operation<sent, Kept>& ended) noexcept {
  sent told{.size = static_cast<std::size_t>(ended.res()), .copied = (ended.notified() & usage_copied) != 0};
  if constexpr (requires { ended.kept().buffer; }) told.buffer = std::move(ended.kept().buffer);
  return told;
}
received take_received(ring_operation<received, detail::kept_message>& ended) {
  return ended.kept().received_now(static_cast<std::size_t>(ended.res()), ended.where());
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
  require_address(local, operation, where);
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

namespace detail {

bool kept_rest::advance(operands& next, std::int32_t& res) noexcept {
  const auto moved = static_cast<std::size_t>(res);
  done += moved;
  left -= std::min(moved, left);
  if (moved == 0 || left == 0) return false;
  next.address = static_cast<const std::byte*>(next.address) + moved;
  next.length = most_at_once(left);
  return true;
}

void kept_selection::ended(completion told) noexcept {
  if (!told.has_buffer()) return;
  group.get()->arrived();
  chosen = group.get()->take(told.buffer(), static_cast<std::size_t>(std::max(told.res, 0)));
}

}  // namespace detail

// ---- socket

socket::socket(ring& on, address_family family, socket_type type, std::source_location where)
    : descriptor(detail::ring_core::of(on, "socket", where), new_socket(family, type, "socket", where)) {}

socket::socket(ring& on, int number, std::source_location where)
    : descriptor(detail::ring_core::of(on, "socket", where), number) {}

ring_operation<socket> open_socket(ring& on, address_family family, socket_type type,
                                   std::source_location where) {
  return {detail::ring_core::of(on, socket_code.kind, where),
          socket_code,
          {.second_fd = domain_of(family, socket_code.kind, where),
           .flags = static_cast<int>(type) | SOCK_CLOEXEC},
          [](ring_operation<socket>& ended) { return socket(ended.ring(), ended.res()); },
          where};
}

ring_operation<void, detail::kept_address> socket::connect(const address& peer, std::source_location where) {
  require_address(peer, connect_code.kind, where);
  return {use(connect_code.kind, where), connect_code, {}, detail::no_value, where, {peer}};
}

ring_operation<void, detail::kept_address> socket::bind(const address& local, std::source_location where) {
  require_address(local, bind_code.kind, where);
  return {use(bind_code.kind, where), bind_code, {}, detail::no_value, where, {local}};
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

// ---- reading

ring_operation<std::size_t> socket::read_some(std::span<std::byte> into, std::source_location where) {
  require_room(into, read_some_code.kind, where);
  return {use(read_some_code.kind, where), read_some_code, of_bytes(into), detail::count_of, where};
}

ring_operation<provided_buffer, detail::kept_selection> socket::read_some(const buffer_ring& buffers,
                                                                          std::source_location where) {
  detail::buffer_group& group = detail::buffer_group::of(buffers, select_code.kind, where);
  return {use(select_code.kind, where),
          select_code,
          {.buffer_group = group.number()},
          [](ring_operation<provided_buffer, detail::kept_selection>& ended) {
            return std::move(ended.kept().chosen);
          },
          where,
          {detail::buffer_group_use(group)}};
}

ring_operation<std::size_t, detail::kept_rest> socket::read_exactly(std::span<std::byte> into,
                                                                    std::source_location where) {
  const opcode& code = into.empty() ? read_nothing_code : read_exactly_code;
  return {use(code.kind, where),
          code,
          of_bytes(into, message_flags::wait_all),
          [](ring_operation<std::size_t, detail::kept_rest>& ended) { return ended.kept().done; },
          where,
          {.left = into.size()}};
}

ring_operation<std::size_t> socket::recv(std::span<std::byte> into, message_flags flags,
                                         std::source_location where) {
  return {use(recv_code.kind, where), recv_code, of_bytes(into, flags), detail::count_of, where};
}

ring_operation<transfer, detail::kept_buffer> socket::recv_owned(owned_buffer into, message_flags flags,
                                                                 const std::source_location& where) {
  const operands with = of_bytes(into.writable(where), flags);
  return {use(recv_code.kind, where),         recv_code, with,
          take_transfer<detail::kept_buffer>, where,     {std::move(into)}};
}

ring_operation<received, detail::kept_message> socket::recvfrom(std::span<std::byte> into,
                                                                message_flags flags,
                                                                std::source_location where) {
  detail::kept_message kept{std::span<const std::byte>(into)};
  kept.asks_where_from();
  return {use(recvfrom_code.kind, where),
          recvfrom_code,
          of_message(flags),
          take_received,
          where,
          std::move(kept)};
}

ring_operation<received, detail::kept_message> socket::recvmsg(std::span<const std::span<std::byte>> into,
                                                               control_data* control, message_flags flags,
                                                               std::source_location where) {
  detail::kept_message kept(into);
  kept.asks_where_from();
  kept.with(control, false);
  return {use(recvmsg_code.kind, where),
          recvmsg_code,
          of_message(flags | static_cast<message_flags>(MSG_CMSG_CLOEXEC)),
          take_received,
          where,
          std::move(kept)};
}

// ---- writing

ring_operation<void, detail::kept_rest> socket::write_span(std::span<const std::byte> bytes,
                                                           const std::source_location& where) {
  const opcode& code = bytes.empty() ? write_nothing_code : write_code;
  return {use(code.kind, where), code,  of_bytes(bytes, message_flags::wait_all),
          detail::no_value,      where, {.left = bytes.size()}};
}

ring_operation<transfer, detail::kept_rest> socket::write_owned(owned_buffer bytes,
                                                                const std::source_location& where) {
  const std::size_t size = bytes.size();
  const opcode& code = size == 0 ? write_nothing_code : write_code;
  const operands with = of_bytes(bytes.bytes(), message_flags::wait_all);
  return {use(code.kind, where), code, with, take_whole, where, {.left = size, .buffer = std::move(bytes)}};
}

ring_operation<void, detail::kept_message> socket::write(std::span<const std::span<const std::byte>> bytes,
                                                         std::source_location where) {
  const bool nothing = std::ranges::all_of(bytes, [](auto each) { return each.empty(); });
  const opcode& code = nothing ? write_nothing_code : write_several_code;
  return {use(code.kind, where), code,  of_message(message_flags::wait_all),
          detail::no_value,      where, detail::kept_message(bytes)};
}

ring_operation<std::size_t> socket::send(std::span<const std::byte> bytes, message_flags flags,
                                         std::source_location where) {
  return {use(send_code.kind, where), send_code, of_bytes(bytes, flags), detail::count_of, where};
}

ring_operation<transfer, detail::kept_buffer> socket::send_owned(owned_buffer bytes, message_flags flags,
                                                                 const std::source_location& where) {
  const operands with = of_bytes(bytes.bytes(), flags);
  return {use(send_code.kind, where),         send_code, with,
          take_transfer<detail::kept_buffer>, where,     {std::move(bytes)}};
}

ring_operation<std::size_t, detail::kept_message> socket::sendto(std::span<const std::byte> bytes,
                                                                 const address& to, message_flags flags,
                                                                 std::source_location where) {
  require_address(to, sendto_code.kind, where);
  detail::kept_message kept(bytes);
  kept.to(to);
  return {
      use(sendto_code.kind, where), sendto_code, of_message(flags), detail::count_of, where, std::move(kept)};
}

ring_operation<std::size_t, detail::kept_message> socket::sendmsg(
    std::span<const std::span<const std::byte>> bytes, control_data* control, const address& to,
    message_flags flags, std::source_location where) {
  detail::kept_message kept(bytes);
  kept.to(to);
  kept.with(control, true);
  return {use(sendmsg_code.kind, where),
          sendmsg_code,
          of_message(flags),
          detail::count_of,
          where,
          std::move(kept)};
}

ring_operation<sent> socket::send_zc(std::span<const std::byte> bytes, message_flags flags,
                                     std::source_location where) {
  return {use(send_zc_code.kind, where), send_zc_code, of_bytes(bytes, flags),
          take_sent<detail::nothing_kept>, where};
}

ring_operation<sent, detail::kept_buffer> socket::send_zc_owned(owned_buffer bytes, message_flags flags,
                                                                const std::source_location& where) {
  const operands with = of_bytes(bytes.bytes(), flags);
  return {use(send_zc_code.kind, where),  send_zc_code, with,
          take_sent<detail::kept_buffer>, where,        {std::move(bytes)}};
}

ring_operation<sent, detail::kept_message> socket::sendmsg_zc(
    std::span<const std::span<const std::byte>> bytes, const address& to, message_flags flags,
    std::source_location where) {
  detail::kept_message kept(bytes);
  kept.to(to);
  return {use(sendmsg_zc_code.kind, where), sendmsg_zc_code, of_message(flags),
          take_sent<detail::kept_message>,  where,           std::move(kept)};
}

ring_operation<void> socket::shutdown(shutdown_how how, std::source_location where) {
  return {use(shutdown_code.kind, where),
          shutdown_code,
          {.flags = static_cast<int>(how)},
          detail::no_value,
          where};
}

// ---- streams

namespace {

bool is_unix(int number) noexcept {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

}  // namespace

multishot<provided_buffer> socket::recv_multishot(const buffer_ring& buffers, std::source_location where) {
  detail::descriptor_block& on = use(recv_multishot_code.kind, where);
  detail::buffer_group& group = detail::buffer_group::of(buffers, recv_multishot_code.kind, where);
  auto* const block = new detail::shot_block(on, recv_multishot_code, {.buffer_group = group.number()},
                                             detail::shot_result::buffer, &group, where);
  if (is_unix(on.number())) block->look_for_end();
  return {*block, detail::buffer_of};
}

namespace {

/// The header that the kernel reads as long as it is armed: how much room a buffer has for what.
class message_shot final : public detail::shot_block {
 public:
  message_shot(detail::descriptor_block& on, detail::buffer_group& group, std::size_t control,
               const std::source_location& where)
      : shot_block(on, recvmsg_multishot_code, {.buffer_group = group.number()}, detail::shot_result::message,
                   &group, where) {
    header_.msg_namelen = sizeof(sockaddr_storage);
    header_.msg_controllen = control;
  }
  const msghdr& header() const noexcept { return header_; }

 private:
  void bind(operands& into) noexcept override { into.address = &header_; }
  msghdr header_{};
};

/// A buffer begins with an io_uring_recvmsg_out; then come the places for the address and the control data,
/// and what is left is the message.
received_message message_of(detail::shot_block& block, detail::completion told) {
  received_message message;
  if (!told.has_buffer()) return message;
  const auto size = static_cast<std::size_t>(told.res);
  // SAFETY: only recvmsg_multishot makes multishots of messages.
  const msghdr& room = static_cast<message_shot&>(block).header();
  message.buffer = block.buffers().take(told.buffer(), size);
  const std::span<const std::byte> all = message.buffer.bytes();
  io_uring_recvmsg_out head{};
  const std::size_t before = sizeof head + room.msg_namelen + room.msg_controllen;
  if (all.size() < before)
    throw error(-EMSGSIZE, recvmsg_multishot_code.kind, block.object(), block.where(),
                "a buffer has no room for an address and control data: make a buffer_ring of larger ones");
  std::memcpy(&head, all.data(), sizeof head);
  message.bytes = all.subspan(before);
  message.flags = static_cast<message_flags>(head.flags);
  message.control_data = all.subspan(sizeof head + room.msg_namelen,
                                     std::min<std::size_t>(head.controllen, room.msg_controllen));
  if (head.namelen != 0) {
    sockaddr_storage name{};
    const std::size_t length = std::min<std::size_t>(head.namelen, sizeof name);
    std::memcpy(&name, all.data() + sizeof head, length);
    message.from = address::from_native(reinterpret_cast<const sockaddr*>(&name), length, block.where());
  }
  return message;
}

}  // namespace

multishot<received_message> socket::recvmsg_multishot(const buffer_ring& buffers,
                                                      std::size_t control_capacity,
                                                      std::source_location where) {
  constexpr const char* operation = recvmsg_multishot_code.kind;
  detail::buffer_group& group = detail::buffer_group::of(buffers, operation, where);
  const std::size_t before = sizeof(io_uring_recvmsg_out) + sizeof(sockaddr_storage) + control_capacity;
  if (group.size() <= before)
    throw misuse(operation,
                 "its buffers have no room for a message behind an address and control data: they must be "
                 "larger than " +
                     std::to_string(before) + " bytes",
                 where);
  return {*new message_shot(use(operation, where), group, control_capacity, where), message_of};
}

// ---- options

ring_operation<void, detail::kept_option> socket::set_option_bytes(int level, int name,
                                                                   std::span<const std::byte> value,
                                                                   const std::source_location& where) {
  detail::kept_option kept;
  std::ranges::copy(value, kept.value.begin());
  return {use(set_option_code.kind, where),
          set_option_code,
          option_operands(level, name, value.size()),
          detail::no_value,
          where,
          kept};
}

const opcode& socket::get_option_code() noexcept { return option_code; }

operands socket::option_operands(int level, int name, std::size_t size) noexcept {
  return {.second_fd = level, .flags = name, .length = static_cast<std::uint32_t>(size)};
}

void socket::refuse_option_size(const detail::submitted& ended, std::source_location where) {
  throw error(-EMSGSIZE, option_code.kind, ended.object(), where,
              "the option is of another size: see its page for its type");
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
          [](ring_operation<socket>& ended) { return socket(ended.ring(), ended.res()); },
          where};
}

ring_operation<accepted, detail::kept_peer> listener::accept_from(std::source_location where) {
  return {use(accept_from_code.kind, where),
          accept_from_code,
          {},
          [](ring_operation<accepted, detail::kept_peer>& ended) {
            accepted told{.peer = socket(ended.ring(), ended.res())};
            const auto& [name, size] = ended.kept();
            if (size != 0)
              told.from =
                  address::from_native(reinterpret_cast<const sockaddr*>(name.data()), size, ended.where());
            return told;
          },
          where};
}

socket socket::taken_from(detail::shot_block& block, detail::completion told) {
  return {block.core(), told.res};
}

multishot<socket> listener::accept_multishot(std::source_location where) {
  return {*new detail::shot_block(use(accept_multishot_code.kind, where), accept_multishot_code, {},
                                  detail::shot_result::descriptor, nullptr, where),
          &socket::taken_from};
}

address listener::local_address(std::source_location where) const {
  constexpr const char* operation = "listener::local_address";
  return name_of(own_name, use(operation, where).number(), operation, where);
}

}  // namespace gauntlet::uring
