// expected: deleted
#include <gauntlet/task.hpp>

gauntlet::task<int> one();

gauntlet::task<int> use() {
  gauntlet::task<int> kept = one();
#ifdef MUST_NOT_COMPILE
  co_return co_await kept;
#else
  co_return co_await std::move(kept);
#endif
}
