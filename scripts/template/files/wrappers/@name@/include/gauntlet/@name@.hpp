#pragma once
/// @package@ whole: includes the other headers of this folder.

#include "gauntlet/@name@/error.hpp"
#include "gauntlet/@name@/library.hpp"
@if owners@
#include "gauntlet/@name@/owners.hpp"
@end@
