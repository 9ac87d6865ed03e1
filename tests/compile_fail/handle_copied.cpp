// expected: use of deleted function
#include <gauntlet/unique_handle.hpp>

int open_it();
void close_it(int);
using handle = gauntlet::unique_handle<open_it, close_it, -1>;

void use(handle& first) {
  const handle moved = std::move(first);
#ifdef MUST_NOT_COMPILE
  const handle copied = moved;
#endif
}
