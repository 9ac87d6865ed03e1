// expected: declared with attribute 'nodiscard'
#include <gauntlet/coroutines.hpp>

gauntlet::task<> body(gauntlet::scope&);

gauntlet::task<> use() {
  co_await gauntlet::with_scope(body);
#ifdef MUST_NOT_COMPILE
  gauntlet::with_scope(body);
#endif
}
