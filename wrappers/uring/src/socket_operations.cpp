// What sockets do, whichever way the kernel knows them.
#include <gauntlet/shim/uring.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "buffer_table_block.hpp"
#include "common_queues.hpp"
#include "descriptor_block.hpp"
#include "gauntlet/memory_checker.hpp"
#include "gauntlet/uring/socket.hpp"
#include "kernel_memory.hpp"
#include "require_address.hpp"
#include "ring_core.hpp"
#include "shot_block.hpp"

namespace gauntlet::uring::detail {
namespace {

// Of newer kernels than the liburing knows that this is compiled with.
constexpr std::uint16_t report_usage = 1U << 3;   // IORING_SEND_ZC_REPORT_USAGE
constexpr std::uint32_t usage_copied = 1U << 31;  // IORING_NOTIF_USAGE_ZC_COPIED
constexpr int command_getsockopt = 2;             // SOCKET_URING_OP_GETSOCKOPT
constexpr int command_setsockopt = 3;             // SOCKET_URING_OP_SETSOCKOPT

static_assert(static_cast<int>(shutdown_how::reading) == SHUT_RD &&
              static_cast<int>(shutdown_how::writing) == SHUT_WR &&
              static_cast<int>(shutdown_how::both) == SHUT_RDWR);

std::int32_t answer_of(int status) noexcept { return status < 0 ? -errno : status; }

void require_room(std::span<const std::byte> into, const char* operation, const std::source_location& where) {
  if (into.empty()) throw misuse(operation, "there is no room: 0 would mean the end of the stream", where);
}

operands of_bytes(std::span<const std::byte> bytes, message_flags flags = message_flags::none) noexcept {
  return {.flags = static_cast<int>(flags), .length = most_at_once(bytes.size()), .address = bytes.data()};
}

operands of_message(message_flags flags) noexcept { return {.flags = static_cast<int>(flags)}; }

// SAFETY (all below): the operation put the address there, of what the function wants.
const sockaddr* peer_in(const operands& on) noexcept { return static_cast<const sockaddr*>(on.address); }
sockaddr* name_in(const operands& on) noexcept {
  return static_cast<sockaddr*>(const_cast<void*>(on.address));
}
msghdr* message_in(const operands& on) noexcept {
  return static_cast<msghdr*>(const_cast<void*>(on.address));
}

#define GAUNTLET_QUEUE(...) \
  [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept -> int { return __VA_ARGS__; }

constexpr opcode connect_code{
    .kind = "socket::connect",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_connect(ring, entry, on.fd, peer_in(on), on.length))};
constexpr opcode bind_code{
    .kind = "socket::bind",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_bind(ring, entry, on.fd, name_in(on), on.length)),
    .instead = [](const operands& on) noexcept { return answer_of(::bind(on.fd, peer_in(on), on.length)); }};
constexpr opcode shutdown_code{
    .kind = "socket::shutdown",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_shutdown(ring, entry, on.fd, on.flags))};

int queue_recv(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_inline_recv(ring, entry, on.fd, const_cast<void*>(on.address), on.length, on.flags);
}
int queue_send(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_inline_send(ring, entry, on.fd, on.address, on.length, on.flags);
}
constexpr opcode read_some_code{.kind = "socket::read_some",
                                .queue = queue_recv,
                                .written = bytes_written,
                                .lends = lend_to_write,
                                .queue_plainly = plainly<queue_recv>};
constexpr opcode select_code{.kind = "socket::read_some", .queue = queue_recv};
constexpr opcode recv_code{.kind = "socket::recv",
                           .queue = queue_recv,
                           .written = bytes_written,
                           .lends = lend_to_write,
                           .queue_plainly = plainly<queue_recv>};
constexpr opcode discard_code{.kind = "socket::recv",
                              .queue = queue_recv,
                              .lends = lend_to_write,
                              .queue_plainly = plainly<queue_recv>};
constexpr opcode send_code{.kind = "socket::send",
                           .queue = queue_send,
                           .written = bytes_read,
                           .lends = lend_to_read,
                           .queue_plainly = plainly<queue_send>};
constexpr opcode read_exactly_code{.kind = "socket::read_exactly",
                                   .queue = queue_recv,
                                   .written = bytes_written,
                                   .lends = lend_to_write,
                                   .in_parts = true,
                                   .queue_plainly = plainly<queue_recv>};
constexpr opcode write_code{.kind = "socket::write",
                            .queue = queue_send,
                            .written = bytes_read,
                            .lends = lend_to_read,
                            .in_parts = true,
                            .queue_plainly = plainly<queue_send>};
// Of no bytes: the socket would be waited for.
constexpr opcode read_nothing_code{.kind = "socket::read_exactly", .queue = queue_nop};
constexpr opcode write_nothing_code{.kind = "socket::write", .queue = queue_nop};

int queue_sendmsg(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_sendmsg(ring, entry, on.fd, message_in(on), static_cast<unsigned>(on.flags));
}
int queue_recvmsg(io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
  return gauntlet_uring_queue_recvmsg(ring, entry, on.fd, message_in(on), static_cast<unsigned>(on.flags));
}
constexpr opcode recvfrom_code{.kind = "socket::recvfrom",
                               .queue = queue_recvmsg,
                               .written = kept_message::written,
                               .lends = kept_message::lend_to_write};
constexpr opcode recvmsg_code{.kind = "socket::recvmsg",
                              .queue = queue_recvmsg,
                              .written = kept_message::written,
                              .lends = kept_message::lend_to_write};
constexpr opcode discard_from_code{.kind = "socket::recvfrom",
                                   .queue = queue_recvmsg,
                                   .written = kept_message::head_written,
                                   .lends = kept_message::lend_to_write};
constexpr opcode discard_message_code{.kind = "socket::recvmsg",
                                      .queue = queue_recvmsg,
                                      .written = kept_message::head_written,
                                      .lends = kept_message::lend_to_write};
constexpr opcode sendto_code{
    .kind = "socket::sendto", .queue = queue_sendmsg, .lends = kept_message::lend_to_read};
constexpr opcode sendmsg_code{
    .kind = "socket::sendmsg", .queue = queue_sendmsg, .lends = kept_message::lend_to_read};
constexpr opcode write_several_code{
    .kind = "socket::write", .queue = queue_sendmsg, .lends = kept_message::lend_to_read, .in_parts = true};

constexpr opcode send_zc_code{.kind = "socket::send_zc",
                              .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_send_zc(
                                  ring, entry, on.fd, on.address, on.length, on.flags, report_usage)),
                              .written = bytes_read,
                              .lends = lend_to_read};
constexpr opcode send_zc_fixed_code{.kind = "socket::send_zc",
                                    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_send_zc_fixed(
                                        ring, entry, on.fd, on.address, on.length, on.flags, report_usage,
                                        static_cast<unsigned>(on.second_fd))),
                                    .written = bytes_read,
                                    .lends = lend_to_read};
constexpr opcode sendmsg_zc_code{
    .kind = "socket::sendmsg_zc",
    .queue =
        [](io_uring* ring, gauntlet_uring_entry entry, const operands& on) noexcept {
          entry.ioprio |= report_usage;
          return gauntlet_uring_queue_sendmsg_zc(ring, entry, on.fd, message_in(on),
                                                 static_cast<unsigned>(on.flags));
        },
    .lends = kept_message::lend_to_read};

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
    .written = bytes_written,
    .instead = [](const operands& on) noexcept {
      socklen_t size = on.length;
      const int status = ::getsockopt(on.fd, on.second_fd, on.flags, const_cast<void*>(on.address), &size);
      return status < 0 ? -errno : static_cast<std::int32_t>(size);
    }};

constexpr opcode recv_multishot_code{
    .kind = "socket::recv_multishot",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_recv_multishot(ring, entry, on.fd, nullptr, 0, 0))};
constexpr opcode recvmsg_multishot_code{
    .kind = "socket::recvmsg_multishot",
    .queue = GAUNTLET_QUEUE(gauntlet_uring_queue_recvmsg_multishot(ring, entry, on.fd, message_in(on), 0))};

#undef GAUNTLET_QUEUE

// ---- values

template <class Kept>
transfer take_transfer(submission<Kept>& ended) noexcept {
  return {.size = static_cast<std::size_t>(ended.res()), .buffer = std::move(ended.kept().buffer)};
}
transfer take_whole(submission<kept_rest>& ended) noexcept {
  return {.size = ended.kept().done, .buffer = std::move(ended.kept().buffer)};
}
template <class Kept>
sent take_sent(submission<Kept>& ended) noexcept {
  sent told{.size = static_cast<std::size_t>(ended.res()), .copied = (ended.notified() & usage_copied) != 0};
  if constexpr (requires { ended.kept().buffer; }) told.buffer = std::move(ended.kept().buffer);
  return told;
}
/// The registered memory stays where it is: nothing is handed back.
sent take_fixed_sent(submission<kept_fixed_buffer>& ended) noexcept {
  return {.size = static_cast<std::size_t>(ended.res()), .copied = (ended.notified() & usage_copied) != 0};
}
/// With MSG_TRUNC TCP counts bytes and throws them away: nothing is written (tcp(7)). Only tools ask; and a
/// socket in a table cannot be asked.
bool discards(const descriptor_block& on, message_flags flags) noexcept {
  if ((flags & message_flags::truncated) == message_flags::none) return false;
  if (!on.ring().follows_memory() || on.table() != nullptr) return false;
  int protocol = 0;
  socklen_t size = sizeof protocol;
  return ::getsockopt(on.number(), SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
         (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

received take_received(submission<kept_message>& ended) {
  return ended.kept().received_now(static_cast<std::size_t>(ended.res()), ended.where());
}

}  // namespace

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

// ---- names and connections

template <class Base>
ring_operation<void, kept_address> socket_operations<Base>::connect(const address& peer,
                                                                    std::source_location where) {
  require_address(peer, connect_code.kind, where);
  return {this->use(connect_code.kind, where), connect_code, {}, no_value, where, {peer}};
}

template <class Base>
ring_operation<void, kept_address> socket_operations<Base>::bind(const address& local,
                                                                 std::source_location where) {
  require_address(local, bind_code.kind, where);
  return {this->use(bind_code.kind, where), bind_code, {}, no_value, where, {local}};
}

// ---- reading

template <class Base>
ring_operation<std::size_t> socket_operations<Base>::read_some(std::span<std::byte> into,
                                                               std::source_location where) {
  require_room(into, read_some_code.kind, where);
  return {this->use(read_some_code.kind, where), read_some_code, of_bytes(into), count_of, where};
}

template <class Base>
ring_operation<provided_buffer, kept_selection> socket_operations<Base>::read_some(
    const buffer_ring& buffers, std::source_location where) {
  buffer_group& group = buffer_group::of(buffers, select_code.kind, where);
  return {this->use(select_code.kind, where),
          select_code,
          {.buffer_group = group.number()},
          [](submission<kept_selection>& ended) { return std::move(ended.kept().chosen); },
          where,
          {buffer_group_use(group)}};
}

template <class Base>
ring_operation<std::size_t, kept_rest> socket_operations<Base>::read_exactly(std::span<std::byte> into,
                                                                             std::source_location where) {
  const opcode& code = into.empty() ? read_nothing_code : read_exactly_code;
  return {this->use(code.kind, where),
          code,
          of_bytes(into, message_flags::wait_all),
          [](submission<kept_rest>& ended) { return ended.kept().done; },
          where,
          {.left = into.size()}};
}

template <class Base>
ring_operation<std::size_t> socket_operations<Base>::recv(std::span<std::byte> into, message_flags flags,
                                                          std::source_location where) {
  descriptor_block& on = this->use(recv_code.kind, where);
  const opcode& code = discards(on, flags) ? discard_code : recv_code;
  return {on, code, of_bytes(into, flags), count_of, where};
}

template <class Base>
ring_operation<transfer, kept_buffer> socket_operations<Base>::recv_owned(owned_buffer into,
                                                                          message_flags flags,
                                                                          const std::source_location& where) {
  const operands with = of_bytes(into.writable(where), flags);
  descriptor_block& on = this->use(recv_code.kind, where);
  const opcode& code = discards(on, flags) ? discard_code : recv_code;
  return {on, code, with, take_transfer<kept_buffer>, where, {std::move(into)}};
}

template <class Base>
ring_operation<received, kept_message> socket_operations<Base>::recvfrom(std::span<std::byte> into,
                                                                         message_flags flags,
                                                                         std::source_location where) {
  kept_message kept{std::span<const std::byte>(into)};
  kept.asks_where_from();
  descriptor_block& on = this->use(recvfrom_code.kind, where);
  const opcode& code = discards(on, flags) ? discard_from_code : recvfrom_code;
  return {on, code, of_message(flags), take_received, where, std::move(kept)};
}

template <class Base>
ring_operation<received, kept_message> socket_operations<Base>::recvmsg(
    std::span<const std::span<std::byte>> into, control_data* control, message_flags flags,
    std::source_location where) {
  kept_message kept(into);
  kept.asks_where_from();
  kept.with(control, false);
  descriptor_block& on = this->use(recvmsg_code.kind, where);
  return {on,
          discards(on, flags) ? discard_message_code : recvmsg_code,
          of_message(flags | static_cast<message_flags>(MSG_CMSG_CLOEXEC)),
          take_received,
          where,
          std::move(kept)};
}

// ---- writing

template <class Base>
ring_operation<void, kept_rest> socket_operations<Base>::write_span(std::span<const std::byte> bytes,
                                                                    const std::source_location& where) {
  const opcode& code = bytes.empty() ? write_nothing_code : write_code;
  return {this->use(code.kind, where), code, of_bytes(bytes, message_flags::wait_all), no_value, where,
          {.left = bytes.size()}};
}

template <class Base>
ring_operation<transfer, kept_rest> socket_operations<Base>::write_owned(owned_buffer bytes,
                                                                         const std::source_location& where) {
  const std::size_t size = bytes.size();
  const opcode& code = size == 0 ? write_nothing_code : write_code;
  const operands with = of_bytes(bytes.bytes(), message_flags::wait_all);
  return {
      this->use(code.kind, where), code, with, take_whole, where, {.left = size, .buffer = std::move(bytes)}};
}

template <class Base>
ring_operation<void, kept_message> socket_operations<Base>::write(
    std::span<const std::span<const std::byte>> bytes, std::source_location where) {
  const bool nothing = std::ranges::all_of(bytes, [](auto each) { return each.empty(); });
  const opcode& code = nothing ? write_nothing_code : write_several_code;
  return {this->use(code.kind, where), code, of_message(message_flags::wait_all), no_value, where,
          kept_message(bytes)};
}

template <class Base>
ring_operation<std::size_t> socket_operations<Base>::send(std::span<const std::byte> bytes,
                                                          message_flags flags, std::source_location where) {
  return {this->use(send_code.kind, where), send_code, of_bytes(bytes, flags), count_of, where};
}

template <class Base>
ring_operation<transfer, kept_buffer> socket_operations<Base>::send_owned(owned_buffer bytes,
                                                                          message_flags flags,
                                                                          const std::source_location& where) {
  const operands with = of_bytes(bytes.bytes(), flags);
  return {this->use(send_code.kind, where), send_code, with,
          take_transfer<kept_buffer>,       where,     {std::move(bytes)}};
}

template <class Base>
ring_operation<std::size_t, kept_message> socket_operations<Base>::sendto(std::span<const std::byte> bytes,
                                                                          const address& to,
                                                                          message_flags flags,
                                                                          std::source_location where) {
  require_address(to, sendto_code.kind, where);
  kept_message kept(bytes);
  kept.to(to);
  return {
      this->use(sendto_code.kind, where), sendto_code, of_message(flags), count_of, where, std::move(kept)};
}

template <class Base>
ring_operation<std::size_t, kept_message> socket_operations<Base>::sendmsg(
    std::span<const std::span<const std::byte>> bytes, control_data* control, const address& to,
    message_flags flags, std::source_location where) {
  kept_message kept(bytes);
  kept.to(to);
  kept.with(control, true);
  return {
      this->use(sendmsg_code.kind, where), sendmsg_code, of_message(flags), count_of, where, std::move(kept)};
}

template <class Base>
ring_operation<sent> socket_operations<Base>::send_zc(std::span<const std::byte> bytes, message_flags flags,
                                                      std::source_location where) {
  return {this->use(send_zc_code.kind, where), send_zc_code, of_bytes(bytes, flags), take_sent<nothing_kept>,
          where};
}

template <class Base>
ring_operation<sent, kept_buffer> socket_operations<Base>::send_zc_owned(owned_buffer bytes,
                                                                         message_flags flags,
                                                                         const std::source_location& where) {
  const operands with = of_bytes(bytes.bytes(), flags);
  return {this->use(send_zc_code.kind, where),
          send_zc_code,
          with,
          take_sent<kept_buffer>,
          where,
          {std::move(bytes)}};
}

template <class Base>
ring_operation<sent, kept_fixed_buffer> socket_operations<Base>::send_zc(fixed_buffer bytes,
                                                                         message_flags flags,
                                                                         std::source_location where) {
  descriptor_block& on = this->use(send_zc_fixed_code.kind, where);
  operands with = of_bytes(bytes.bytes(), flags);
  with.second_fd = static_cast<int>(buffer_access::require(bytes, on.ring(), send_zc_fixed_code.kind, where));
  return {on, send_zc_fixed_code, with, take_fixed_sent, where, {std::move(bytes)}};
}

template <class Base>
ring_operation<sent, kept_message> socket_operations<Base>::sendmsg_zc(
    std::span<const std::span<const std::byte>> bytes, const address& to, message_flags flags,
    std::source_location where) {
  kept_message kept(bytes);
  kept.to(to);
  return {this->use(sendmsg_zc_code.kind, where),
          sendmsg_zc_code,
          of_message(flags),
          take_sent<kept_message>,
          where,
          std::move(kept)};
}

template <class Base>
ring_operation<void> socket_operations<Base>::shutdown(shutdown_how how, std::source_location where) {
  return {
      this->use(shutdown_code.kind, where), shutdown_code, {.flags = static_cast<int>(how)}, no_value, where};
}

// ---- streams

namespace {

bool is_unix(int number) noexcept {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

}  // namespace

template <class Base>
multishot<provided_buffer> socket_operations<Base>::recv_multishot(const buffer_ring& buffers,
                                                                   std::source_location where) {
  descriptor_block& on = this->use(recv_multishot_code.kind, where);
  buffer_group& group = buffer_group::of(buffers, recv_multishot_code.kind, where);
  auto* const block = new shot_block(on, recv_multishot_code, {.buffer_group = group.number()},
                                     shot_result::buffer, &group, where);
  if (on.table() == nullptr && is_unix(on.number())) block->look_for_end();
  return {*block, buffer_of};
}

namespace {

/// The header that the kernel reads as long as it is armed: how much room a buffer has for what.
class message_shot final : public shot_block {
 public:
  message_shot(descriptor_block& on, buffer_group& group, std::size_t control,
               const std::source_location& where)
      : shot_block(on, recvmsg_multishot_code, {.buffer_group = group.number()}, shot_result::message, &group,
                   where) {
    header_.msg_namelen = sizeof(sockaddr_storage);
    header_.msg_controllen = control;
  }
  const msghdr& header() const noexcept { return header_; }

 private:
  void bind(operands& into) noexcept override { into.address = &header_; }
  msghdr header_{};
};

/// The end of a place of which the kernel has written the beginning.
void rest_unwritten(const std::byte* place, std::size_t size, std::size_t written) noexcept {
  if (written < size) mark_unwritten(place + written, size - written);
}

/// A buffer begins with an io_uring_recvmsg_out; then come the places for the address and the control data,
/// and what is left is the message.
received_message message_of(shot_block& block, completion told) {
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
  const std::byte* const name_place = all.data() + sizeof head;
  rest_unwritten(name_place, room.msg_namelen, head.namelen);
  rest_unwritten(name_place + room.msg_namelen, room.msg_controllen, head.controllen);
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

template <class Base>
multishot<received_message> socket_operations<Base>::recvmsg_multishot(const buffer_ring& buffers,
                                                                       std::size_t control_capacity,
                                                                       std::source_location where) {
  constexpr const char* operation = recvmsg_multishot_code.kind;
  buffer_group& group = buffer_group::of(buffers, operation, where);
  const std::size_t before = sizeof(io_uring_recvmsg_out) + sizeof(sockaddr_storage) + control_capacity;
  if (group.size() <= before)
    throw misuse(operation,
                 "its buffers have no room for a message behind an address and control data: they must be "
                 "larger than " +
                     std::to_string(before) + " bytes",
                 where);
  return {*new message_shot(this->use(operation, where), group, control_capacity, where), message_of};
}

// ---- options

template <class Base>
ring_operation<void, kept_option> socket_operations<Base>::set_option_bytes(
    int level, int name, std::span<const std::byte> value, const std::source_location& where) {
  kept_option kept;
  std::ranges::copy(value, kept.value.begin());
  return {this->use(set_option_code.kind, where),
          set_option_code,
          option_operands(level, name, value.size()),
          no_value,
          where,
          kept};
}

template <class Base>
const opcode& socket_operations<Base>::get_option_code() noexcept {
  return option_code;
}

template <class Base>
operands socket_operations<Base>::option_operands(int level, int name, std::size_t size) noexcept {
  return {.second_fd = level, .flags = name, .length = static_cast<std::uint32_t>(size)};
}

template <class Base>
void socket_operations<Base>::refuse_option_size(const submitted& ended, std::source_location where) {
  throw error(-EMSGSIZE, option_code.kind, ended.object(), where,
              "the option is of another size: see its page for its type");
}

template class socket_operations<descriptor>;
template class socket_operations<fixed_descriptor>;

}  // namespace gauntlet::uring::detail
