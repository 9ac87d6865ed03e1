#pragma once
// liburing itself, and which one this is compiled with. From the shim's side, where what liburing's inline
// functions do on purpose is not reported as ours.

#include <inline_queue.h>

/// Of 2.minor or later; the first that says which it is was 2.4.
#ifdef IO_URING_VERSION_MAJOR
#define GAUNTLET_LIBURING_HAS(minor) (IO_URING_VERSION_MAJOR > 2 || IO_URING_VERSION_MINOR >= (minor))
#else
#define GAUNTLET_LIBURING_HAS(minor) ((minor) <= 3)
#endif
