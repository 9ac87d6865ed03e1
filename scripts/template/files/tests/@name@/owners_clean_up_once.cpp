@only if made@
#include <catch2/catch_test_macros.hpp>
#include <gauntlet/@name@/owners.hpp>
#include <utility>

namespace gauntlet::@name@::test {
namespace {

// That each is cleaned up, and once, is what the lanes look for: a leak or a double free is their finding.
@each made@
TEST_CASE("@owner@: an owner is moved, emptied and assigned to") {
  @owner@ first = @owner@::init();
  REQUIRE(first);
  @owner@ second = std::move(first);
  CHECK_FALSE(first);
  CHECK(second);
  first = @owner@::init();
  second = std::move(first);
  CHECK(second);
  second.reset();
  CHECK_FALSE(second);
}
@end@

}  // namespace
}  // namespace gauntlet::@name@::test
