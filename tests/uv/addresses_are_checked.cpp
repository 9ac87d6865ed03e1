#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <gauntlet/uv/address.hpp>
#include <limits>
#include <memory>
#include <vector>

#include "temporary_folder.hpp"
#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

using namespace std::string_view_literals;

// A sockaddr in memory of just its size: a tool sees each byte that is read behind it.
class exact {
 public:
  template <class Native>
  exact(const Native& native, std::size_t size) : bytes_(new std::byte[size]), size_(size) {
    std::memcpy(bytes_.get(), &native, std::min(size, sizeof native));
    if (size > sizeof native) std::memset(bytes_.get() + sizeof native, 0, size - sizeof native);
  }

  address read() const {
    return address::from_native(reinterpret_cast<const sockaddr*>(bytes_.get()), size_);
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
};

TEST_CASE("text that is no address is an error that says what one is") {
  for (const auto text :
       {""sv, "1"sv, "1.2.3"sv, "1.2.3.4.5"sv, "256.1.1.1"sv, "01.2.3.4"sv, " 1.2.3.4"sv, "1.2.3.4 "sv,
        "localhost"sv, "::1"sv, "1.2.3.4\0"sv, "0x7f.1.1.1"sv, "1..2.3"sv, "-1.2.3.4"sv}) {
    INFO(text);
    CHECK(is_refused([&] { return address::ip4(text, 80); }, std::errc::invalid_argument));
  }
  for (const auto text : {""sv, ":"sv, ":::"sv, "1::2::3"sv, "12345::"sv, "g::"sv, "::1 "sv, "[::1]"sv,
                          "1.2.3.4"sv, "::1.2.3"sv, "1:2:3:4:5:6:7"sv, "1:2:3:4:5:6:7:8:9"sv, "::1\0"sv,
                          "::1\0::"sv, "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"sv}) {
    INFO(text);
    CHECK(is_refused([&] { return address::ip6(text, 80); }, std::errc::invalid_argument));
  }
  const std::string endless(100'000, '1');
  CHECK(is_refused([&] { return address::ip4(endless, 80); }, std::errc::invalid_argument));
  CHECK(is_refused([&] { return address::ip6(endless + ":", 80); }, std::errc::invalid_argument));
}

TEST_CASE("a zone that is no interface is an error") {
  for (const auto zone : {"none-such"sv, ""sv, "0"sv, "4294967296"sv, "-1"sv, "1x"sv, "%lo"sv}) {
    const std::string text = std::string("fe80::1%").append(zone);
    INFO(text);
    CHECK(is_refused([&] { return address::ip6(text, 80); }, std::errc::no_such_device, "behind the %"));
  }
  CHECK(is_refused([&] { return address::ip6("fe80::1%l\0o"sv, 80); }, std::errc::invalid_argument));
  CHECK(is_refused([&] { return interface_index("none-such"); }, std::errc::no_such_device));
  CHECK(is_refused([&] { return interface_name(std::numeric_limits<std::uint32_t>::max()); },
                   std::errc::no_such_device_or_address));
  CHECK(is_refused([&] { return interface_id(0); }, std::errc::no_such_device_or_address));
  CHECK(is_misuse([&] { return interface_index("l\0o"sv); }, "NUL at byte 1"));
}

TEST_CASE("text with a port must be whole") {
  for (const auto text : {""sv,
                          "1.2.3.4"sv,
                          "1.2.3.4:"sv,
                          "1.2.3.4:65536"sv,
                          "1.2.3.4:-1"sv,
                          "1.2.3.4:+1"sv,
                          "1.2.3.4: 1"sv,
                          "1.2.3.4:1 "sv,
                          "1.2.3.4:99999999999999999999"sv,
                          ":80"sv,
                          "[]:80"sv,
                          "[::1]"sv,
                          "::1:80"sv,
                          "[::1:80"sv,
                          "::1]:80"sv,
                          "[1.2.3.4]:80"sv,
                          "[[::1]]:80"sv,
                          "[::1]x:80"sv,
                          "none"sv,
                          "unix"sv,
                          "unix:\\"sv,
                          "unix:\\x"sv,
                          "unix:\\x4"sv,
                          "unix:\\xg0"sv,
                          "unix:\\n00"sv,
                          "unix:a\\x00"sv,
                          "unix:\\x-1"sv,
                          "1.2.3.4:8\0"sv}) {
    INFO(text);
    CHECK(is_refused([&] { return address::parse(text); }, std::errc::invalid_argument));
  }
}

TEST_CASE("an error shows the text, also where there is a NUL in it") {
  const auto failure = value_thrown_by<gauntlet::error>([] { return address::ip4("1.2\0.3"sv, 80); });
  CHECK(std::string_view(failure.what()).starts_with("1.2?.3: address::ip4: Invalid argument"));
  CHECK(std::string_view(failure.what()).contains("addresses_are_checked.cpp:"));
}

TEST_CASE("the name of a Unix socket must fit, and be one") {
  const std::string long_path(address::max_unix_path + 1, 'x');
  CHECK(is_refused([&] { return address::unix_path(long_path); }, std::errc::filename_too_long,
                   "109 bytes, and the system has room for 108; use a shorter path"));
  CHECK(is_refused([&] { return address::unix_abstract(long_path.substr(1)); }, std::errc::filename_too_long,
                   "108 bytes, and the system has room for 107"));
  CHECK(is_refused([&] { return address::parse("unix:" + long_path); }, std::errc::filename_too_long));
  CHECK(is_misuse([] { return address::unix_path(""); }, "the path is empty"));
  CHECK(is_misuse([] { return address::unix_path("a\0b"sv); }, "NUL at byte 1"));
}

TEST_CASE("what an address has not cannot be changed") {
  CHECK(is_misuse([] { return address::unix_path("/a").with_port(1); }, "only IP addresses have a port"));
  CHECK(is_misuse([] { return address{}.with_port(1); }, "only IP addresses have a port"));
  CHECK(is_misuse([] { return address::ip4("1.2.3.4", 1).with_scope_id(1); }, "only IPv6 addresses"));
  CHECK(is_misuse([] { return address::ip4("1.2.3.4", 1).with_flow_info(1); }, "only IPv6 addresses"));
}

TEST_CASE("inet_pton takes nothing but an address") {
  CHECK(is_refused([] { return inet_pton4("1.2.3"); }, std::errc::invalid_argument));
  CHECK(is_refused([] { return inet_pton6("1.2.3.4"); }, std::errc::invalid_argument));
  CHECK(is_refused([] { return inet_pton6("fe80::1%lo"); }, std::errc::invalid_argument, "zone"));
  CHECK(is_refused([] { return inet_pton4("1.2.3.4\0"sv); }, std::errc::invalid_argument));
}

TEST_CASE("a sockaddr of IP is read at each size that holds one, and at no other") {
  sockaddr_in ip4{};
  ip4.sin_family = AF_INET;
  ip4.sin_port = htons(80);
  sockaddr_in6 ip6{};
  ip6.sin6_family = AF_INET6;
  ip6.sin6_port = htons(80);
  for (std::size_t size = 1; size <= 140; ++size) {
    INFO(size);
    if (size >= sizeof ip4 && size <= sizeof(sockaddr_storage))
      CHECK(exact(ip4, size).read() == address::ip4("0.0.0.0", 80));
    else
      CHECK(is_refused([&] { return exact(ip4, size).read(); }, std::errc::invalid_argument));
    if (size >= sizeof ip6 && size <= sizeof(sockaddr_storage))
      CHECK(exact(ip6, size).read() == address::ip6("::", 80));
    else
      CHECK(is_refused([&] { return exact(ip6, size).read(); }, std::errc::invalid_argument));
  }
}

TEST_CASE("a sockaddr of a Unix socket is read at each size") {
  sockaddr_un native{};
  native.sun_family = AF_UNIX;
  constexpr std::size_t offset = offsetof(sockaddr_un, sun_path);
  std::ranges::fill(native.sun_path, 'x');
  for (std::size_t size = offset; size <= sizeof native; ++size) {
    INFO(size);
    const address read = exact(native, size).read();
    const std::string expected(size - offset, 'x');
    if (expected.empty())
      CHECK(read == address::parse("unix:"));
    else
      CHECK(read == address::unix_path(expected));
  }
  // One more, which Linux tells of a path that fills the struct.
  CHECK(exact(native, sizeof native + 1).read().unix_path() == std::string(108, 'x'));
  CHECK(is_refused([&] { return exact(native, sizeof native + 2).read(); }, std::errc::invalid_argument));

  native.sun_path[0] = '\0';
  for (std::size_t size = offset + 1; size <= sizeof native + 1; ++size) {
    INFO(size);
    const std::size_t length = std::min(size, sizeof native) - offset - 1;
    CHECK(exact(native, size).read() == address::unix_abstract(std::string(length, 'x')));
  }
}

TEST_CASE("bytes without a meaning do not make addresses differ") {
  sockaddr_in ip4{};
  std::memset(&ip4, 0xAB, sizeof ip4);
  ip4.sin_family = AF_INET;
  ip4.sin_port = htons(80);
  ip4.sin_addr.s_addr = htonl(0x7F000001);
  const address read = exact(ip4, sizeof ip4).read();
  CHECK(read == address::ip4("127.0.0.1", 80));
  CHECK(std::hash<address>{}(read) == std::hash<address>{}(address::ip4("127.0.0.1", 80)));

  sockaddr_un local{};
  std::memset(&local, 0xAB, sizeof local);
  local.sun_family = AF_UNIX;
  std::ranges::copy("/a"sv, local.sun_path);
  local.sun_path[2] = '\0';
  CHECK(exact(local, sizeof local).read() == address::unix_path("/a"));
  CHECK(exact(local, sizeof local).read().size() == address::unix_path("/a").size());
  CHECK(std::hash<address>{}(exact(local, sizeof local).read()) ==
        std::hash<address>{}(address::unix_path("/a")));
}

TEST_CASE("no address of the system is no address, and a strange one an error") {
  CHECK(address::from_native(nullptr, 0) == address{});
  CHECK(address::from_native(nullptr) == address{});
  sockaddr unspecified{};
  CHECK(exact(unspecified, sizeof unspecified).read() == address{});
  CHECK(address::from_native(&unspecified) == address{});
  CHECK(is_refused([] { return address::from_native(nullptr, 16); }, std::errc::invalid_argument));
  unspecified.sa_family = AF_APPLETALK;
  CHECK(is_refused([&] { return exact(unspecified, sizeof unspecified).read(); },
                   std::errc::address_family_not_supported));
  CHECK(is_refused([&] { return address::from_native(&unspecified); },
                   std::errc::address_family_not_supported));
  unspecified.sa_family = AF_UNIX;
  CHECK(is_refused([&] { return address::from_native(&unspecified); },
                   std::errc::address_family_not_supported, "without their size"));
}

TEST_CASE("without a size the family says how much there is") {
  sockaddr_in ip4{};
  ip4.sin_family = AF_INET;
  CHECK(address::from_native(reinterpret_cast<const sockaddr*>(&ip4)) == address::ip4("0.0.0.0", 0));
  sockaddr_in6 ip6{};
  ip6.sin6_family = AF_INET6;
  CHECK(address::from_native(reinterpret_cast<const sockaddr*>(&ip6)) == address::ip6("::", 0));
}

// ---- the system itself takes them, and gives them back

class socket_of {
 public:
  explicit socket_of(int domain) : descriptor_(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  socket_of(const socket_of&) = delete;
  socket_of& operator=(const socket_of&) = delete;
  ~socket_of() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool bind(const address& where) const {
    return ::bind(descriptor_, where.native(), static_cast<socklen_t>(where.size())) == 0;
  }

  address name() const {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    REQUIRE(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
    return address::from_native(reinterpret_cast<const sockaddr*>(&storage), size);
  }

 private:
  int descriptor_;
};

TEST_CASE("a socket that is bound to an address has that address") {
  const socket_of ip4(AF_INET);
  REQUIRE(ip4.bind(address::ip4("127.0.0.1", 0)));
  CHECK(ip4.name().host() == "127.0.0.1");
  CHECK(ip4.name().port() != 0);

  const socket_of ip6(AF_INET6);
  if (ip6.bind(address::ip6("::1", 0))) CHECK(ip6.name().host() == "::1");  // a container may lack IPv6

  const socket_of unnamed(AF_UNIX);
  CHECK(unnamed.name() == address::parse("unix:"));

  const std::string unique = std::to_string(::getpid()) + ".addresses_are_checked";
  const socket_of abstract(AF_UNIX);
  const address name = address::unix_abstract(unique + std::string(1, '\0') + std::string(40, 'y'));
  REQUIRE(abstract.bind(name));
  CHECK(abstract.name() == name);

  // Paths up to the longest.
  const temporary_folder folder;
  const std::string prefix = folder.path() + "/";
  REQUIRE(prefix.size() < 60);
  for (const std::size_t length : {std::size_t{60}, address::max_unix_path - 1, address::max_unix_path}) {
    const address path = address::unix_path(prefix + std::string(length - prefix.size(), 'x'));
    const socket_of bound(AF_UNIX);
    REQUIRE(bound.bind(path));
    CHECK(bound.name() == path);
  }
}

}  // namespace
}  // namespace gauntlet::uv::test
