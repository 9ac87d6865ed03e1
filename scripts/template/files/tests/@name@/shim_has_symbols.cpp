@only if shims@
#include <gauntlet/shim/@name@.h>

#include <catch2/catch_test_macros.hpp>

namespace gauntlet::@name@::test {
namespace {

// To do: call them, and compare with what the header's own do.
TEST_CASE("what the header hides has a symbol in the shim") {
@each hidden@
  {
    auto* volatile const function = &::@shim@;
    CHECK(function != nullptr);
  }
@end@
@each guards@
  {
    auto* volatile const function = &::gauntlet_@name@_protect_@tag@;
    CHECK(function != nullptr);
  }
@end@
}

}  // namespace
}  // namespace gauntlet::@name@::test
