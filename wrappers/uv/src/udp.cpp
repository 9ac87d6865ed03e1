#include "gauntlet/uv/udp.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "stream_block.hpp"
#include "text.hpp"
#include "udp_block.hpp"

namespace gauntlet::uv {
namespace detail {
namespace {

constexpr std::size_t largest_datagram = 65536;  // what libuv cuts the memory for a batch into
constexpr std::size_t largest_batch = 20;        // and how many it makes of it

/// libuv does not say how long the address is.
address sender(const sockaddr* from) {
  if (from->sa_family == AF_INET || from->sa_family == AF_INET6) return address::from_native(from);
  if (from->sa_family != AF_UNIX) return {};
  // SAFETY: out of a batch it is a sockaddr_storage that was zero before the system wrote to it.
  const auto& unix_name = *reinterpret_cast<const sockaddr_un*>(from);
  const std::size_t length = ::strnlen(unix_name.sun_path, sizeof unix_name.sun_path);
  if (length == 0) return {};
  return address::unix_path(std::string_view(unix_name.sun_path, length));
}

}  // namespace

std::span<std::byte> udp_block::memory(std::size_t suggested) {
  const bool in_batches = uv_udp_using_recvmmsg(&udp) != 0;
  if (!alloc) {
    if (!in_batches) return loop().read_buffer();
    if (!batch_) batch_ = std::make_unique_for_overwrite<std::byte[]>(largest_batch * largest_datagram);
    return {batch_.get(), largest_batch * largest_datagram};
  }
  callback<std::span<std::byte>(std::size_t)> running = std::move(alloc);
  std::span<std::byte> given = running(suggested);
  if (!alloc) alloc = std::move(running);
  // libuv would read no datagrams into it, forever.
  if (in_batches && given.size() < largest_datagram) return {};
  return given;
}

void udp_block::on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept {
  auto& self = block_of<udp_block>(handle);
  std::span<std::byte> memory;
  self.loop().call([&] { memory = self.memory(suggested); });
  // SAFETY: libuv takes memory as char.
  *buffer = uv_buf_init(reinterpret_cast<char*>(memory.data()), 0);
  buffer->len = memory.size();
}

// The memory is the handle's, the loop's or the caller's, never this call's: so it does not matter whether
// libuv says that a batch is over (UV_UDP_MMSG_FREE), which it does not after a stop.
void udp_block::on_received(uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer, const sockaddr* from,
                            unsigned flags) noexcept {
  auto& self = block_of<udp_block>(handle);
  if (count < 0) {
    self.tell_failure(static_cast<int>(count));
    return;
  }
  if (from == nullptr) return;  // there was nothing, or the batch is over
  const bool in_batch = (flags & static_cast<unsigned>(UV_UDP_MMSG_CHUNK)) != 0;
  // In a batch there is not room for a path, and where the sender has no name nothing was written, not even a
  // family.
  const bool has_address = !in_batch || !self.local;
  self.loop().call([&] {
    // SAFETY: on_alloc gave this memory, of buffer->len bytes, or it is a piece of that.
    const std::span memory(reinterpret_cast<std::byte*>(buffer->base), buffer->len);
    self.tell(self.received,
              datagram{.bytes = memory.first(std::min(static_cast<std::size_t>(count), memory.size())),
                       .from = has_address ? sender(from) : address(),
                       .truncated = (flags & static_cast<unsigned>(UV_UDP_PARTIAL)) != 0});
  });
}

void udp_block::tell_failure(int status) noexcept {
  // It would ask for memory again in each turn of the loop.
  if (status == UV_ENOBUFS) uv_udp_recv_stop(&udp);
  loop().call([&] { tell(received, error(status, "udp::recv_start", kind(), where())); });
}

// ---- awaited

void udp_block::receive_for_waits(const receive_operation& by) {
  if (uv_udp_using_recvmmsg(&udp) != 0)
    throw misuse(by.kind(), "it receives in batches: use recv_start(), or a handle without recvmmsg",
                 by.where());
  const int status = uv_udp_recv_start(&udp, on_alloc_for_wait, on_received_for_wait);
  if (status == UV_EALREADY || status == 0) {
    if (udp.recv_cb == on_received_for_wait) return loop().idle().remove(idle_);
    throw misuse(by.kind(), "a callback is told what comes: call recv_stop() first", by.where());
  }
  detail::check(status, *this, by.kind(), by.where());
}

void udp_block::stop_receiving_for_waits(const char* operation, const std::source_location& where) {
  if (is_waited_for()) throw misuse(operation, "a task waits for what comes: cancel it first", where);
  if (udp.recv_cb == on_received_for_wait) uv_udp_recv_stop(&udp);
  loop().idle().remove(idle_);
}

void udp_block::on_alloc_for_wait(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept {
  auto& self = block_of<udp_block>(handle);
  std::span<std::byte> memory;
  // SAFETY: only receives wait for a udp.
  if (self.is_waited_for()) {
    auto& waiting = static_cast<receive_operation&>(self.waits().front());
    waiting.lent_.pause();  // libuv reads into it before anybody else runs
    memory = waiting.into_;
  }
  // SAFETY: libuv takes memory as char.
  *buffer = uv_buf_init(reinterpret_cast<char*>(memory.data()), 0);
  buffer->len = memory.size();
}

void udp_block::on_received_for_wait(uv_udp_t* handle, ssize_t count, const uv_buf_t*, const sockaddr* from,
                                     unsigned flags) noexcept {
  auto& self = block_of<udp_block>(handle);
  if (count == UV_ENOBUFS) uv_udp_recv_stop(handle);  // nobody waits: it stays in the system
  if (!self.is_waited_for()) return;
  // SAFETY: as above.
  auto& waiting = static_cast<receive_operation&>(self.waits().front());
  if (count >= 0 && from == nullptr) return waiting.lent_.resume();  // there was nothing
  if (count < 0) return waiting.end(static_cast<int>(count));
  waiting.result_.size = std::min(static_cast<std::size_t>(count), waiting.into_.size());
  waiting.result_.truncated = (flags & static_cast<unsigned>(UV_UDP_PARTIAL)) != 0;
  try {
    waiting.result_.from = sender(from);
  } catch (...) {
    return waiting.end(std::current_exception());
  }
  waiting.end(0);
  if (!self.is_waited_for() && handle->recv_cb == on_received_for_wait)
    self.loop().idle().add(self.idle_, self.uv());
}

receive_operation::receive_operation(udp_block& on, std::span<std::byte> into,
                                     std::source_location where) noexcept
    : handle_wait(on, "udp::receive_from", where), into_(into) {}

void receive_operation::start() {
  require_usable();
  require_alone();
  if (into_.empty())
    throw misuse(kind(), "there is no room to receive into: give it a span of some", where());
  lend lent(kind(), where());
  lent.for_writing(into_);
  // SAFETY: the constructor was given one.
  static_cast<udp_block&>(on()).receive_for_waits(*this);
  lent_ = std::move(lent);
  wait();
}

void send_block::on_sent(uv_udp_send_t* request, int status) noexcept {
  auto& self = request_of<send_block>(request);
  self.lent.give_back();
  finish(self, [&] {
    outcome<> ended;
    if (status < 0) ended = error(status, "udp::send", self.subject(), self.where());
    self.sent_(std::move(ended), self.buffers());
  });
}

}  // namespace detail

namespace {

using detail::udp_block;

udp_block& use_udp(detail::handle_block* block, const char* operation, const std::source_location& where) {
  return detail::use<udp_block>(block, operation, where);
}

unsigned flags_of(const udp_options& options, const std::source_location& where) {
  unsigned flags = options.recvmmsg ? static_cast<unsigned>(UV_UDP_RECVMMSG) : 0;
  switch (options.family) {
    case address_family::none:
      return flags | AF_UNSPEC;
    case address_family::ip4:
      return flags | AF_INET;
    case address_family::ip6:
      return flags | AF_INET6;
    case address_family::local:
      break;
  }
  throw misuse("udp", "UDP has IPv4 and IPv6 addresses only: make a Unix socket yourself and open() it",
               where);
}

void require_ip(const address& given, const char* operation, const std::source_location& where) {
  if (!given.is_ip())
    throw misuse(operation, "UDP has IPv4 and IPv6 addresses only: make one with address::ip", where);
}

bool has_socket(const udp_block& block) noexcept {
  uv_os_fd_t descriptor = -1;
  return uv_fileno(block.uv(), &descriptor) == 0;
}

/// libuv makes a socket of the address's family if there is none, which it cannot do for Unix, and it takes
/// those for as long as can be, which makes another name of an abstract one.
const sockaddr* destination(const address& to, const udp_block& block, const char* operation,
                            const std::source_location& where) {
  if (to.family() == address_family::local && (!to.unix_path() || !has_socket(block)))
    throw misuse(operation, "a Unix address must be a path, and the socket one that was opened with open()",
                 where);
  return to.native();
}

const char* text_or_null(const std::string& text) noexcept { return text.empty() ? nullptr : text.c_str(); }

uv_membership as_libuv(membership change) noexcept {
  return change == membership::join_group ? UV_JOIN_GROUP : UV_LEAVE_GROUP;
}

}  // namespace

udp::udp(uv::loop& loop, std::source_location where) : udp(loop, udp_options(), where) {}
udp::udp(uv::loop& loop, udp_options options, std::source_location where)
    : handle(udp_block::open(detail::loop_core::of(loop, "udp", where), flags_of(options, where), "udp",
                             where)) {}

void udp::open(int socket, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::open", where);
  detail::check(uv_udp_open(&used.udp, socket), used, "udp::open", where);
  int domain = AF_UNSPEC;
  socklen_t size = sizeof domain;
  used.local = ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

void udp::bind(const address& local, udp_bind_options options, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::bind", where);
  require_ip(local, "udp::bind", where);
  unsigned flags = 0;
  if (options.ipv6_only) flags |= static_cast<unsigned>(UV_UDP_IPV6ONLY);
  if (options.reuse_address) flags |= static_cast<unsigned>(UV_UDP_REUSEADDR);
  if (options.linux_recverr) flags |= static_cast<unsigned>(UV_UDP_LINUX_RECVERR);
  if (options.reuse_port) {
#if UV_VERSION_HEX >= ((1 << 16) | (49 << 8))
    flags |= static_cast<unsigned>(UV_UDP_REUSEPORT);
#else
    throw error(UV_ENOSYS, "udp::bind", "reuse_port", where, "libuv has it since 1.49");
#endif
  }
  if (const int status = uv_udp_bind(&used.udp, local.native(), flags); status < 0)
    throw error(status, "udp::bind", local.to_string(), where);
}

void udp::connect(const address& peer, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::connect", where);
  require_ip(peer, "udp::connect", where);
  if (const int status = uv_udp_connect(&used.udp, peer.native()); status < 0)
    throw error(status, "udp::connect", peer.to_string(), where);
}

void udp::disconnect(std::source_location where) {
  udp_block& used = use_udp(block_, "udp::disconnect", where);
  detail::check(uv_udp_connect(&used.udp, nullptr), used, "udp::disconnect", where);
}

address udp::local_address(std::source_location where) const {
  const udp_block& used = use_udp(block_, "udp::local_address", where);
  return detail::address_of(uv_udp_getsockname, used.udp, used, "udp::local_address", where);
}

address udp::peer_address(std::source_location where) const {
  const udp_block& used = use_udp(block_, "udp::peer_address", where);
  return detail::address_of(uv_udp_getpeername, used.udp, used, "udp::peer_address", where);
}

// ---- sending

namespace {

void submit_send(udp_block& used, detail::fresh<detail::send_block> send, const address& to,
                 const std::source_location& where) {
  const sockaddr* const native = destination(to, used, "udp::send", where);
  const detail::buffer_list buffers(send->buffers());
  const std::string subject = to ? to.to_string() : used.kind();
  send->lent = lend("udp::send", where);
  for (const owned_buffer& buffer : send->buffers()) send->lent.for_reading(buffer.bytes());
  detail::submit(std::move(send), "udp::send", subject, where, [&](detail::send_block& made) {
    return uv_udp_send(&made.request, &used.udp, buffers.data(), buffers.count(), native,
                       detail::send_block::on_sent);
  });
}

}  // namespace

void udp::queue_send(owned_buffer bytes, const address& to, detail::buffers_callback sent,
                     std::source_location where) {
  udp_block& used = use_udp(block_, "udp::send", where);
  auto send = used.loop().make<detail::send_block>(where, to, std::move(sent));
  send->one = std::move(bytes);
  submit_send(used, std::move(send), to, where);
}

void udp::queue_send(std::vector<owned_buffer> bytes, const address& to, detail::buffers_callback sent,
                     std::source_location where) {
  udp_block& used = use_udp(block_, "udp::send", where);
  if (bytes.empty()) throw misuse("udp::send", "there are no buffers: give it at least one", where);
  auto send = used.loop().make<detail::send_block>(where, to, std::move(sent));
  send->several = std::move(bytes);
  submit_send(used, std::move(send), to, where);
}

detail::send_operation udp::send_to(std::span<const std::byte> bytes, const address& to,
                                    std::source_location where) {
  return {use_udp(block_, "udp::send_to", where), bytes, to, where};
}

detail::send_operation::send_operation(udp_block& on, std::span<const std::byte> bytes, const address& to,
                                       std::source_location where) noexcept
    : handle_operation(on, "udp::send_to", where), bytes_(bytes), to_(to) {}

std::string detail::send_operation::object() const {
  return to_ ? to_.to_string() : handle_operation::object();
}

void detail::send_operation::start() {
  require_usable();
  // SAFETY: the constructor was given one.
  auto& used = static_cast<udp_block&>(on());
  const sockaddr* const native = destination(to_, used, kind(), where());
  const buffer_list buffers(std::span(&bytes_, 1));
  lend lent(kind(), where());
  lent.for_reading(bytes_);
  const int status = uv_udp_try_send(&used.udp, buffers.data(), buffers.count(), native);
  if (status != UV_EAGAIN) return ended(std::min(status, 0));
  using sending = awaited_request<uv_udp_send_t>;
  submit(used.loop().make<sending>(*this), kind(), object(), where(), [&](sending& made) {
    return uv_udp_send(&made.request, &used.udp, buffers.data(), buffers.count(), native, sending::on_done);
  });
  lent_ = std::move(lent);
}

/// libuv cannot take one back, and what waits, waits for room that may never be.
void detail::send_operation::cancel() noexcept { on().abort(); }

bool udp::try_send(std::span<const std::byte> bytes, const address& to, std::source_location where) {
  return try_send(std::span(&bytes, 1), to, where);
}

bool udp::try_send(std::span<const std::span<const std::byte>> bytes, const address& to,
                   std::source_location where) {
  udp_block& used = use_udp(block_, "udp::try_send", where);
  if (bytes.empty()) throw misuse("udp::try_send", "there are no spans: give it at least one", where);
  const sockaddr* const native = destination(to, used, "udp::try_send", where);
  const detail::buffer_list buffers(bytes);
  const int status = uv_udp_try_send(&used.udp, buffers.data(), buffers.count(), native);
  if (status == UV_EAGAIN) return false;
  if (status < 0) throw error(status, "udp::try_send", to ? to.to_string() : used.kind(), where);
  return true;
}

#if UV_VERSION_HEX >= ((1 << 16) | (50 << 8))
namespace {

/// As many as libuv hands to the system in one go: with more it loses count.
int try_send_some(udp_block& used, std::span<const outgoing_datagram> datagrams,
                  const std::source_location& where) {
  std::array<uv_buf_t, detail::largest_batch> buffers{};
  std::array<uv_buf_t*, detail::largest_batch> places{};
  std::array<unsigned, detail::largest_batch> counts{};
  std::array<sockaddr*, detail::largest_batch> addresses{};
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    const std::span<const std::byte> bytes = datagrams[i].bytes;
    // SAFETY: libuv reads what it sends, and where to, though its types do not say so.
    buffers[i].base = reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data()));
    buffers[i].len = bytes.size();
    places[i] = &buffers[i];
    counts[i] = 1;
    addresses[i] = const_cast<sockaddr*>(destination(datagrams[i].to, used, "udp::try_send", where));
  }
  return uv_udp_try_send2(&used.udp, static_cast<unsigned>(datagrams.size()), places.data(), counts.data(),
                          addresses.data(), 0);
}

}  // namespace
#endif

std::size_t udp::try_send(std::span<const outgoing_datagram> datagrams, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::try_send", where);
  if (datagrams.empty()) throw misuse("udp::try_send", "there are no datagrams: give it at least one", where);
#if UV_VERSION_HEX >= ((1 << 16) | (50 << 8))
  std::size_t sent = 0;
  while (sent < datagrams.size()) {
    const auto some = datagrams.subspan(sent, std::min(detail::largest_batch, datagrams.size() - sent));
    const int status = try_send_some(used, some, where);
    if (status < 0 && status != UV_EAGAIN && sent == 0)
      throw error(status, "udp::try_send", used.kind(), where);
    if (status > 0) sent += static_cast<std::size_t>(status);
    if (status != static_cast<int>(some.size())) break;
  }
  return sent;
#else
  throw error(UV_ENOSYS, "udp::try_send", used.kind(), where, "libuv has it since 1.50");
#endif
}

std::size_t udp::send_queue_size(std::source_location where) const {
  return uv_udp_get_send_queue_size(&use_udp(block_, "udp::send_queue_size", where).udp);
}
std::size_t udp::send_queue_count(std::source_location where) const {
  return uv_udp_get_send_queue_count(&use_udp(block_, "udp::send_queue_count", where).udp);
}

// ---- receiving

void udp::start_receiving(callback<std::span<std::byte>(std::size_t)> alloc,
                          callback<void(outcome<datagram>)> received, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::recv_start", where);
  used.stop_receiving_for_waits("udp::recv_start", where);
  detail::check(uv_udp_recv_start(&used.udp, udp_block::on_alloc, udp_block::on_received), used,
                "udp::recv_start", where);
  used.begin(where);
  used.alloc = std::move(alloc);
  used.received = std::move(received);
}

detail::receive_operation udp::receive_from(std::span<std::byte> into, std::source_location where) {
  return {use_udp(block_, "udp::receive_from", where), into, where};
}

void udp::recv_stop(std::source_location where) {
  udp_block& used = use_udp(block_, "udp::recv_stop", where);
  if (used.is_waited_for())
    throw misuse("udp::recv_stop", "a task waits for what comes: cancel it instead", where);
  uv_udp_recv_stop(&used.udp);
}

bool udp::using_recvmmsg(std::source_location where) const {
  return uv_udp_using_recvmmsg(&use_udp(block_, "udp::using_recvmmsg", where).udp) != 0;
}

// ---- options

void udp::set_membership(std::string_view group, std::string_view interface, membership change,
                         std::source_location where) {
  udp_block& used = use_udp(block_, "udp::set_membership", where);
  const std::string group_text = detail::c_text(group, "udp::set_membership", "group", where);
  const std::string interface_text = detail::c_text(interface, "udp::set_membership", "interface", where);
  if (const int status = uv_udp_set_membership(&used.udp, group_text.c_str(), text_or_null(interface_text),
                                               as_libuv(change));
      status < 0)
    throw error(status, "udp::set_membership", group, where);
}

void udp::set_source_membership(std::string_view group, std::string_view interface, std::string_view source,
                                membership change, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::set_source_membership", where);
  const std::string group_text = detail::c_text(group, "udp::set_source_membership", "group", where);
  const std::string interface_text =
      detail::c_text(interface, "udp::set_source_membership", "interface", where);
  const std::string source_text = detail::c_text(source, "udp::set_source_membership", "source", where);
  if (const int status = uv_udp_set_source_membership(
          &used.udp, group_text.c_str(), text_or_null(interface_text), source_text.c_str(), as_libuv(change));
      status < 0)
    throw error(status, "udp::set_source_membership", group, where);
}

void udp::set_multicast_loop(bool on, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::set_multicast_loop", where);
  detail::check(uv_udp_set_multicast_loop(&used.udp, on ? 1 : 0), used, "udp::set_multicast_loop", where);
}

void udp::set_multicast_ttl(int ttl, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::set_multicast_ttl", where);
  detail::check(uv_udp_set_multicast_ttl(&used.udp, ttl), used, "udp::set_multicast_ttl", where);
}

void udp::set_multicast_interface(std::string_view interface, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::set_multicast_interface", where);
  const std::string text = detail::c_text(interface, "udp::set_multicast_interface", "interface", where);
  if (const int status = uv_udp_set_multicast_interface(&used.udp, text_or_null(text)); status < 0)
    throw error(status, "udp::set_multicast_interface", interface, where);
}

void udp::set_broadcast(bool on, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::set_broadcast", where);
  detail::check(uv_udp_set_broadcast(&used.udp, on ? 1 : 0), used, "udp::set_broadcast", where);
}

void udp::set_ttl(int ttl, std::source_location where) {
  udp_block& used = use_udp(block_, "udp::set_ttl", where);
  detail::check(uv_udp_set_ttl(&used.udp, ttl), used, "udp::set_ttl", where);
}

std::size_t udp::send_buffer_size(std::source_location where) const {
  return detail::buffer_size<uv_send_buffer_size>(use_udp(block_, "udp::send_buffer_size", where),
                                                  "udp::send_buffer_size", where);
}
void udp::send_buffer_size(std::size_t size, std::source_location where) {
  detail::set_buffer_size<uv_send_buffer_size>(use_udp(block_, "udp::send_buffer_size", where), size,
                                               "udp::send_buffer_size", where);
}
std::size_t udp::recv_buffer_size(std::source_location where) const {
  return detail::buffer_size<uv_recv_buffer_size>(use_udp(block_, "udp::recv_buffer_size", where),
                                                  "udp::recv_buffer_size", where);
}
void udp::recv_buffer_size(std::size_t size, std::source_location where) {
  detail::set_buffer_size<uv_recv_buffer_size>(use_udp(block_, "udp::recv_buffer_size", where), size,
                                               "udp::recv_buffer_size", where);
}

int udp::fileno(std::source_location where) const {
  return detail::descriptor_of(use_udp(block_, "udp::fileno", where), "udp::fileno", where);
}

uv_udp_s* udp::native(std::source_location where) const { return &use_udp(block_, "udp::native", where).udp; }

}  // namespace gauntlet::uv
