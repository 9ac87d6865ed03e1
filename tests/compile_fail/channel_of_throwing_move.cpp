// expected: a value that could throw on its way could be lost
#include <gauntlet/channel.hpp>

struct number {
  number() = default;
  number(number&&) {}
};

gauntlet::channel<int>* use(gauntlet::channel<int>* jobs) { return jobs; }
#ifdef MUST_NOT_COMPILE
gauntlet::channel<number> refused(1);
#endif
