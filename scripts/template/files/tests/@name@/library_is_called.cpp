@each before@
#include <@file@>
@end@

@if wrap@
extern "C" {
#include <@header@>
}
@else@
#include <@header@>
@end@

#include <catch2/catch_test_macros.hpp>
#include <string_view>

namespace gauntlet::@name@::test {
namespace {

@if asked@
TEST_CASE("@name@ says which it is") {
@each asked@
@if text@
  CHECK_FALSE(std::string_view(::@function@()).empty());
@else@
  CHECK(::@function@() > 0);
@end@
@end@
}
@else@
// To do: a call. Of its functions none could be called without knowing what it does.
TEST_CASE("@name@ is linked") {
  auto* volatile const function = &::@linked@;
  CHECK(function != nullptr);
}
@end@

}  // namespace
}  // namespace gauntlet::@name@::test
