#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <gauntlet/uv/address.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "property.hpp"

namespace gauntlet::uv::test {
namespace {

const sockaddr* as_sockaddr(const void* native) { return static_cast<const sockaddr*>(native); }

// ---- any address there is

rc::Gen<address> ip4_addresses() {
  return rc::gen::map(rc::gen::pair(rc::gen::arbitrary<std::uint32_t>(), rc::gen::arbitrary<std::uint16_t>()),
                      [](const auto& drawn) {
                        sockaddr_in native{};
                        native.sin_family = AF_INET;
                        native.sin_addr.s_addr = drawn.first;
                        native.sin_port = drawn.second;
                        return address::from_native(as_sockaddr(&native), sizeof native);
                      });
}

// Many zeroes: they decide how an IPv6 address is written.
rc::Gen<address> ip6_addresses() {
  const auto words = rc::gen::container<std::vector<std::uint16_t>>(
      8, rc::gen::weightedOneOf<std::uint16_t>({{2, rc::gen::just<std::uint16_t>(0)},
                                                {1, rc::gen::just<std::uint16_t>(0xFFFF)},
                                                {3, rc::gen::arbitrary<std::uint16_t>()}}));
  const auto scope = rc::gen::weightedOneOf<std::uint32_t>(
      {{1, rc::gen::just(0U)}, {1, rc::gen::arbitrary<std::uint32_t>()}});
  return rc::gen::map(rc::gen::tuple(words, rc::gen::arbitrary<std::uint16_t>(), scope),
                      [](const auto& drawn) {
                        sockaddr_in6 native{};
                        native.sin6_family = AF_INET6;
                        std::memcpy(&native.sin6_addr, std::get<0>(drawn).data(), sizeof native.sin6_addr);
                        native.sin6_port = std::get<1>(drawn);
                        native.sin6_scope_id = std::get<2>(drawn);
                        return address::from_native(as_sockaddr(&native), sizeof native);
                      });
}

rc::Gen<address> local_addresses() {
  const auto bytes = rc::gen::resize(address::max_unix_path - 1, rc::gen::arbitrary<std::vector<char>>());
  return rc::gen::map(rc::gen::pair(bytes, rc::gen::inRange(0, 3)), [](const auto& drawn) {
    std::string name(drawn.first.begin(), drawn.first.end());
    if (drawn.second == 0) return address::unix_abstract(name);
    std::erase(name, '\0');
    return name.empty() ? address::parse("unix:") : address::unix_path(drawn.second == 1 ? "@" + name : name);
  });
}

rc::Gen<address> addresses() { return rc::gen::oneOf(ip4_addresses(), ip6_addresses(), local_addresses()); }

// ---- texts that are nearly addresses

rc::Gen<std::string> nearly_addresses() {
  const auto piece = rc::gen::oneOf(
      rc::gen::elementOf(std::vector<std::string>{"127.0.0.1", "::1", "[", "]", ":", ".", "%", "unix:", "@",
                                                  "\\x", "80", "65536", "ffff", "0", "lo", "%1",
                                                  std::string(1, '\0')}),
      rc::gen::map(rc::gen::arbitrary<char>(), [](char character) { return std::string(1, character); }));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const auto& pieces) {
    std::string text;
    for (const std::string& each : pieces) text += each;
    return text;
  });
}

// ---- properties

TEST_CASE("the text of any address is parsed as that address, and written the same again") {
  gauntlet::test::check_property([] {
    const address drawn = *addresses();
    const std::string text = drawn.to_string();
    RC_ASSERT(address::parse(text) == drawn);
    RC_ASSERT(address::parse(text).to_string() == text);
    RC_ASSERT(std::ranges::all_of(text, [](char character) {
      return static_cast<unsigned char>(character) >= 0x20 && character != 0x7F;
    }));
  });
}

TEST_CASE("the host of any IP address is parsed as its bytes") {
  gauntlet::test::check_property([] {
    const address ip4 = *ip4_addresses();
    RC_ASSERT(std::ranges::equal(inet_pton4(ip4.host()), ip4.ip_bytes()));
    RC_ASSERT(address::ip(ip4.host(), ip4.port()) == ip4);
    const address ip6 = *ip6_addresses();
    RC_ASSERT(std::ranges::equal(inet_pton6(ip6.host()), ip6.ip_bytes()));
    RC_ASSERT(address::ip(ip6.host(), ip6.port()).with_scope_id(ip6.scope_id()) == ip6);
    std::array<std::byte, 16> bytes{};
    std::ranges::copy(ip6.ip_bytes(), bytes.begin());
    RC_ASSERT(inet_ntop(bytes) == ip6.host());
  });
}

TEST_CASE("any address comes back from the system's form, whatever stands in its padding") {
  gauntlet::test::check_property([](std::uint8_t garbage) {
    const address drawn = *addresses();
    RC_ASSERT(address::from_native(drawn.native(), drawn.size()) == drawn);

    sockaddr_storage storage{};
    std::memcpy(&storage, drawn.native(), drawn.size());
    if (drawn.family() == address_family::ip4)
      std::memset(reinterpret_cast<char*>(&storage) + offsetof(sockaddr_in, sin_zero), garbage,
                  sizeof(sockaddr_in::sin_zero));
    const address read = address::from_native(as_sockaddr(&storage), drawn.size());
    RC_ASSERT(read == drawn);
    RC_ASSERT(std::hash<address>{}(read) == std::hash<address>{}(drawn));
    RC_ASSERT(std::memcmp(read.native(), drawn.native(), drawn.size()) == 0);
  });
}

TEST_CASE("addresses are ordered, totally, and equal ones have one hash") {
  gauntlet::test::check_property([] {
    // Few values, so that equal ones meet.
    const auto near = rc::gen::map(
        rc::gen::tuple(rc::gen::inRange(0, 5), rc::gen::inRange<std::uint16_t>(0, 3)), [](const auto& drawn) {
          const auto [kind, port] = drawn;
          if (kind == 0) return address{};
          if (kind == 1) return address::ip4("1.2.3.4", port);
          if (kind == 2) return address::ip6("::1", 1).with_scope_id(port);
          if (kind == 3) return address::ip6("::1", 1).with_flow_info(port);
          return address::unix_path(std::string(std::size_t{1} + port, 'x'));
        });
    const auto drawing = rc::gen::oneOf(near, addresses());
    const address a = *drawing;
    const address b = *drawing;
    const address c = *drawing;
    RC_ASSERT(((a <=> b) == 0) == (a == b));
    RC_ASSERT((a < b) == (b > a));
    RC_ASSERT((a < b) + (b < a) + (a == b) == 1);
    if (a < b && b < c) RC_ASSERT(a < c);
    if (a == b) RC_ASSERT(std::hash<address>{}(a) == std::hash<address>{}(b));
    if (a == b) RC_ASSERT(a.size() == b.size() && a.to_string() == b.to_string());
  });
}

TEST_CASE("any text is an address or an error, and nothing else") {
  gauntlet::test::check_property([] {
    const std::string text = *nearly_addresses();
    const auto parsed = attempt([&] { return address::parse(text); });
    if (parsed) {
      RC_ASSERT(address::parse(parsed->to_string()) == *parsed);
    } else {
      // All of the message is there: no NUL has cut it off.
      RC_ASSERT(std::string_view(parsed.error().what()).contains("called from"));
    }
  });
}

TEST_CASE("any bytes from the system are an address or an error, and none behind them is read") {
  gauntlet::test::check_property([](std::vector<std::uint8_t> bytes) {
    const auto family =
        *rc::gen::elementOf(std::vector<sa_family_t>{AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, 77});
    bytes.resize(*rc::gen::inRange<std::size_t>(2, 140));
    std::memcpy(bytes.data(), &family, sizeof family);
    // Of just that size, so that a tool sees what is read behind it.
    const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[bytes.size()]);
    std::ranges::copy(bytes, exact.get());
    const auto read =
        attempt([&] { return address::from_native(as_sockaddr(exact.get()), bytes.size()); });
    if (!read) return;
    RC_ASSERT(read->size() <= bytes.size() + 1);
    RC_ASSERT(address::from_native(read->native(), read->size()) == *read);
    // Text has no place for flow info.
    const address told = read->family() == address_family::ip6 ? read->with_flow_info(0) : *read;
    if (told) RC_ASSERT(address::parse(told.to_string()) == told);
  });
}

}  // namespace
}  // namespace gauntlet::uv::test
