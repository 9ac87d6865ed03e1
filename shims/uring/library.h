/* liburing itself, for the files of this shim, and which version of it this is compiled for. */
#ifndef GAUNTLET_SHIM_URING_LIBRARY_H
#define GAUNTLET_SHIM_URING_LIBRARY_H

/* liburing's inline functions wrap counters and drop signs on purpose; where a lane reports that, it is to be
 * reported of our code only. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("integer", "implicit-conversion"))), \
                             apply_to = function)
#endif
#include <liburing.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

#include "gauntlet/shim/uring.h"

/* The first version that says which it is was 2.4; Finduring.cmake refuses what is older than 2.3. */
#ifdef IO_URING_VERSION_MAJOR
#define LIBURING_MAJOR IO_URING_VERSION_MAJOR
#define LIBURING_MINOR IO_URING_VERSION_MINOR
#else
#define LIBURING_MAJOR 2
#define LIBURING_MINOR 3
#endif
#define LIBURING_IS(major, minor) \
  (LIBURING_MAJOR > (major) || (LIBURING_MAJOR == (major) && LIBURING_MINOR >= (minor)))

/* SINCE_2_4(there, missing): there, if this is compiled for liburing 2.4 or later. */
#define SINCE_2_3(there, missing) there
#if LIBURING_IS(2, 4)
#define SINCE_2_4(there, missing) there
#else
#define SINCE_2_4(there, missing) missing
#endif
#if LIBURING_IS(2, 5)
#define SINCE_2_5(there, missing) there
#else
#define SINCE_2_5(there, missing) missing
#endif
#if LIBURING_IS(2, 6)
#define SINCE_2_6(there, missing) there
#else
#define SINCE_2_6(there, missing) missing
#endif
#if LIBURING_IS(2, 7)
#define SINCE_2_7(there, missing) there
#else
#define SINCE_2_7(there, missing) missing
#endif
#if LIBURING_IS(2, 8)
#define SINCE_2_8(there, missing) there
#else
#define SINCE_2_8(there, missing) missing
#endif
#if LIBURING_IS(2, 9)
#define SINCE_2_9(there, missing) there
#else
#define SINCE_2_9(there, missing) missing
#endif

#endif
