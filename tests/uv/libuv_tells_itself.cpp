#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

#include <gauntlet/uv/library.hpp>

#include "values_support.hpp"

namespace gauntlet::uv::test {
namespace {

TEST_CASE("the version is libuv's") {
  CHECK(library_version_number() == uv_version());
  CHECK(library_version() == uv_version_string());
  CHECK(header_version_number() == UV_VERSION_HEX);
  CHECK(library_version_number() >= 0x012C00);
}

TEST_CASE("an allocator without all of its functions is misuse") {
  CHECK(is_misuse(
      [] {
        replace_allocator({});
        return 0;
      },
      "give all four"));
}

TEST_CASE("descriptors are not handed on once that is forbidden") {
  const int descriptor = ::open("/dev/null", O_RDONLY);  // as one that was inherited: without O_CLOEXEC
  REQUIRE(descriptor >= 0);
  disable_stdio_inheritance();
  CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(STDERR_FILENO, F_GETFD) & FD_CLOEXEC) != 0);
  ::close(descriptor);
}

}  // namespace
}  // namespace gauntlet::uv::test
