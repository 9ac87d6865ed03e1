#pragma once
/// uv_getaddrinfo and uv_getnameinfo: addresses of names, and names of addresses.

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gauntlet/uv/address.hpp"
#include "gauntlet/uv/completion.hpp"
#include "gauntlet/uv/loop.hpp"
#include "gauntlet/uv/request.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

enum class socket_type : std::uint8_t {
  any,
  stream,    ///< SOCK_STREAM
  datagram,  ///< SOCK_DGRAM
  raw,       ///< SOCK_RAW
  other,     ///< what the system has besides; as a hint it is misuse
};

/// What is looked for (struct addrinfo as hints).
struct address_hints {
  address_family family = address_family::none;  ///< none: IPv4 and IPv6
  uv::socket_type socket_type = uv::socket_type::any;
  int protocol = 0;              ///< IPPROTO_TCP and its like; 0: any
  bool passive = false;          ///< for bind(): without a node the address that means any (AI_PASSIVE)
  bool canonical_name = false;   ///< tell the node's own name (AI_CANONNAME)
  bool numeric_node = false;     ///< the node is an address; no name is looked up (AI_NUMERICHOST)
  bool numeric_service = false;  ///< the service is a port number (AI_NUMERICSERV)
  bool v4_mapped = false;        ///< IPv6 wanted and only IPv4 there: ::ffff:1.2.3.4 (AI_V4MAPPED)
  bool all = false;              ///< with v4_mapped, the IPv4 ones as well as the IPv6 ones (AI_ALL)
  bool configured = false;       ///< only families that this machine has an address of (AI_ADDRCONFIG)
};

/// One of the answers (struct addrinfo).
struct address_info {
  uv::address address{};
  uv::socket_type socket_type = uv::socket_type::any;
  int protocol = 0;
  std::string canonical_name{};  ///< of the first one, if the hints asked for it
};

/// uv_getnameinfo's flags.
struct name_flags {
  bool numeric_host = false;     ///< no name, the address as text (NI_NUMERICHOST)
  bool numeric_service = false;  ///< the port as a number (NI_NUMERICSERV)
  bool name_required = false;    ///< an error instead of the address as text (NI_NAMEREQD)
  bool datagram = false;         ///< the service of UDP, where it differs (NI_DGRAM)
  bool no_fqdn = false;          ///< only the first part of names of this domain (NI_NOFQDN)
};

struct name_info {
  std::string host{};
  std::string service{};
};

namespace detail {

request start_getaddrinfo(loop& loop, std::string_view node, std::string_view service,
                          const address_hints& hints, callback<void(outcome<std::vector<address_info>>)> done,
                          std::source_location where);
request start_getnameinfo(loop& loop, const address& address, name_flags flags,
                          callback<void(outcome<name_info>)> done, std::source_location where);

}  // namespace detail

/// The addresses of a node ("example.org", "127.0.0.1") and a service ("http", "80"); either may be empty,
/// which is none, but not both. Looked up on the thread pool; done is called with
/// outcome<std::vector<address_info>>, the best address first, or with the vector only. The errors are
/// errc::eai_..., a node that cannot be a name is invalid_argument; a NUL inside is misuse
/// (uv_getaddrinfo, uv_freeaddrinfo).
template <completion_callback<std::vector<address_info>> Done>
request getaddrinfo(loop& loop, std::string_view node, std::string_view service, const address_hints& hints,
                    Done&& done, std::source_location where = std::source_location::current()) {
  return detail::start_getaddrinfo(loop, node, service, hints,
                                   detail::completion<std::vector<address_info>>(std::forward<Done>(done)),
                                   where);
}
/// The same for a coroutine: `co_await getaddrinfo(loop, ...)`.
detail::request_operation<std::vector<address_info>> getaddrinfo(
    loop& loop, std::string_view node, std::string_view service, const address_hints& hints = {},
    std::source_location where = std::source_location::current());
/// The same here and now; the thread waits. Of the loop, which need not run, only its thread is asked.
std::vector<address_info> getaddrinfo_now(loop& loop, std::string_view node, std::string_view service,
                                          const address_hints& hints = {},
                                          std::source_location where = std::source_location::current());

/// The name of an IP address and of its port. Looked up on the thread pool; done is called with
/// outcome<name_info>, or with name_info only. The errors are errc::eai_... (uv_getnameinfo).
template <completion_callback<name_info> Done>
request getnameinfo(loop& loop, const address& address, name_flags flags, Done&& done,
                    std::source_location where = std::source_location::current()) {
  return detail::start_getnameinfo(loop, address, flags,
                                   detail::completion<name_info>(std::forward<Done>(done)), where);
}
/// The same for a coroutine: `co_await getnameinfo(loop, ...)`.
detail::request_operation<name_info> getnameinfo(
    loop& loop, const address& address, name_flags flags = {},
    std::source_location where = std::source_location::current());
/// The same here and now; the thread waits.
name_info getnameinfo_now(loop& loop, const address& address, name_flags flags = {},
                          std::source_location where = std::source_location::current());

}  // namespace gauntlet::uv

#pragma GCC visibility pop
