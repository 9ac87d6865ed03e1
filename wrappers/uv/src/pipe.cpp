#include "gauntlet/uv/pipe.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <string>

#include "descriptor_guard.hpp"
#include "pipe_block.hpp"
#include "tcp_block.hpp"
#include "text.hpp"
#include "udp_block.hpp"

namespace gauntlet::uv {
namespace {

using detail::handle_block;
using detail::pipe_block;

#define GAUNTLET_UV_HAS_PIPE_BIND2 (UV_VERSION_HEX >= ((1 << 16) | (46 << 8)))

pipe_block& use_pipe(handle_block* block, const char* operation, const std::source_location& where) {
  return detail::use<pipe_block>(block, operation, where);
}

pipe_block& open_pipe(const uv::loop& owner, bool ipc, const char* operation,
                      const std::source_location& where) {
  return pipe_block::open(detail::loop_core::of(owner, operation, where), ipc, operation, where);
}

// ---- names

/// As libuv takes it: an abstract name has a NUL in front.
std::string socket_name(const address& given, const char* operation, const std::source_location& where) {
  if (const auto path = given.unix_path()) {
    // One byte more than uv_pipe_bind has room for, which would leave it out.
    if (!GAUNTLET_UV_HAS_PIPE_BIND2 && path->size() >= address::max_unix_path)
      throw error(UV_ENOSYS, operation, given.to_string(), where,
                  "libuv has paths of 108 bytes since 1.46: shorten it by one");
    return std::string(*path);
  }
  const auto name = given.unix_abstract();
  if (!name)
    throw misuse(operation, "a pipe has Unix addresses with a name only: make one with address::unix_path",
                 where);
  if (!GAUNTLET_UV_HAS_PIPE_BIND2)
    throw error(UV_ENOSYS, operation, given.to_string(), where, "libuv has it since 1.46");
  if (name->find('\0') != name->npos)
    throw error(UV_EINVAL, operation, given.to_string(), where, "libuv takes no abstract name with a NUL");
  return '\0' + std::string(*name);
}

/// Core's own error would not be libuv's, as those of a pipe are.
address path_address(std::string_view path, const char* operation, const std::source_location& where) {
  if (path.size() > address::max_unix_path)
    throw error(UV_ENAMETOOLONG, operation, path, where,
                "there is room for 108 bytes: use a shorter path, or one relative to the working directory");
  return address::unix_path(path, where);
}

#if GAUNTLET_UV_HAS_PIPE_BIND2
/// An abstract name, or one that has no room for a NUL at its end.
bool needs_length(const std::string& name) {
  return name.find('\0') != std::string::npos || name.size() >= address::max_unix_path;
}
#endif

int bind_to(uv_pipe_t& pipe, const std::string& name) {
#if GAUNTLET_UV_HAS_PIPE_BIND2
  if (needs_length(name)) return uv_pipe_bind2(&pipe, name.data(), name.size(), UV_PIPE_NO_TRUNCATE);
#endif
  return uv_pipe_bind(&pipe, name.c_str());
}

int connect_to(uv_connect_t& request, uv_pipe_t& pipe, const std::string& name, uv_connect_cb connected) {
#if GAUNTLET_UV_HAS_PIPE_BIND2
  if (needs_length(name))
    return uv_pipe_connect2(&request, &pipe, name.data(), name.size(), UV_PIPE_NO_TRUNCATE, connected);
#endif
  uv_pipe_connect(&request, &pipe, name.c_str(), connected);
  return 0;
}

using name_function = int (*)(const uv_pipe_t*, char*, std::size_t*);

address name_of(name_function function, const pipe_block& block, const char* operation,
                const std::source_location& where) {
  std::array<char, sizeof(sockaddr_un) + 1> name{};
  std::size_t size = name.size();
  detail::check(function(&block.pipe, name.data(), &size), block, operation, where);
  size = std::min(size, name.size());
  if (size == 0) {
    sockaddr unnamed{};
    unnamed.sa_family = AF_UNIX;
    return address::from_native(&unnamed, sizeof unnamed.sa_family, where);
  }
  const std::string_view text(name.data(), size);
  return text.front() == '\0' ? address::unix_abstract(text.substr(1), where)
                              : address::unix_path(text, where);
}

// ---- sending handles

/// The block of the handle that is to be sent; libuv asserts what is asked here.
detail::waited_block& sendable(handle_block* sent, pipe_block& through, const char* operation,
                               const std::source_location& where) {
  if (through.pipe.ipc == 0)
    throw misuse(operation, "the pipe was made without ipc: make it with pipe_options{.ipc = true}", where);
  auto& block = detail::use<detail::waited_block>(sent, operation, where);
  if (&block.loop() != &through.loop())
    throw misuse(operation, "the handle belongs to another loop: send it through a pipe of its own loop",
                 where);
  uv_os_fd_t descriptor = -1;
  if (const int status = uv_fileno(block.uv(), &descriptor); status < 0)
    throw error(status, operation, block.kind(), where, "the handle to send has no socket yet");
  return block;
}

void require_bytes(std::size_t count, const char* operation, const std::source_location& where) {
  // The system sends nothing without a byte, and libuv would say that it had.
  if (count == 0) throw misuse(operation, "a handle travels with bytes: send at least one with it", where);
}

pending_kind kind_of(uv_handle_type type) noexcept {
  switch (type) {
    case UV_TCP:
      return pending_kind::tcp;
    case UV_NAMED_PIPE:
      return pending_kind::pipe;
    case UV_UDP:
      return pending_kind::udp;
    default:
      return pending_kind::other;
  }
}

pending_kind first_pending(pipe_block& block) noexcept {
  if (uv_pipe_pending_count(&block.pipe) == 0) return pending_kind::none;
  return kind_of(uv_pipe_pending_type(&block.pipe));
}

const char* name_of(pending_kind kind) noexcept {
  switch (kind) {
    case pending_kind::tcp:
      return "a TCP socket waits: take it with accept_tcp or accept_tcp_listener";
    case pending_kind::pipe:
      return "a pipe waits: take it with accept_pipe or accept_pipe_listener";
    case pending_kind::udp:
      return "a UDP socket waits: take it with accept_udp";
    default:
      return "what waits is no socket: drop_pending() closes it";
  }
}

/// uv_accept polls the pipe again whether somebody reads or not, and with bytes to read the loop would spin.
void keep_quiet_unless_active(pipe_block& block, bool was_active) noexcept {
  if (was_active) return;
  const auto no_memory = [](uv_handle_t*, std::size_t, uv_buf_t*) noexcept {};
  const auto no_read = [](uv_stream_t*, ssize_t, const uv_buf_t*) noexcept {};
  if (uv_read_start(block.stream(), no_memory, no_read) == 0) uv_read_stop(block.stream());
}

/// libuv asks for neither: it would forget the first request, and cancel the writes.
void require_unconnected(const pipe_block& used, const std::string& subject,
                         const std::source_location& where) {
  if (used.pipe.connect_req != nullptr) throw error(UV_EALREADY, "pipe::connect", subject, where);
  if (uv_is_readable(used.stream()) != 0 || uv_is_writable(used.stream()) != 0)
    throw error(UV_EISCONN, "pipe::connect", subject, where);
}

}  // namespace

// ---- pipe

pipe::pipe(uv::loop& loop, std::source_location where) : pipe(loop, pipe_options(), where) {}
pipe::pipe(uv::loop& loop, pipe_options options, std::source_location where)
    : stream(open_pipe(loop, options.ipc, "pipe", where)) {}

void pipe::open(int descriptor, std::source_location where) {
  pipe_block& used = use_pipe(block_, "pipe::open", where);
  detail::check(uv_pipe_open(&used.pipe, descriptor), used, "pipe::open", where);
}

detail::pipe_connect_operation pipe::connect(const address& peer, std::source_location where) {
  return {use_pipe(block_, "pipe::connect", where), peer, where};
}
detail::pipe_connect_operation pipe::connect(std::string_view path, std::source_location where) {
  return connect(path_address(path, "pipe::connect", where), where);
}

detail::pipe_connect_operation::pipe_connect_operation(pipe_block& on, const address& peer,
                                                       std::source_location where) noexcept
    : handle_operation(on, "pipe::connect", where), peer_(peer) {}

void detail::pipe_connect_operation::start() {
  require_usable();
  // SAFETY: the constructor was given one.
  auto& used = static_cast<pipe_block&>(on());
  const std::string name = socket_name(peer_, kind(), where());
  const std::string subject = object();
  require_unconnected(used, subject, where());
  using connecting = awaited_request<uv_connect_t>;
  submit(used.loop().make<connecting>(*this), kind(), subject, where(),
         [&](connecting& made) { return connect_to(made.request, used.pipe, name, connecting::on_done); });
}

void detail::pipe_connect_operation::cancel() noexcept { on().abort(); }

void pipe::start_connecting(const address& peer, callback<void(outcome<>)> connected,
                            std::source_location where) {
  pipe_block& used = use_pipe(block_, "pipe::connect", where);
  const std::string name = socket_name(peer, "pipe::connect", where);
  const std::string subject = peer.to_string();
  require_unconnected(used, subject, where);
  detail::submit(used.loop().make<detail::connect_block>("connect", "pipe::connect", where, subject,
                                                         std::move(connected)),
                 "pipe::connect", subject, where, [&](detail::connect_block& block) {
                   return connect_to(block.request, used.pipe, name, detail::connect_block::on_done);
                 });
}

detail::write_operation pipe::await_write_with(std::span<const std::byte> bytes, const sent_handle& sent,
                                               const std::source_location& where) {
  pipe_block& used = use_pipe(block_, "pipe::write", where);
  detail::waited_block& block = sendable(sent.block_, used, "pipe::write", where);
  require_bytes(bytes.size(), "pipe::write", where);
  return {used, bytes, block, where};
}

bool pipe::queue_write_with(owned_buffer bytes, const sent_handle& sent, detail::buffers_callback written,
                            std::source_location where) {
  pipe_block& used = use_pipe(block_, "pipe::write", where);
  detail::waited_block& block = sendable(sent.block_, used, "pipe::write", where);
  require_bytes(bytes.size(), "pipe::write", where);
  return used.write(std::move(bytes), &block, std::move(written), where);
}

bool pipe::queue_write_with(std::vector<owned_buffer> bytes, const sent_handle& sent,
                            detail::buffers_callback written, std::source_location where) {
  pipe_block& used = use_pipe(block_, "pipe::write", where);
  detail::waited_block& block = sendable(sent.block_, used, "pipe::write", where);
  std::size_t count = 0;
  for (const owned_buffer& buffer : bytes) count += buffer.size();
  require_bytes(count, "pipe::write", where);
  return used.write(std::move(bytes), &block, std::move(written), where);
}

std::size_t pipe::try_write(std::span<const std::byte> bytes, const sent_handle& sent,
                            std::source_location where) {
  pipe_block& used = use_pipe(block_, "pipe::try_write", where);
  detail::waited_block& block = sendable(sent.block_, used, "pipe::try_write", where);
  require_bytes(bytes.size(), "pipe::try_write", where);
  const detail::buffer_list buffers(std::span(&bytes, 1));
  // SAFETY: libuv's own way to give any handle, of which it looks at type and descriptor.
  const int written = uv_try_write2(used.stream(), buffers.data(), buffers.count(),
                                    reinterpret_cast<uv_stream_t*>(block.uv()));
  if (written == UV_EAGAIN) return 0;
  detail::check(written, used, "pipe::try_write", where);
  return static_cast<std::size_t>(written);
}

std::size_t pipe::pending_count(std::source_location where) const {
  return static_cast<std::size_t>(
      std::max(0, uv_pipe_pending_count(&use_pipe(block_, "pipe::pending_count", where).pipe)));
}

pending_kind pipe::pending_type(std::source_location where) const {
  return first_pending(use_pipe(block_, "pipe::pending_type", where));
}

void pipe::accept(handle_block& into, pending_kind kind, const char* operation,
                  const std::source_location& where) {
  pipe_block& used = use_pipe(block_, operation, where);
  const pending_kind waiting = first_pending(used);
  // libuv would take one for the other.
  if (waiting != pending_kind::none && waiting != kind) throw misuse(operation, name_of(waiting), where);
  const bool was_active = uv_is_active(used.uv()) != 0;
  // SAFETY: as in try_write.
  auto* const taken = reinterpret_cast<uv_stream_t*>(into.uv());
  detail::check(uv_accept(used.stream(), taken), used, operation, where);
  keep_quiet_unless_active(used, was_active);
  // Who sent it may have left it blocking, and then a read would block the loop.
  if (into.uv()->type != UV_UDP) detail::check(uv_stream_set_blocking(taken, 0), into, operation, where);
}

tcp pipe::accept_tcp(std::source_location where) {
  tcp taken(detail::tcp_block::open(use_pipe(block_, "pipe::accept_tcp", where).loop(), AF_UNSPEC,
                                    "pipe::accept_tcp", where));
  accept(*taken.block_, pending_kind::tcp, "pipe::accept_tcp", where);
  return taken;
}

tcp_listener pipe::accept_tcp_listener(std::source_location where) {
  tcp_listener taken(detail::tcp_block::open(use_pipe(block_, "pipe::accept_tcp_listener", where).loop(),
                                             AF_UNSPEC, "pipe::accept_tcp_listener", where));
  accept(*taken.block_, pending_kind::tcp, "pipe::accept_tcp_listener", where);
  return taken;
}

pipe pipe::accept_pipe(pipe_options options, std::source_location where) {
  pipe taken(pipe_block::open(use_pipe(block_, "pipe::accept_pipe", where).loop(), options.ipc,
                              "pipe::accept_pipe", where));
  accept(*taken.block_, pending_kind::pipe, "pipe::accept_pipe", where);
  return taken;
}

pipe_listener pipe::accept_pipe_listener(pipe_options accepted, std::source_location where) {
  pipe_block& made = pipe_block::open(use_pipe(block_, "pipe::accept_pipe_listener", where).loop(), false,
                                      "pipe::accept_pipe_listener", where);
  made.accepts_ipc = accepted.ipc;
  pipe_listener taken(made);
  accept(made, pending_kind::pipe, "pipe::accept_pipe_listener", where);
  return taken;
}

udp pipe::accept_udp(std::source_location where) {
  udp taken(detail::udp_block::open(use_pipe(block_, "pipe::accept_udp", where).loop(), AF_UNSPEC,
                                    "pipe::accept_udp", where));
  accept(*taken.block_, pending_kind::udp, "pipe::accept_udp", where);
  return taken;
}

void pipe::drop_pending(std::source_location where) {
  pipe_block& used = use_pipe(block_, "pipe::drop_pending", where);
  // Any descriptor can be in a pipe that does nothing but close it.
  pipe dropped(pipe_block::open(used.loop(), false, "pipe::drop_pending", where));
  accept(*dropped.block_, first_pending(used), "pipe::drop_pending", where);
}

address pipe::local_address(std::source_location where) const {
  return name_of(uv_pipe_getsockname, use_pipe(block_, "pipe::local_address", where), "pipe::local_address",
                 where);
}
address pipe::peer_address(std::source_location where) const {
  return name_of(uv_pipe_getpeername, use_pipe(block_, "pipe::peer_address", where), "pipe::peer_address",
                 where);
}

std::size_t pipe::send_buffer_size(std::source_location where) const {
  return detail::buffer_size<uv_send_buffer_size>(use_pipe(block_, "pipe::send_buffer_size", where),
                                                  "pipe::send_buffer_size", where);
}
void pipe::send_buffer_size(std::size_t size, std::source_location where) {
  detail::set_buffer_size<uv_send_buffer_size>(use_pipe(block_, "pipe::send_buffer_size", where), size,
                                               "pipe::send_buffer_size", where);
}
std::size_t pipe::recv_buffer_size(std::source_location where) const {
  return detail::buffer_size<uv_recv_buffer_size>(use_pipe(block_, "pipe::recv_buffer_size", where),
                                                  "pipe::recv_buffer_size", where);
}
void pipe::recv_buffer_size(std::size_t size, std::source_location where) {
  detail::set_buffer_size<uv_recv_buffer_size>(use_pipe(block_, "pipe::recv_buffer_size", where), size,
                                               "pipe::recv_buffer_size", where);
}

uv_pipe_s* pipe::native(std::source_location where) const {
  return &use_pipe(block_, "pipe::native", where).pipe;
}

// ---- pairs

std::pair<pipe, pipe> pipe_pair(uv::loop& loop, pipe_options options, std::source_location where) {
  std::pair<pipe, pipe> ends{pipe(loop, options, where), pipe(loop, options, where)};
  std::array<uv_os_sock_t, 2> sockets{};
  detail::check(uv_socketpair(SOCK_STREAM, 0, sockets.data(), UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE),
                "pipe_pair", "pipe", where);
  detail::descriptor_guard first(sockets[0]);
  detail::descriptor_guard second(sockets[1]);
  ends.first.open(first.get(), where);
  static_cast<void>(first.release());
  ends.second.open(second.get(), where);
  static_cast<void>(second.release());
  return ends;
}

std::pair<pipe, pipe> make_pipe(uv::loop& loop, std::source_location where) {
  std::pair<pipe, pipe> ends{pipe(loop, where), pipe(loop, where)};
  const pipe_descriptors made = make_pipe({.nonblocking_read = true, .nonblocking_write = true}, where);
  detail::descriptor_guard reading(made.read);
  detail::descriptor_guard writing(made.write);
  ends.first.open(reading.get(), where);
  static_cast<void>(reading.release());
  ends.second.open(writing.get(), where);
  static_cast<void>(writing.release());
  return ends;
}

pipe_descriptors make_pipe(make_pipe_options options, std::source_location where) {
  std::array<uv_file, 2> ends{};
  detail::check(uv_pipe(ends.data(), options.nonblocking_read ? UV_NONBLOCK_PIPE : 0,
                        options.nonblocking_write ? UV_NONBLOCK_PIPE : 0),
                "make_pipe", "pipe", where);
  return {.read = ends[0], .write = ends[1]};
}

// ---- pipe_listener

pipe_listener::pipe_listener(uv::loop& loop, const address& local, pipe_listen_options options,
                             std::source_location where)
    : handle(open_pipe(loop, false, "pipe_listener", where)) {
  pipe_block& used = use_pipe(block_, "pipe_listener", where);
  used.accepts_ipc = options.accepted.ipc;
  if (const int status = bind_to(used.pipe, socket_name(local, "pipe_listener", where)); status < 0)
    throw error(status, "pipe_listener", local.to_string(), where);
}

pipe_listener::pipe_listener(uv::loop& loop, std::string_view path, pipe_listen_options options,
                             std::source_location where)
    : pipe_listener(loop, path_address(path, "pipe_listener", where), options, where) {}

pipe_listener::pipe_listener(uv::loop& loop, int socket, pipe_listen_options options,
                             std::source_location where)
    : handle(open_pipe(loop, false, "pipe_listener", where)) {
  pipe_block& used = use_pipe(block_, "pipe_listener", where);
  used.accepts_ipc = options.accepted.ipc;
  detail::check(uv_pipe_open(&used.pipe, socket), used, "pipe_listener", where);
}

void pipe_listener::start_accepting(callback<void(outcome<pipe>)> accepted, int backlog,
                                    std::source_location where) {
  pipe_block& used = use_pipe(block_, "pipe_listener::listen", where);
  used.listen(
      backlog,
      [&used, where, told = std::move(accepted)](int status) mutable {
        if (status < 0) {
          told(error(status, "pipe_listener::listen", "pipe", where));
          return;
        }
        pipe peer(pipe_block::open(used.loop(), used.accepts_ipc, "pipe_listener::listen", where));
        used.accept(use_pipe(peer.block_, "pipe_listener::listen", where), "pipe_listener::listen", where);
        told(std::move(peer));
      },
      "pipe_listener::listen", where);
}

void pipe_listener::start_listening(callback<void(outcome<>)> waiting, int backlog,
                                    std::source_location where) {
  use_pipe(block_, "pipe_listener::listen", where)
      .listen(
          backlog,
          [where, told = std::move(waiting)](int status) mutable {
            told(detail::ended(status, "pipe_listener::listen", "pipe", where));
          },
          "pipe_listener::listen", where);
}

std::optional<pipe> pipe_listener::try_accept(std::source_location where) {
  pipe_block& used = use_pipe(block_, "pipe_listener::try_accept", where);
  if (!used.has_connection()) return std::nullopt;
  pipe peer(pipe_block::open(used.loop(), used.accepts_ipc, "pipe_listener::try_accept", where));
  used.accept(use_pipe(peer.block_, "pipe_listener::try_accept", where), "pipe_listener::try_accept", where);
  return peer;
}

void pipe_listener::listen(int backlog, std::source_location where) {
  use_pipe(block_, "pipe_listener::listen", where).listen_for_waits(backlog, "pipe_listener::listen", where);
}

detail::pipe_accept_operation pipe_listener::accept(std::source_location where) {
  return {use_pipe(block_, "pipe_listener::accept", where), where};
}

detail::pipe_accept_operation::pipe_accept_operation(pipe_block& on, std::source_location where) noexcept
    : accept_operation(on, "pipe_listener::accept", where) {}

void detail::pipe_accept_operation::take() {
  // SAFETY: the constructor was given one.
  auto& listener = static_cast<pipe_block&>(on());
  pipe_block& peer = pipe_block::open(listener.loop(), listener.accepts_ipc, kind(), where());
  taken_.emplace(pipe(peer));
  listener.accept(peer, kind(), where());
}

address pipe_listener::local_address(std::source_location where) const {
  return name_of(uv_pipe_getsockname, use_pipe(block_, "pipe_listener::local_address", where),
                 "pipe_listener::local_address", where);
}

void pipe_listener::chmod(pipe_access access, std::source_location where) {
  pipe_block& used = use_pipe(block_, "pipe_listener::chmod", where);
  detail::check(uv_pipe_chmod(&used.pipe, static_cast<int>(access)), used, "pipe_listener::chmod", where);
}

void pipe_listener::pending_instances(int count, std::source_location where) {
  uv_pipe_pending_instances(&use_pipe(block_, "pipe_listener::pending_instances", where).pipe, count);
}

int pipe_listener::fileno(std::source_location where) const {
  return detail::descriptor_of(use_pipe(block_, "pipe_listener::fileno", where), "pipe_listener::fileno",
                               where);
}

uv_pipe_s* pipe_listener::native(std::source_location where) const {
  return &use_pipe(block_, "pipe_listener::native", where).pipe;
}

}  // namespace gauntlet::uv
