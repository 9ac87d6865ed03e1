// expected: declared with attribute 'nodiscard'
#include <gauntlet/task.hpp>

gauntlet::task<> work();

gauntlet::task<> use() {
  co_await work();
#ifdef MUST_NOT_COMPILE
  work();
#endif
}
