#pragma once
/// Addresses of sockets, which all bindings share, and libuv's functions for their parts.

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

#include "gauntlet/address.hpp"
#include "gauntlet/uv/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

using gauntlet::address;
using gauntlet::address_family;

/// The bytes of "127.0.0.1" in network order. Anything else is EINVAL. (uv_inet_pton)
std::array<std::byte, 4> inet_pton4(std::string_view text,
                                    std::source_location where = std::source_location::current());
/// The bytes of "::1" in network order. Anything else, and a zone, is EINVAL. (uv_inet_pton)
std::array<std::byte, 16> inet_pton6(std::string_view text,
                                     std::source_location where = std::source_location::current());
/// "127.0.0.1". (uv_inet_ntop)
std::string inet_ntop(std::span<const std::byte, 4> bytes);
/// "::1". (uv_inet_ntop)
std::string inet_ntop(std::span<const std::byte, 16> bytes);

/// "eth0", of the index of an interface; ENXIO if there is none. (uv_if_indextoname)
std::string interface_name(std::uint32_t index, std::source_location where = std::source_location::current());
/// What stands behind the % of a link-local address: the name here, the number on Windows.
/// (uv_if_indextoiid)
std::string interface_id(std::uint32_t index, std::source_location where = std::source_location::current());
/// The index of an interface, what scope_id() is; ENODEV if there is none of this name. (if_nametoindex)
std::uint32_t interface_index(std::string_view name,
                              std::source_location where = std::source_location::current());

}  // namespace gauntlet::uv

#pragma GCC visibility pop
