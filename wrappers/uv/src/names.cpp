#include "gauntlet/uv/names.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "request_block.hpp"
#include "text.hpp"

namespace gauntlet::uv {
namespace detail {
namespace {

struct frees {
  void operator()(addrinfo* list) const noexcept { uv_freeaddrinfo(list); }
};
using address_list = std::unique_ptr<addrinfo, frees>;

socket_type type_of(int native) noexcept {
  switch (native) {
    case 0:
      return socket_type::any;
    case SOCK_STREAM:
      return socket_type::stream;
    case SOCK_DGRAM:
      return socket_type::datagram;
    case SOCK_RAW:
      return socket_type::raw;
    default:
      return socket_type::other;
  }
}

int native(socket_type type, const std::source_location& where) {
  switch (type) {
    case socket_type::any:
      return 0;
    case socket_type::stream:
      return SOCK_STREAM;
    case socket_type::datagram:
      return SOCK_DGRAM;
    case socket_type::raw:
      return SOCK_RAW;
    case socket_type::other:
      break;
  }
  throw misuse("getaddrinfo", "a hint must be any, stream, datagram or raw", where);
}

int native(address_family family, const std::source_location& where) {
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
  throw misuse("getaddrinfo", "names have IPv4 and IPv6 addresses only", where);
}

addrinfo native(const address_hints& hints, const std::source_location& where) {
  addrinfo made{};
  made.ai_family = native(hints.family, where);
  made.ai_socktype = native(hints.socket_type, where);
  made.ai_protocol = hints.protocol;
  const auto set = [&made](bool wanted, int flag) {
    if (wanted) made.ai_flags |= flag;
  };
  set(hints.passive, AI_PASSIVE);
  set(hints.canonical_name, AI_CANONNAME);
  set(hints.numeric_node, AI_NUMERICHOST);
  set(hints.numeric_service, AI_NUMERICSERV);
  set(hints.v4_mapped, AI_V4MAPPED);
  set(hints.all, AI_ALL);
  set(hints.configured, AI_ADDRCONFIG);
  return made;
}

std::vector<address_info> values_of(const addrinfo* list, const std::source_location& where) {
  std::vector<address_info> values;
  for (; list != nullptr; list = list->ai_next)
    values.push_back({.address = address::from_native(list->ai_addr, list->ai_addrlen, where),
                      .socket_type = type_of(list->ai_socktype),
                      .protocol = list->ai_protocol,
                      .canonical_name = list->ai_canonname == nullptr ? "" : list->ai_canonname});
  return values;
}

/// What is asked, checked.
struct question {
  question(std::string_view node_asked, std::string_view service_asked, const address_hints& hints_asked,
           const std::source_location& where)
      : node(c_text(node_asked, "getaddrinfo", "node", where)),
        service(c_text(service_asked, "getaddrinfo", "service", where)),
        hints(native(hints_asked, where)) {
    if (node.empty() && service.empty())
      throw misuse("getaddrinfo", "there is nothing to look up: give it a node or a service", where);
    if (node.size() > longest()) throw error(UV_EINVAL, "getaddrinfo", node, where, "the name is too long");
  }

  /// Before 1.48 libuv cuts names of more than 255 bytes off and looks up what is left, or more than that
  /// (CVE-2024-24806). What is not ASCII grows in between, to less than three times its size.
  std::size_t longest() const noexcept {
    const bool ascii = std::ranges::all_of(node, [](char c) { return static_cast<signed char>(c) >= 0; });
    return ascii || UV_VERSION_HEX >= ((1 << 16) | (48 << 8)) ? 255 : 80;
  }
  const char* node_or_null() const noexcept { return node.empty() ? nullptr : node.c_str(); }
  const char* service_or_null() const noexcept { return service.empty() ? nullptr : service.c_str(); }
  std::string subject() const { return node.empty() ? service : node; }

  std::string node;
  std::string service;
  addrinfo hints;
};

class getaddrinfo_block final : public request_block {
 public:
  getaddrinfo_block(loop_core& loop, std::source_location where, std::string subject,
                    callback<void(outcome<std::vector<address_info>>)>&& done) noexcept
      : request_block(loop, "getaddrinfo", where, request),
        subject_(std::move(subject)),
        done_(std::move(done)) {}

  static void on_done(uv_getaddrinfo_t* request, int status, addrinfo* list) noexcept {
    auto& self = request_of<getaddrinfo_block>(request);
    const address_list owned(list);  // whoever listens, and also when the loop has ended
    finish(self, [&] {
      if (status < 0)
        self.done_(error(status, "getaddrinfo", self.subject_, self.where()));
      else
        self.done_(values_of(owned.get(), self.where()));
    });
  }
  void release_callbacks() noexcept { done_ = {}; }

  uv_getaddrinfo_t request{};

 private:
  using request_block::describe;
  void describe(pending_operation& into) const override {
    request_block::describe(into);
    into.object = subject_;
  }

  std::string subject_;
  callback<void(outcome<std::vector<address_info>>)> done_;
};

class getnameinfo_block final : public request_block {
 public:
  getnameinfo_block(loop_core& loop, std::source_location where, const address& asked,
                    callback<void(outcome<name_info>)>&& done) noexcept
      : request_block(loop, "getnameinfo", where, request), asked_(asked), done_(std::move(done)) {}

  static void on_done(uv_getnameinfo_t* request, int status, const char* host, const char* service) noexcept {
    auto& self = request_of<getnameinfo_block>(request);
    finish(self, [&] {
      if (status < 0)
        self.done_(error(status, "getnameinfo", self.asked_.to_string(), self.where()));
      else
        self.done_(name_info{.host = host, .service = service});
    });
  }
  void release_callbacks() noexcept { done_ = {}; }

  uv_getnameinfo_t request{};

 private:
  using request_block::describe;
  void describe(pending_operation& into) const override {
    request_block::describe(into);
    into.object = asked_.to_string();
  }

  address asked_;
  callback<void(outcome<name_info>)> done_;
};

void require_ip(const address& given, const std::source_location& where) {
  if (!given.is_ip())
    throw misuse("getnameinfo", "only IPv4 and IPv6 addresses have names: make one with address::ip", where);
}

int native(name_flags flags) noexcept {
  return (flags.numeric_host ? NI_NUMERICHOST : 0) | (flags.numeric_service ? NI_NUMERICSERV : 0) |
         (flags.name_required ? NI_NAMEREQD : 0) | (flags.datagram ? NI_DGRAM : 0) |
         (flags.no_fqdn ? NI_NOFQDN : 0);
}

}  // namespace

namespace {

request submit_getaddrinfo(loop_core& core, const question& asked,
                           callback<void(outcome<std::vector<address_info>>)> done,
                           const std::source_location& where) {
  const std::string subject = asked.subject();
  return submit_to_pool(core.make<getaddrinfo_block>(where, subject, std::move(done)), "getaddrinfo", subject,
                        where,
                        [&](getaddrinfo_block& block) {
                          return uv_getaddrinfo(core.uv(), &block.request, getaddrinfo_block::on_done,
                                                asked.node_or_null(), asked.service_or_null(), &asked.hints);
                        })
      .owner();
}

request submit_getnameinfo(loop_core& core, const address& address, name_flags flags,
                           callback<void(outcome<name_info>)> done, const std::source_location& where) {
  return submit_to_pool(core.make<getnameinfo_block>(where, address, std::move(done)), "getnameinfo",
                        address.to_string(), where,
                        [&](getnameinfo_block& block) {
                          return uv_getnameinfo(core.uv(), &block.request, getnameinfo_block::on_done,
                                                address.native(), native(flags));
                        })
      .owner();
}

}  // namespace

request start_getaddrinfo(loop& loop, std::string_view node, std::string_view service,
                          const address_hints& hints, callback<void(outcome<std::vector<address_info>>)> done,
                          std::source_location where) {
  loop_core& core = loop_core::of(loop, "getaddrinfo", where);
  return submit_getaddrinfo(core, question(node, service, hints, where), std::move(done), where);
}

request start_getnameinfo(loop& loop, const address& address, name_flags flags,
                          callback<void(outcome<name_info>)> done, std::source_location where) {
  loop_core& core = loop_core::of(loop, "getnameinfo", where);
  require_ip(address, where);
  return submit_getnameinfo(core, address, flags, std::move(done), where);
}

}  // namespace detail

detail::request_operation<std::vector<address_info>> getaddrinfo(loop& loop, std::string_view node,
                                                                 std::string_view service,
                                                                 const address_hints& hints,
                                                                 std::source_location where) {
  return {detail::loop_core::of(loop, "getaddrinfo", where), "getaddrinfo", where,
          [asked = detail::question(node, service, hints, where), where](
              detail::loop_core& core, callback<void(outcome<std::vector<address_info>>)> done) {
            return detail::submit_getaddrinfo(core, asked, std::move(done), where);
          }};
}

detail::request_operation<name_info> getnameinfo(loop& loop, const address& address, name_flags flags,
                                                 std::source_location where) {
  detail::require_ip(address, where);
  return {detail::loop_core::of(loop, "getnameinfo", where), "getnameinfo", where,
          [asked = address, flags, where](detail::loop_core& core, callback<void(outcome<name_info>)> done) {
            return detail::submit_getnameinfo(core, asked, flags, std::move(done), where);
          }};
}

std::vector<address_info> getaddrinfo_now(loop& loop, std::string_view node, std::string_view service,
                                          const address_hints& hints, std::source_location where) {
  detail::loop_core& core = detail::loop_core::of(loop, "getaddrinfo", where);
  const detail::question asked(node, service, hints, where);
  uv_getaddrinfo_t request{};
  const int status = uv_getaddrinfo(core.uv(), &request, nullptr, asked.node_or_null(),
                                    asked.service_or_null(), &asked.hints);
  const detail::address_list owned(request.addrinfo);
  detail::check(status, "getaddrinfo", asked.subject(), where);
  return detail::values_of(owned.get(), where);
}

name_info getnameinfo_now(loop& loop, const address& address, name_flags flags, std::source_location where) {
  detail::loop_core& core = detail::loop_core::of(loop, "getnameinfo", where);
  detail::require_ip(address, where);
  uv_getnameinfo_t request{};
  const int status = uv_getnameinfo(core.uv(), &request, nullptr, address.native(), detail::native(flags));
  if (status < 0) throw error(status, "getnameinfo", address.to_string(), where);
  return {.host = request.host, .service = request.service};
}

}  // namespace gauntlet::uv
