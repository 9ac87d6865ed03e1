#pragma once

#include <iostream>

#include "support.hpp"

namespace gauntlet::uv::test {

/// Says why a test cannot be where IPv6 is not.
inline bool has_ipv6(loop& loop) {
  try {
    udp trial(loop);
    trial.bind(address::ip6("::1", 0));
    return true;
  } catch (const error& missing) {
    std::cout << "skipped, there is no ::1: " << missing.what() << '\n';
    return false;
  }
}

}  // namespace gauntlet::uv::test
