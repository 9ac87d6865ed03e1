// expected: declared with attribute 'nodiscard'
#include <gauntlet/timeout.hpp>

gauntlet::task<int> work();

gauntlet::task<> use() {
  co_await gauntlet::with_timeout(std::chrono::seconds(1), work());
#ifdef MUST_NOT_COMPILE
  gauntlet::with_timeout(std::chrono::seconds(1), work());
#endif
}
