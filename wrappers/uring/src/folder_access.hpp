#pragma once
// How operations on names begin where their paths do.

#include <fcntl.h>

#include <source_location>
#include <utility>

#include "descriptor_block.hpp"
#include "gauntlet/uring/names.hpp"
#include "ring_core.hpp"

namespace gauntlet::uring::detail {

struct folder_access {
  /// An operation whose fd is the folder.
  template <class T, class Kept>
  static ring_operation<T, Kept> begin(const folder_ref& from, const opcode& code, operands with,
                                       typename ring_operation<T, Kept>::value_of value,
                                       const std::source_location& where, Kept kept) {
    if (from.folder_ != nullptr)
      return {
          descriptor_access::use(*from.folder_, code.kind, where), code, with, value, where, std::move(kept)};
    with.fd = AT_FDCWD;
    return {ring_core::of(*from.ring_, code.kind, where), code, with, value, where, std::move(kept)};
  }
  static ring_core& ring_of(const folder_ref& from, const char* operation,
                            const std::source_location& where) {
    if (from.folder_ == nullptr) return ring_core::of(*from.ring_, operation, where);
    return descriptor_access::use(*from.folder_, operation, where).ring();
  }
  static void require_ring(const folder_ref& from, const ring_core& ring, const char* operation,
                           const std::source_location& where) {
    if (&ring_of(from, operation, where) != &ring)
      throw misuse(operation, "a folder is of another ring: use two of one ring's", where);
  }
  /// The number of another one of the same ring, and what keeps it from being closed.
  static std::pair<int, descriptor_use> second(const folder_ref& second, const folder_ref& first,
                                               const char* operation, const std::source_location& where) {
    require_ring(second, ring_of(first, operation, where), operation, where);
    if (second.folder_ == nullptr) return {AT_FDCWD, descriptor_use()};
    descriptor_block& used = descriptor_access::use(*second.folder_, operation, where);
    return {used.number(), descriptor_use(used)};
  }
};

/// native: O_ flags that are added. Throws misuse.
kept_open kept_open_of(path_ref path, const uring::open_how& how, int native, const char* operation,
                       const std::source_location& where);

}  // namespace gauntlet::uring::detail
