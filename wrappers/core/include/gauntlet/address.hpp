#pragma once
/// Where a socket is, or is to be: a value of 136 bytes that is copied freely, compared, sorted and hashed.
/// It holds what the system calls a sockaddr, checked once, when it is made.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

#include "gauntlet/error.hpp"

#pragma GCC visibility push(default)

struct sockaddr;

namespace gauntlet {

enum class address_family : std::uint8_t {
  none,   ///< no address: what a default constructed one has
  ip4,    ///< AF_INET
  ip6,    ///< AF_INET6
  local,  ///< AF_UNIX: a path, an abstract name, or an unnamed socket
};

/// What makes one from text throws error where the text is no address, and says what one is: its code is an
/// errno (std::generic_category). For any thread, as any value is.
///
/// Two are equal when they mean the same: family, address, port, scope and flow info, or the name of a Unix
/// socket. They are sorted by that order. ::ffff:127.0.0.1 is not 127.0.0.1.
class address {
 public:
  /// No address: family none, native() is nullptr, size() is 0.
  address() noexcept = default;

  /// "127.0.0.1" or "::1", also with a zone: "fe80::1%eth0", "fe80::1%2". No names are looked up. The port is
  /// the host's number, 0 for any.
  static address ip(std::string_view host, std::uint16_t port,
                    std::source_location where = std::source_location::current());
  /// "127.0.0.1": four decimal numbers.
  static address ip4(std::string_view host, std::uint16_t port,
                     std::source_location where = std::source_location::current());
  /// "::1", "fe80::1%eth0", "fe80::1%2". An interface that is not there is an error (ENODEV).
  static address ip6(std::string_view host, std::uint16_t port,
                     std::source_location where = std::source_location::current());

  /// The longest path of a Unix socket, in bytes; an abstract name is one byte shorter.
  static constexpr std::size_t max_unix_path = 108;

  /// A Unix socket in the file system. One that is too long is an error (ENAMETOOLONG); one that is empty or
  /// has a NUL inside is misuse.
  static address unix_path(std::string_view path,
                           std::source_location where = std::source_location::current());
  /// A Unix socket in Linux's abstract namespace: any bytes, NUL too, or none; without the NUL that the
  /// system has in front. One that is too long is an error (ENAMETOOLONG).
  static address unix_abstract(std::string_view name,
                               std::source_location where = std::source_location::current());

  /// What to_string wrote: "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "unix:/a", "unix:@name", "unix:".
  /// The port must be there.
  static address parse(std::string_view text, std::source_location where = std::source_location::current());

  /// From the system's own, of which `size` bytes may be read. It is looked at before it is believed: a size
  /// that does not fit the family is EINVAL, a family that is none of ours EAFNOSUPPORT. AF_UNSPEC, and a
  /// nullptr of size 0, are no address. Port and address are in network byte order, as the system has them.
  static address from_native(const sockaddr* native, std::size_t size,
                             std::source_location where = std::source_location::current());
  /// The same where the C side gives no size. Only IPv4, IPv6, AF_UNSPEC and nullptr, of which the family
  /// tells it; the bytes of the family's own struct must be readable.
  static address from_native(const sockaddr* native,
                             std::source_location where = std::source_location::current());

  address_family family() const noexcept { return family_; }
  explicit operator bool() const noexcept { return family_ != address_family::none; }
  bool is_ip() const noexcept { return family_ == address_family::ip4 || family_ == address_family::ip6; }

  /// For the system: valid as long as this object, nullptr if there is no address.
  const sockaddr* native() const noexcept;
  /// In bytes.
  std::size_t size() const noexcept { return size_; }

  /// In the host's byte order; 0 where there is none.
  std::uint16_t port() const noexcept;
  address with_port(std::uint16_t port, std::source_location where = std::source_location::current()) const;

  /// "127.0.0.1", "fe80::1": without port and zone. Empty where there is none.
  std::string host() const;
  /// The 4 or 16 bytes of an IP address in network order; empty for others. As long as this object.
  std::span<const std::byte> ip_bytes() const noexcept;

  /// The index of the interface that a link-local IPv6 address is on; 0 where there is none.
  std::uint32_t scope_id() const noexcept;
  /// IPv6 only: for others it is misuse.
  address with_scope_id(std::uint32_t scope_id,
                        std::source_location where = std::source_location::current()) const;
  /// Traffic class and flow label of IPv6, the bits of sin6_flowinfo in the host's byte order; 0 where there
  /// is none. Text has no place for it: to_string leaves it out.
  std::uint32_t flow_info() const noexcept;
  /// IPv6 only: for others it is misuse.
  address with_flow_info(std::uint32_t flow_info,
                         std::source_location where = std::source_location::current()) const;

  /// The path of a Unix socket, if it has one. As long as this object.
  std::optional<std::string_view> unix_path() const noexcept;
  /// The abstract name of a Unix socket, if it has one. As long as this object.
  std::optional<std::string_view> unix_abstract() const noexcept;

  /// 127.0.0.0/8, ::1, and ::ffff:127.0.0.0/104: what a socket for both families says of an IPv4 peer.
  bool is_loopback() const noexcept;
  /// 0.0.0.0 and ::.
  bool is_any() const noexcept;

  /// "127.0.0.1:80", "[fe80::1%eth0]:80", "unix:/a", "unix:@name", "unix:" (unnamed), "none". What stands in
  /// the name of a Unix socket and is not printable ASCII is written \xHH if it is below 0x20 or 0x7f; so are
  /// a backslash, and the @ that a path begins with. An interface that is not there any more has its number.
  std::string to_string() const;

  friend bool operator==(const address& left, const address& right) noexcept;
  friend std::strong_ordering operator<=>(const address& left, const address& right) noexcept;
  friend std::ostream& operator<<(std::ostream& out, const address& address);

 private:
  friend struct std::hash<address>;
  std::size_t hash() const noexcept;
  std::string_view unix_bytes() const noexcept;
  static address make_local(std::string_view bytes, std::size_t size) noexcept;

  // As large as any sockaddr (sockaddr_storage). In canonical form: what has no meaning is 0.
  static constexpr std::size_t capacity = 128;
  alignas(8) std::array<std::byte, capacity> bytes_{};
  std::uint32_t size_ = 0;
  address_family family_ = address_family::none;
};

}  // namespace gauntlet

template <>
struct std::hash<gauntlet::address> {
  std::size_t operator()(const gauntlet::address& address) const noexcept { return address.hash(); }
};

#pragma GCC visibility pop
