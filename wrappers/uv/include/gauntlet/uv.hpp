#pragma once
/// libuv, whole: one include for all of it.

#include "gauntlet/uv/error.hpp"
