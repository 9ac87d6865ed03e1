// expected: declared with attribute 'nodiscard'
#include <gauntlet/mutex.hpp>
#include <gauntlet/task.hpp>

gauntlet::task<> use(gauntlet::mutex& accounts) {
  const auto held = co_await accounts.lock();
#ifdef MUST_NOT_COMPILE
  accounts.lock();
#endif
}
