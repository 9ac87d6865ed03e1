// expected: from 'int' to non-scalar type
#include <gauntlet/unique_handle.hpp>

int open_it();
void close_it(int);
using handle = gauntlet::unique_handle<open_it, close_it, -1>;

// To own something must be said aloud.
void use() {
  const handle said{3};
#ifdef MUST_NOT_COMPILE
  const handle unsaid = 3;
#endif
}
