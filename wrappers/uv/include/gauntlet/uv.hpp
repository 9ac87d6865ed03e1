#pragma once
/// libuv, whole: one include for all of it.

#include "gauntlet/uv/address.hpp"
#include "gauntlet/uv/error.hpp"
#include "gauntlet/uv/library.hpp"
#include "gauntlet/uv/os.hpp"
#include "gauntlet/uv/shared_library.hpp"
#include "gauntlet/uv/wtf8.hpp"
