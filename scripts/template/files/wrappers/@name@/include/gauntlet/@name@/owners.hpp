@only if owners@
#pragma once
/// What @package@ makes and wants cleaned up, each with its owner: cleaned up once, whatever happens. An owner that
/// is false holds nothing: the library could not make it, or it has been moved from.

#include <cstddef>
#include <cstdint>

#include "gauntlet/unique_handle.hpp"

@each forwards@
@forward@;
@end@

#pragma GCC visibility push(default)

namespace gauntlet::@name@ {
namespace detail {

@each owners@
@if block@
struct @owner@_block;  // a @thing@ that never moves: the library knows it by its address
@end@
@declaration@ noexcept;
void clean_up_@owner@(@held@* made) noexcept;
@end@

}  // namespace detail

@each owners@
/// Made by @make@, cleaned up by @clean_up@. To do: its functions, which thread may call them, and what it must outlive.
using @owner@ = unique_handle<&detail::make_@owner@, &detail::clean_up_@owner@>;
@end@

}  // namespace gauntlet::@name@

#pragma GCC visibility pop
