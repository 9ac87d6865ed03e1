@only if owners@
#include "gauntlet/@name@/owners.hpp"

@each before@
#include <@file@>
@end@

@if wrap@
extern "C" {
#include <@header@>
}
@else@
#include <@header@>
@end@

@if shims@
#include <gauntlet/shim/@name@.h>
@end@

#include <new>

namespace gauntlet::@name@::detail {

@each owners@
@if block@
struct @owner@_block {
  @thing@ value;
};

@definition@ noexcept {
  auto* const block = new (std::nothrow) @owner@_block{};
  if (block == nullptr) return nullptr;
@if can_fail@
  // To do: that it answers @good@ where all went well is a guess. Read the library's manual.
  if (@call@ != @good@) {
    delete block;
    return nullptr;
  }
@else@
  @call@;
@end@
  return block;
}

void clean_up_@owner@(@held@* made) noexcept {
  static_cast<void>(@clean_up@(&made->value));
  delete made;
}
@else@
@definition@ noexcept {
@if put_out@
  @held@* made = nullptr;
  // To do: what it answers says why there is none.
  static_cast<void>(@call@);
  return made;
@else@
  return @call@;
@end@
}

void clean_up_@owner@(@held@* made) noexcept { static_cast<void>(@clean_up@(made)); }
@end@

@end@
}  // namespace gauntlet::@name@::detail
