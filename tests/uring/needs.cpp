#include "needs.hpp"

#include <gauntlet/shim/uring.h>
#include <liburing.h>
#include <sys/utsname.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <sstream>

namespace gauntlet::uring::test {
namespace {

#ifdef IO_URING_VERSION_MINOR
constexpr int liburing_minor = IO_URING_VERSION_MINOR;
#else
constexpr int liburing_minor = 3;  // the last that does not say it
#endif

std::array<int, 2> linux_version() {
  utsname name{};
  REQUIRE(uname(&name) == 0);
  std::istringstream release(name.release);
  std::array<int, 2> version{};
  char dot = 0;
  REQUIRE(release >> version[0] >> dot >> version[1]);
  return version;
}

}  // namespace

void require_prepared(const char* name) {
  if (!gauntlet_uring_has(name)) SKIP("the liburing of this build has no " << name);
}

bool has_liburing(int minor) { return liburing_minor >= minor; }

void require_liburing(int minor) {
  if (!has_liburing(minor)) SKIP("the liburing of this build is older than 2." << minor);
}

void require_operation(operation_code code) {
  if (!supports(code)) SKIP(name_of(code) << " is there since Linux " << since(code));
}

void require_linux(int major, int minor, const char* what) {
  if (linux_version() < std::array{major, minor})
    SKIP(what << " is there since Linux " << major << '.' << minor);
}

}  // namespace gauntlet::uring::test
