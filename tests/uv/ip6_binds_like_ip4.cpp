#include <catch2/catch_test_macros.hpp>

#include "ip6_support.hpp"
#include "pipe_support.hpp"

namespace gauntlet::uv::test {
namespace {

const address loopback6 = address::ip6("::1", 0);
// 100::/64 is for what is to be dropped: nobody has it.
const address nobodys6 = address::ip6("100::1", 0);

TEST_CASE("tcp_bind6_localhost_ok, tcp_bind6_error_addrinuse, _addrnotavail and _inval") {
  loop loop;
  if (!has_ipv6(loop)) return;
  tcp_listener first{loop, loopback6};
  CHECK(first.local_address().host() == "::1");
  first.listen([](tcp) {});
  tcp_listener second{loop, first.local_address()};  // libuv tells of it with listen
  CHECK(error_of([&] { second.listen([](tcp) {}); }) == std::errc::address_in_use);
  CHECK(error_of([&] {
          tcp_listener none(loop, nobodys6);
          none.listen([](tcp) {});
        }) == std::errc::address_not_available);
  tcp client{loop};
  client.bind(loopback6);
  CHECK(error_of([&] { client.bind(loopback6); }) == std::errc::invalid_argument);
  first.close();
  second.close();
  client.close();
  run_to_the_end(loop);
}

TEST_CASE("udp_bind over ::1") {
  loop loop;
  if (!has_ipv6(loop)) return;
  udp first{loop};
  udp second{loop};
  first.bind(loopback6);
  CHECK(first.local_address().host() == "::1");
  CHECK(error_of([&] { second.bind(first.local_address()); }) == std::errc::address_in_use);
  CHECK(error_of([&] { first.bind(loopback6); }) == std::errc::invalid_argument);
  udp third{loop};
  CHECK(error_of([&] { third.bind(nobodys6); }) == std::errc::address_not_available);
  first.close();
  second.close();
  third.close();
  run_to_the_end(loop);
}

TEST_CASE("tcp_create_early_bad_bind, udp_create_early_bad_bind: a socket of the other family is not bound") {
  loop loop;
  if (!has_ipv6(loop)) return;
  tcp stream4{loop, address_family::ip4};
  CHECK(error_of([&] { stream4.bind(loopback6); }) != std::error_code());
  tcp stream6{loop, address_family::ip6};
  CHECK(error_of([&] { stream6.bind(any_port()); }) != std::error_code());
  udp datagrams4{loop, {.family = address_family::ip4}};
  CHECK(error_of([&] { datagrams4.bind(loopback6); }) != std::error_code());
  udp datagrams6{loop, {.family = address_family::ip6}};
  CHECK(error_of([&] { datagrams6.bind(any_port()); }) != std::error_code());
  // They are as they were.
  stream6.bind(loopback6);
  datagrams6.bind(loopback6);
  CHECK(stream6.local_address().host() == datagrams6.local_address().host());
  stream4.close();
  stream6.close();
  datagrams4.close();
  datagrams6.close();
  run_to_the_end(loop);
}

TEST_CASE("udp_options6") {
  loop loop;
  if (!has_ipv6(loop)) return;
  udp used{loop};
  used.bind(loopback6);
  used.set_ttl(1);
  used.set_ttl(255);
  for (const int wrong : {0, 256})
    CHECK(error_of([&] { used.set_ttl(wrong); }) == std::errc::invalid_argument);
  for (const bool on : {true, false}) used.set_multicast_loop(on);
  used.set_multicast_ttl(255);
  used.close();
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
