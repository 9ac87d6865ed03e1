#pragma once

#include <source_location>

#include "gauntlet/address.hpp"
#include "gauntlet/error.hpp"

namespace gauntlet::uring::detail {

inline void require_address(const address& given, const char* operation, const std::source_location& where) {
  if (!given) throw misuse(operation, "there is no address: make one with address::parse", where);
}

}  // namespace gauntlet::uring::detail
