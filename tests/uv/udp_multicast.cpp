#include <catch2/catch_test_macros.hpp>
#include <iostream>
#include <optional>

#include "pipe_support.hpp"

namespace gauntlet::uv::test {
namespace {

constexpr const char* group = "239.255.0.1";

/// Bound to any address, as who hears multicast must be.
address bind_to_any(udp& bound, address_family family = address_family::ip4) {
  bound.bind(family == address_family::ip4 ? address::ip4("0.0.0.0", 0) : address::ip6("::", 0));
  return bound.local_address();
}

void hears_group(loop& loop, udp& receiver) {
  udp sender{loop};
  sender.bind(any_port());
  sender.set_multicast_interface("127.0.0.1");
  sender.set_multicast_loop(true);
  sender.set_multicast_ttl(1);
  std::string heard;
  receiver.recv_start([&](const datagram& received) {
    heard = text_of(received.bytes);
    receiver.recv_stop();
    sender.close();
  });
  sender.send(buffer_of("all"), address::ip4(group, receiver.local_address().port()));
  loop.run();
  CHECK(heard == "all");
}

TEST_CASE("udp_multicast_join, udp_multicast_ttl, udp_multicast_interface") {
  loop loop;
  udp receiver{loop};
  bind_to_any(receiver);
  receiver.set_membership(group, "127.0.0.1", membership::join_group);
  CHECK(error_of([&] { receiver.set_membership(group, "127.0.0.1", membership::join_group); }) ==
        std::errc::address_in_use);
  hears_group(loop, receiver);
  receiver.set_membership(group, "127.0.0.1", membership::leave_group);
  CHECK(error_of([&] { receiver.set_membership(group, "127.0.0.1", membership::leave_group); }) ==
        std::errc::address_not_available);
  receiver.close();
  run_to_the_end(loop);
}

TEST_CASE("a source's membership hears that source only") {
  loop loop;
  udp receiver{loop};
  bind_to_any(receiver);
  receiver.set_source_membership(group, "127.0.0.1", "127.0.0.1", membership::join_group);
  hears_group(loop, receiver);
  receiver.set_source_membership(group, "127.0.0.1", "127.0.0.1", membership::leave_group);
  receiver.close();
  run_to_the_end(loop);
}

TEST_CASE("udp_multicast_join6, udp_multicast_interface6") {
  loop loop;
  try {
    udp receiver{loop};
    bind_to_any(receiver, address_family::ip6);
    receiver.set_membership("ff02::1", "::%lo", membership::join_group);
    receiver.set_multicast_interface("::%lo");
    receiver.set_multicast_interface({});
    receiver.set_multicast_loop(true);
    receiver.set_multicast_ttl(2);
    receiver.set_membership("ff02::1", "::%lo", membership::leave_group);
  } catch (const error& missing) {
    std::cout << "skipped, there is no multicast over IPv6: " << missing.what() << '\n';
  }
  run_to_the_end(loop);
}

TEST_CASE("groups, interfaces and sources that are none are refused") {
  loop loop;
  udp used{loop};
  bind_to_any(used);
  const auto join = membership::join_group;
  CHECK(error_of([&] { used.set_membership("no address", {}, join); }) == std::errc::invalid_argument);
  CHECK(error_of([&] { used.set_membership(group, "no address", join); }) == std::errc::invalid_argument);
  CHECK(error_of([&] { used.set_source_membership(group, {}, "no address", join); }) ==
        std::errc::invalid_argument);
  const std::string_view cut("239.255.0.1\0.5", 14);
  CHECK(misuse_of([&] { used.set_membership(cut, {}, join); }).find("NUL") != std::string::npos);
  CHECK(misuse_of([&] { used.set_membership(group, cut, join); }) != "");
  CHECK(misuse_of([&] { used.set_source_membership(group, {}, cut, join); }) != "");
  used.close();
  run_to_the_end(loop);
}

}  // namespace
}  // namespace gauntlet::uv::test
