// expected: declared with attribute 'nodiscard'
#include <gauntlet/timeout.hpp>

gauntlet::task<> use() {
  co_await gauntlet::sleep_for(std::chrono::seconds(1));
#ifdef MUST_NOT_COMPILE
  gauntlet::sleep_for(std::chrono::seconds(1));
#endif
}
