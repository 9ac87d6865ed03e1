// expected: no matching function for call to 'gauntlet::scope::spawn(gauntlet::task<int>)'
#include <gauntlet/scope.hpp>

gauntlet::task<int> number();
gauntlet::task<> nothing();

void use(gauntlet::scope& peers) {
  peers.spawn(nothing());
#ifdef MUST_NOT_COMPILE
  peers.spawn(number());  // whose result would be lost: scope_of<int> keeps it
#endif
}
