#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <uv.h>

#include <algorithm>
#include <cstring>
#include <gauntlet/uv/address.hpp>
#include <set>
#include <sstream>
#include <unordered_set>
#include <vector>

#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

std::string bytes_of(const address& address) {
  return {reinterpret_cast<const char*>(address.native()), address.size()};
}

template <class Native>
std::string bytes_of_native(const Native& native) {
  return {reinterpret_cast<const char*>(&native), sizeof native};
}

TEST_CASE("an IPv4 address is libuv's, byte for byte") {
  sockaddr_in expected{};
  REQUIRE(uv_ip4_addr("192.0.2.77", 8080, &expected) == 0);
  const address made = address::ip4("192.0.2.77", 8080);
  CHECK(bytes_of(made) == bytes_of_native(expected));
  CHECK(made == address::ip("192.0.2.77", 8080));
  CHECK(made.family() == address_family::ip4);
  CHECK(made.is_ip());
  CHECK(made);
  CHECK(made.port() == 8080);
  CHECK(made.host() == "192.0.2.77");
  CHECK(made.to_string() == "192.0.2.77:8080");
  CHECK(made.ip_bytes().size() == 4);
  CHECK(made.ip_bytes()[0] == std::byte{192});
}

TEST_CASE("an IPv6 address is libuv's, byte for byte") {
  sockaddr_in6 expected{};
  REQUIRE(uv_ip6_addr("2001:db8::7", 65535, &expected) == 0);
  const address made = address::ip6("2001:db8::7", 65535);
  CHECK(bytes_of(made) == bytes_of_native(expected));
  CHECK(made == address::ip("2001:db8::7", 65535));
  CHECK(made.family() == address_family::ip6);
  CHECK(made.port() == 65535);
  CHECK(made.host() == "2001:db8::7");
  CHECK(made.to_string() == "[2001:db8::7]:65535");
  CHECK(made.ip_bytes().size() == 16);
  CHECK(made.scope_id() == 0);
  CHECK(made.flow_info() == 0);
}

TEST_CASE("no address is none") {
  const address none;
  CHECK_FALSE(none);
  CHECK(none.family() == address_family::none);
  CHECK(none.native() == nullptr);
  CHECK(none.size() == 0);
  CHECK(none.port() == 0);
  CHECK(none.host().empty());
  CHECK(none.ip_bytes().empty());
  CHECK(none.to_string() == "none");
  CHECK(none == address{});
  CHECK(none < address::ip4("0.0.0.0", 0));
  CHECK_FALSE(none.is_any());
  CHECK_FALSE(none.is_loopback());
  CHECK_FALSE(none.unix_path());
  CHECK_FALSE(none.unix_abstract());
}

TEST_CASE("a zone is the name of an interface or its number") {
  CHECK(address::ip6("fe80::1%7", 80).scope_id() == 7);
  CHECK(address::parse("[fe80::1%4294967295]:80").scope_id() == 4294967295U);
  int interfaces = 0;
  for (std::uint32_t index = 1; index <= 64; ++index) {
    const auto name = attempt([&] { return interface_name(index); });
    if (!name) continue;
    ++interfaces;
    const address made = address::ip6("fe80::1%" + *name, 80);
    CHECK(made.scope_id() == index);
    CHECK(made.to_string() == "[fe80::1%" + *name + "]:80");
    CHECK(made.host() == "fe80::1");
    CHECK(address::parse(made.to_string()) == made);
    CHECK(interface_id(index) == *name);
    CHECK(interface_index(*name) == index);
    CHECK(if_nametoindex(name->c_str()) == index);
  }
  CHECK(interfaces > 0);  // the first is the loopback interface
}

TEST_CASE("what stands before a zone is taken whole") {
  // libuv's own function cuts it off at 39 bytes, which leaves 1.2.33.12.
  const std::string host = "0000:0000:0000:0000:0000:ffff:1.2.33.125";
  CHECK(address::ip6(host + "%5", 80).host() == "::ffff:1.2.33.125");
}

TEST_CASE("port, scope and flow info can be changed in a copy") {
  const address made = address::ip6("fe80::1", 80);
  const address changed = made.with_port(443).with_scope_id(9).with_flow_info(0x000ABCDE);
  CHECK(changed.port() == 443);
  CHECK(changed.scope_id() == 9);
  CHECK(changed.flow_info() == 0x000ABCDE);
  CHECK(changed.host() == "fe80::1");
  CHECK(made == address::ip6("fe80::1", 80));
  CHECK(changed.with_port(80).with_scope_id(0).with_flow_info(0) == made);
  sockaddr_in6 native{};
  std::memcpy(&native, changed.native(), sizeof native);
  CHECK(native.sin6_flowinfo == htonl(0x000ABCDE));
  CHECK(address::ip4("127.0.0.1", 1).with_port(2) == address::ip4("127.0.0.1", 2));
}

TEST_CASE("a Unix socket is a path or an abstract name") {
  const address path = address::unix_path("/tmp/a");
  CHECK(path.family() == address_family::local);
  CHECK(path.unix_path() == "/tmp/a");
  CHECK_FALSE(path.unix_abstract());
  CHECK(path.size() == offsetof(sockaddr_un, sun_path) + 7);  // with the NUL
  CHECK(path.to_string() == "unix:/tmp/a");
  CHECK(path.port() == 0);
  CHECK(path.host().empty());

  using namespace std::string_view_literals;
  const address abstract = address::unix_abstract("a\0b"sv);
  CHECK(abstract.unix_abstract() == "a\0b"sv);
  CHECK_FALSE(abstract.unix_path());
  CHECK(abstract.size() == offsetof(sockaddr_un, sun_path) + 4);
  CHECK(abstract.to_string() == "unix:@a\\x00b");
  CHECK(address::unix_abstract("").unix_abstract() == "");

  const address unnamed = address::parse("unix:");
  CHECK(unnamed);
  CHECK(unnamed.size() == offsetof(sockaddr_un, sun_path));
  CHECK_FALSE(unnamed.unix_path());
  CHECK_FALSE(unnamed.unix_abstract());
}

TEST_CASE("the longest names of Unix sockets fit whole") {
  const std::string longest(address::max_unix_path, 'x');
  const address path = address::unix_path(longest);
  CHECK(path.unix_path() == longest);
  CHECK(path.size() == sizeof(sockaddr_un));
  const address abstract = address::unix_abstract(longest.substr(1));
  CHECK(abstract.unix_abstract() == longest.substr(1));
  CHECK(abstract.size() == sizeof(sockaddr_un));
}

TEST_CASE("text of an address comes back as the same address") {
  for (const char* const text :
       {"127.0.0.1:80", "0.0.0.0:0", "[::]:0", "[::1]:65535", "[fe80::1%4000000000]:1", "[::ffff:1.2.3.4]:5",
        "unix:/a", "unix:relative", "unix:@name", "unix:@", "unix:", "unix:@@", "unix:\\x40a", "unix:a\\x5cb",
        "unix:\xC3\xA4", "unix:@\\x00\\x0a"}) {
    INFO(text);
    CHECK(address::parse(text).to_string() == text);
    CHECK(address::parse(address::parse(text).to_string()) == address::parse(text));
  }
  CHECK(address::parse("unix:\\x40a").unix_path() == "@a");
  CHECK(address::parse("unix:@@").unix_abstract() == "@");
  CHECK(address::parse("unix:@\\xFf\\xaB") == address::unix_abstract("\xFF\xAB"));
  CHECK(address::parse("[0:0::0:1]:00080") == address::ip6("::1", 80));
}

TEST_CASE("loopback and any are known in both families") {
  for (const char* const text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"}) {
    INFO(text);
    CHECK(address::ip(text, 1).is_loopback());
    CHECK_FALSE(address::ip(text, 1).is_any());
  }
  for (const char* const text : {"0.0.0.0", "::"}) {
    INFO(text);
    CHECK(address::ip(text, 1).is_any());
    CHECK_FALSE(address::ip(text, 1).is_loopback());
  }
  for (const char* const text : {"128.0.0.1", "126.255.255.255", "::2", "::ffff:128.0.0.1",
                                 "::fffe:127.0.0.1", "1::1", "::127.0.0.1"}) {
    INFO(text);
    CHECK_FALSE(address::ip(text, 1).is_loopback());
    CHECK_FALSE(address::ip(text, 1).is_any());
  }
  CHECK_FALSE(address::unix_path("/a").is_loopback());
  CHECK_FALSE(address::unix_path("/a").is_any());
}

TEST_CASE("addresses differ in each of what they mean, and are sorted by it") {
  const std::vector<address> ascending{
      {},
      address::ip4("1.0.0.2", 2),
      address::ip4("1.0.0.2", 256),
      address::ip4("2.0.0.1", 1),
      address::ip6("::1", 1),
      address::ip6("::1", 1).with_flow_info(1),
      address::ip6("::1", 1).with_scope_id(1),
      address::ip6("::1", 2),
      address::ip6("::ffff:1.0.0.2", 2),
      address::parse("unix:"),
      address::unix_abstract(""),
      address::unix_abstract("a"),
      address::unix_path("a"),
      address::unix_path("b"),
      address::unix_path("\xC3\xA4"),
  };
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      INFO(ascending[i] << " and " << ascending[j]);
      CHECK((ascending[i] <=> ascending[j]) == (i <=> j));
      CHECK((ascending[i] == ascending[j]) == (i == j));
    }
  const std::unordered_set<address> hashed(ascending.begin(), ascending.end());
  CHECK(hashed.size() == ascending.size());
  for (const address& each : ascending) CHECK(hashed.contains(each));
}

TEST_CASE("an address is printed as its text") {
  std::ostringstream out;
  out << address::ip6("::1", 80);
  CHECK(out.str() == "[::1]:80");
}

TEST_CASE("inet_pton and inet_ntop are libuv's") {
  CHECK(inet_pton4("1.2.3.4") ==
        std::array<std::byte, 4>{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}});
  std::array<std::byte, 16> expected{};
  expected[0] = std::byte{0xFE};
  expected[1] = std::byte{0x80};
  expected[15] = std::byte{1};
  CHECK(inet_pton6("fe80::1") == expected);
  CHECK(inet_ntop(inet_pton4("1.2.3.4")) == "1.2.3.4");
  CHECK(inet_ntop(expected) == "fe80::1");
  const std::string longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  CHECK(inet_ntop(inet_pton6(longest)) == longest);
}

}  // namespace
}  // namespace gauntlet::uv::test
