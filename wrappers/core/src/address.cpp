#include "gauntlet/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ostream>

namespace gauntlet {
namespace {

constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);

static_assert(sizeof(address) == 136);
static_assert(address::max_unix_path == sizeof(sockaddr_un::sun_path));

// ---- sockaddrs as values. The bytes of an address are those of its family's struct; memcpy reads and writes
// them without a pointer of another type.

template <class Native>
Native load(std::span<const std::byte> bytes) noexcept {
  Native native;
  // SAFETY: an address of a family has at least the bytes of the family's struct, which is trivially
  // copyable.
  std::memcpy(&native, bytes.data(), sizeof native);
  return native;
}

template <class Native>
void store(const Native& native, std::span<std::byte> bytes) noexcept {
  // SAFETY: as in load.
  std::memcpy(bytes.data(), &native, sizeof native);
}

sockaddr_in canonical(const sockaddr_in& native) noexcept {
  sockaddr_in clean{};
  clean.sin_family = native.sin_family;
  clean.sin_port = native.sin_port;
  clean.sin_addr = native.sin_addr;
  return clean;
}

// ---- text

std::error_code code_of(int number) noexcept { return {number, std::generic_category()}; }

[[noreturn]] void refuse(int number, std::string_view operation, std::string_view text,
                         std::string_view advice, const std::source_location& where) {
  // A NUL inside would end the message.
  std::string subject(text.substr(0, 200));
  std::ranges::replace(subject, '\0', '?');
  throw error(code_of(number), operation, subject, advice, where);
}

// The text with a NUL behind it. Text of addresses comes from outside: a NUL inside is an error, not misuse.
std::string ip_text(std::string_view text, std::string_view operation, const std::source_location& where) {
  if (text.contains('\0')) refuse(EINVAL, operation, text, "there is a NUL inside", where);
  return std::string(text);
}

// Decimal digits and nothing else. Only they reach from_chars: libstdc++'s converts a char that is negative.
template <class Number>
std::optional<Number> number(std::string_view digits) noexcept {
  if (!std::ranges::all_of(digits, [](char digit) { return '0' <= digit && digit <= '9'; }))
    return std::nullopt;
  Number value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{})
    return std::nullopt;
  return value;
}

std::uint32_t scope_of(std::string_view zone, std::string_view operation, std::string_view text,
                       const std::source_location& where) {
  if (const unsigned index = if_nametoindex(ip_text(zone, operation, where).c_str()); index != 0)
    return index;
  // Names come first, as a name may consist of digits.
  if (const auto index = number<std::uint32_t>(zone); index && *index != 0) return *index;
  refuse(ENODEV, operation, text,
         "behind the % stands neither the name of an interface nor its number, which begin at 1", where);
}

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_escaped(std::string& text, char character) {
  const auto byte = static_cast<unsigned char>(character);
  text.append("\\x");
  text += hex_digits[byte >> 4U];
  text += hex_digits[byte & 0xFU];
}

void append_name(std::string& text, std::string_view name) {
  for (const char character : name) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7F || character == '\\')
      append_escaped(text, character);
    else
      text += character;
  }
}

// Of \xHH, in either case.
std::optional<char> unescaped(std::string_view escape) noexcept {
  if (escape.size() != 4 || !escape.starts_with("\\x")) return std::nullopt;
  unsigned value = 0;
  for (const char digit : escape.substr(2)) {
    const std::size_t found = std::string_view("0123456789abcdefABCDEF").find(digit);
    if (found == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(found < 16 ? found : found - 6);
  }
  return static_cast<char>(static_cast<unsigned char>(value));
}

std::string parse_name(std::string_view name, std::string_view text, const std::source_location& where) {
  std::string bytes;
  for (std::size_t at = 0; at < name.size();) {
    if (name[at] != '\\') {
      bytes += name[at++];
      continue;
    }
    const std::optional<char> byte = unescaped(name.substr(at, 4));
    if (!byte)
      refuse(EINVAL, "address::parse", text,
             "a backslash begins \\xHH, a byte as two hexadecimal digits; write \\x5c for a backslash",
             where);
    bytes += *byte;
    at += 4;
  }
  return bytes;
}

// Not that of strings: libstdc++ counts with wrapping numbers there.
std::strong_ordering order_of(std::span<const std::byte> left, std::span<const std::byte> right) noexcept {
  return std::lexicographical_compare_three_way(left.begin(), left.end(), right.begin(), right.end());
}

std::string quoted(std::string_view name) {
  std::string text;
  append_name(text, name);
  return text;
}

[[noreturn]] void refuse_length(std::string_view operation, std::string_view name, std::size_t most,
                                std::string_view advice, const std::source_location& where) {
  throw error(code_of(ENAMETOOLONG), operation, quoted(name),
              std::to_string(name.size()) + " bytes, and the system has room for " + std::to_string(most) +
                  "; " + std::string(advice),
              where);
}

}  // namespace

// ---- from text

address address::ip4(std::string_view host, std::uint16_t port, std::source_location where) {
  sockaddr_in native{};
  const std::string text = ip_text(host, "address::ip4", where);
  native.sin_family = AF_INET;
  native.sin_port = htons(port);
  if (inet_pton(AF_INET, text.c_str(), &native.sin_addr) != 1)
    refuse(EINVAL, "address::ip4", host, "an IPv4 address is four numbers up to 255, as in 127.0.0.1", where);
  address made;
  store(native, made.bytes_);
  made.size_ = sizeof native;
  made.family_ = address_family::ip4;
  return made;
}

address address::ip6(std::string_view host, std::uint16_t port, std::source_location where) {
  const std::size_t percent = host.find('%');
  sockaddr_in6 native{};
  const std::string text = ip_text(host.substr(0, percent), "address::ip6", where);
  native.sin6_family = AF_INET6;
  native.sin6_port = htons(port);
  if (inet_pton(AF_INET6, text.c_str(), &native.sin6_addr) != 1)
    refuse(EINVAL, "address::ip6", host, "an IPv6 address is written as in ::1 or fe80::1%eth0, without []",
           where);
  if (percent != host.npos)
    native.sin6_scope_id = scope_of(host.substr(percent + 1), "address::ip6", host, where);
  address made;
  store(native, made.bytes_);
  made.size_ = sizeof native;
  made.family_ = address_family::ip6;
  return made;
}

address address::ip(std::string_view host, std::uint16_t port, std::source_location where) {
  return host.contains(':') ? ip6(host, port, where) : ip4(host, port, where);
}

// Of a Unix socket: the bytes of sun_path, and how many bytes the system is told.
address address::make_local(std::string_view bytes, std::size_t size) noexcept {
  address made;
  sockaddr_un native{};
  native.sun_family = AF_UNIX;
  // SAFETY: all callers have compared the length with max_unix_path.
  std::ranges::copy(bytes, native.sun_path);
  store(native, made.bytes_);
  made.size_ = static_cast<std::uint32_t>(size);
  made.family_ = address_family::local;
  return made;
}

address address::unix_path(std::string_view path, std::source_location where) {
  if (path.empty())
    throw misuse("address::unix_path", "the path is empty; give one, or use unix_abstract", where);
  if (const std::size_t nul = path.find('\0'); nul != path.npos)
    throw misuse("address::unix_path",
                 std::string("the path has a NUL at byte ")
                     .append(std::to_string(nul))
                     .append(", where C would take it to end; give one without"),
                 where);
  if (path.size() > max_unix_path)
    refuse_length("address::unix_path", path, max_unix_path,
                  "use a shorter path, or one relative to the working directory", where);
  // The NUL behind it counts, where there is room for it.
  return make_local(path, path_offset + std::min(path.size() + 1, max_unix_path));
}

address address::unix_abstract(std::string_view name, std::source_location where) {
  if (name.size() > max_unix_path - 1)
    refuse_length("address::unix_abstract", name, max_unix_path - 1, "use a shorter name", where);
  std::string bytes(1, '\0');
  bytes.append(name);
  return make_local(bytes, path_offset + bytes.size());
}

address address::parse(std::string_view text, std::source_location where) {
  constexpr std::string_view unix_prefix = "unix:";
  if (text.starts_with(unix_prefix)) {
    const std::string_view name = text.substr(unix_prefix.size());
    if (name.empty()) return make_local({}, path_offset);
    const bool abstract = name.starts_with('@');
    const std::string bytes = parse_name(name.substr(abstract ? 1 : 0), text, where);
    if (!abstract && bytes.contains('\0')) refuse(EINVAL, "address::parse", text, "a path has no NUL", where);
    return abstract ? unix_abstract(bytes, where) : unix_path(bytes, where);
  }

  constexpr std::string_view forms = "write 127.0.0.1:80, [::1]:80, unix:/path or unix:@name";
  // Not by rfind: where there is none, libstdc++ counts with a wrapping number.
  if (!text.contains(':')) refuse(EINVAL, "address::parse", text, forms, where);
  const std::size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.starts_with('[') && host.ends_with(']');
  if (!bracketed && host.contains(':')) refuse(EINVAL, "address::parse", text, forms, where);
  const auto port = number<std::uint16_t>(text.substr(colon + 1));
  if (!port) refuse(EINVAL, "address::parse", text, "the port is a decimal number from 0 to 65535", where);
  return bracketed ? ip6(host.substr(1, host.size() - 2), *port, where) : ip4(host, *port, where);
}

// ---- from the system

address address::from_native(const sockaddr* native, std::size_t size, std::source_location where) {
  constexpr std::string_view operation = "address::from_native";
  if (native == nullptr && size == 0) return {};
  if (native == nullptr || size < sizeof(sa_family_t) || size > capacity)
    refuse(EINVAL, operation, "sockaddr", std::to_string(size) + " bytes cannot hold one", where);
  // SAFETY: `size` bytes may be read, and the family is among them. std::byte may alias anything.
  const std::span given(reinterpret_cast<const std::byte*>(native), size);
  sa_family_t family{};
  std::memcpy(&family, given.data(), sizeof family);

  address made;
  switch (family) {
    case AF_UNSPEC:
      return made;
    case AF_INET:
      if (size < sizeof(sockaddr_in))
        refuse(EINVAL, operation, "sockaddr_in", std::to_string(size) + " bytes are too few for one", where);
      store(canonical(load<sockaddr_in>(given)), made.bytes_);
      made.size_ = sizeof(sockaddr_in);
      made.family_ = address_family::ip4;
      return made;
    case AF_INET6:
      if (size < sizeof(sockaddr_in6))
        refuse(EINVAL, operation, "sockaddr_in6", std::to_string(size) + " bytes are too few for one", where);
      // It has no padding: all of its bytes mean something.
      store(load<sockaddr_in6>(given), made.bytes_);
      made.size_ = sizeof(sockaddr_in6);
      made.family_ = address_family::ip6;
      return made;
    case AF_UNIX: {
      // Linux tells one byte more than the struct has for a path that fills it.
      if (size > sizeof(sockaddr_un) + 1)
        refuse(EINVAL, operation, "sockaddr_un", std::to_string(size) + " bytes are too many for one", where);
      const std::span name = given.subspan(path_offset, std::min(size, sizeof(sockaddr_un)) - path_offset);
      // SAFETY: char may alias anything.
      const std::string_view bytes(reinterpret_cast<const char*>(name.data()), name.size());
      if (bytes.empty()) return make_local({}, path_offset);
      if (bytes.starts_with('\0')) return make_local(bytes, path_offset + bytes.size());
      const std::string_view path = bytes.substr(0, bytes.find('\0'));
      return make_local(path, path_offset + std::min(path.size() + 1, max_unix_path));
    }
    default:
      refuse(EAFNOSUPPORT, operation, "family " + std::to_string(family),
             "only AF_INET, AF_INET6 and AF_UNIX are addresses here", where);
  }
}

address address::from_native(const sockaddr* native, std::source_location where) {
  if (native == nullptr) return {};
  sa_family_t family{};
  // SAFETY: a sockaddr begins with its family, at the same place in each of its structs.
  std::memcpy(&family, reinterpret_cast<const std::byte*>(native) + offsetof(sockaddr, sa_family),
              sizeof family);
  switch (family) {
    case AF_INET:
      return from_native(native, sizeof(sockaddr_in), where);
    case AF_INET6:
      return from_native(native, sizeof(sockaddr_in6), where);
    case AF_UNSPEC:
      return {};
    default:
      refuse(EAFNOSUPPORT, "address::from_native", "family " + std::to_string(family),
             "only those of AF_INET and AF_INET6 can be read without their size", where);
  }
}

// ---- what it says

const sockaddr* address::native() const noexcept {
  if (family_ == address_family::none) return nullptr;
  // SAFETY: the bytes are those of the family's struct, aligned for it. The system reads them as such, and
  // sockaddr is how all of its functions name them.
  return reinterpret_cast<const sockaddr*>(bytes_.data());
}

std::uint16_t address::port() const noexcept {
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  return is_ip() ? ntohs(load<sockaddr_in>(bytes_).sin_port) : std::uint16_t{0};
}

address address::with_port(std::uint16_t port, std::source_location where) const {
  if (!is_ip())
    throw misuse("address::with_port", "only IP addresses have a port; ask is_ip() before", where);
  address changed = *this;
  const std::uint16_t network_order = htons(port);
  std::memcpy(changed.bytes_.data() + offsetof(sockaddr_in, sin_port), &network_order, sizeof network_order);
  return changed;
}

std::string address::host() const {
  if (!is_ip()) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  // SAFETY: the text of either family fits.
  inet_ntop(family_ == address_family::ip4 ? AF_INET : AF_INET6, ip_bytes().data(), text.data(), text.size());
  return text.data();
}

std::span<const std::byte> address::ip_bytes() const noexcept {
  switch (family_) {
    case address_family::ip4:
      return std::span(bytes_).subspan(offsetof(sockaddr_in, sin_addr), sizeof(in_addr));
    case address_family::ip6:
      return std::span(bytes_).subspan(offsetof(sockaddr_in6, sin6_addr), sizeof(in6_addr));
    case address_family::none:
    case address_family::local:
      break;
  }
  return {};
}

std::uint32_t address::scope_id() const noexcept {
  return family_ == address_family::ip6 ? load<sockaddr_in6>(bytes_).sin6_scope_id : 0;
}

address address::with_scope_id(std::uint32_t scope_id, std::source_location where) const {
  if (family_ != address_family::ip6)
    throw misuse("address::with_scope_id", "only IPv6 addresses have a scope; ask family() before", where);
  address changed = *this;
  auto native = load<sockaddr_in6>(bytes_);
  native.sin6_scope_id = scope_id;
  store(native, changed.bytes_);
  return changed;
}

std::uint32_t address::flow_info() const noexcept {
  return family_ == address_family::ip6 ? ntohl(load<sockaddr_in6>(bytes_).sin6_flowinfo) : 0;
}

address address::with_flow_info(std::uint32_t flow_info, std::source_location where) const {
  if (family_ != address_family::ip6)
    throw misuse("address::with_flow_info", "only IPv6 addresses have flow info; ask family() before", where);
  address changed = *this;
  auto native = load<sockaddr_in6>(bytes_);
  native.sin6_flowinfo = htonl(flow_info);
  store(native, changed.bytes_);
  return changed;
}

// Without the NUL that ends a path, with the one that begins an abstract name.
std::string_view address::unix_bytes() const noexcept {
  if (family_ != address_family::local) return {};
  // SAFETY: char may alias anything, and size_ is within the bytes, as make_local left it.
  const std::string_view bytes(reinterpret_cast<const char*>(bytes_.data()) + path_offset,
                               size_ - path_offset);
  return bytes.starts_with('\0') ? bytes : bytes.substr(0, bytes.find('\0'));
}

std::optional<std::string_view> address::unix_path() const noexcept {
  const std::string_view bytes = unix_bytes();
  if (bytes.empty() || bytes.starts_with('\0')) return std::nullopt;
  return bytes;
}

std::optional<std::string_view> address::unix_abstract() const noexcept {
  const std::string_view bytes = unix_bytes();
  if (!bytes.starts_with('\0')) return std::nullopt;
  return bytes.substr(1);
}

bool address::is_loopback() const noexcept {
  constexpr std::array<std::byte, 13> mapped_127{
      std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},    std::byte{0},  std::byte{0},
      std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}, std::byte{127}};
  const std::span<const std::byte> bytes = ip_bytes();
  if (family_ == address_family::ip4) return bytes.front() == std::byte{127};
  if (family_ != address_family::ip6) return false;
  if (std::ranges::equal(bytes.first<13>(), mapped_127)) return true;
  return std::ranges::all_of(bytes.first<15>(), [](std::byte byte) { return byte == std::byte{0}; }) &&
         bytes.back() == std::byte{1};
}

bool address::is_any() const noexcept {
  return is_ip() && std::ranges::all_of(ip_bytes(), [](std::byte byte) { return byte == std::byte{0}; });
}

std::string address::to_string() const {
  std::string text;
  switch (family_) {
    case address_family::none:
      return "none";
    case address_family::ip4:
      text = host();
      break;
    case address_family::ip6:
      text.append("[").append(host());
      if (const std::uint32_t scope = scope_id(); scope != 0) {
        std::array<char, IF_NAMESIZE> name{};
        text.append("%").append(if_indextoname(scope, name.data()) != nullptr ? name.data()
                                                                              : std::to_string(scope));
      }
      text.append("]");
      break;
    case address_family::local: {
      text = "unix:";
      if (const auto name = unix_abstract()) {
        text += '@';
        append_name(text, *name);
      } else if (std::string_view path = unix_path().value_or(""); path.starts_with('@')) {
        append_escaped(text, '@');
        append_name(text, path.substr(1));
      } else {
        append_name(text, path);
      }
      return text;
    }
  }
  return text.append(":").append(std::to_string(port()));
}

// ---- comparison: of what the fields mean, in the order of a list that people read

bool operator==(const address& left, const address& right) noexcept { return (left <=> right) == 0; }

std::strong_ordering operator<=>(const address& left, const address& right) noexcept {
  if (left.family_ != right.family_) return left.family_ <=> right.family_;
  if (left.family_ == address_family::local)
    return order_of(std::as_bytes(std::span(left.unix_bytes())),
                    std::as_bytes(std::span(right.unix_bytes())));
  if (const auto order = order_of(left.ip_bytes(), right.ip_bytes()); order != 0) return order;
  if (const auto order = left.port() <=> right.port(); order != 0) return order;
  if (const auto order = left.scope_id() <=> right.scope_id(); order != 0) return order;
  return left.flow_info() <=> right.flow_info();
}

std::size_t address::hash() const noexcept {
  // SAFETY: char may alias anything. The form is canonical, so equal addresses have equal bytes.
  const std::string_view bytes(reinterpret_cast<const char*>(bytes_.data()), size_);
  return std::hash<std::string_view>{}(bytes);
}

std::ostream& operator<<(std::ostream& out, const address& address) { return out << address.to_string(); }

}  // namespace gauntlet
