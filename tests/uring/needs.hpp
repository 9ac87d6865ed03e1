#pragma once
// What a test needs of this build's liburing and of the kernel.

#include <gauntlet/uring.hpp>

namespace gauntlet::uring::test {

/// Skips the test where the liburing that this was compiled with lacks an operation; name is liburing's.
void require_prepared(const char* name);

/// Whether it is 2.minor, or younger; and else skips the test.
bool has_liburing(int minor);
void require_liburing(int minor);

/// Skips the test where the kernel lacks it.
void require_operation(operation_code code);

/// Skips the test on an older kernel, and names what that lacks.
void require_linux(int major, int minor, const char* what);

}  // namespace gauntlet::uring::test
