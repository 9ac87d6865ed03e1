// expected: no matching function for call to
#include <gauntlet/when.hpp>

gauntlet::task<int> number();

gauntlet::task<> use() {
  gauntlet::task<int> kept = number();
#ifdef MUST_NOT_COMPILE
  co_await gauntlet::when_all(kept, number());
#else
  co_await gauntlet::when_all(std::move(kept), number());
#endif
}
