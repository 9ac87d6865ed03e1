// expected: declared with attribute 'nodiscard'
#include <gauntlet/uring.hpp>

gauntlet::task<> use(gauntlet::uring::ring& own) {
  co_await own.nop();
#ifdef MUST_NOT_COMPILE
  own.nop();
#endif
}
