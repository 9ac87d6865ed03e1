// expected: cannot convert 'const gauntlet::uring::fixed_file'
#include <gauntlet/uring.hpp>

gauntlet::task<> use(gauntlet::uring::file_table& table, const gauntlet::uring::file& plain,
                     const gauntlet::uring::fixed_file& placed) {
  const gauntlet::uring::fixed_file added = co_await table.add(plain);
  static_cast<void>(placed);
#ifdef MUST_NOT_COMPILE
  const gauntlet::uring::fixed_file again = co_await table.add(placed);
#endif
}
