#pragma once
/// libuv, whole: one include for all of it.

#include "gauntlet/uv/address.hpp"
#include "gauntlet/uv/error.hpp"
