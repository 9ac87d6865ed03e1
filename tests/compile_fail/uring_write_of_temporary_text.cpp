// expected: no matching function
#include <gauntlet/uring.hpp>

gauntlet::task<> use(gauntlet::uring::file& out, std::string& text) {
  co_await out.write_some(std::as_bytes(std::span(text)));
#ifdef MUST_NOT_COMPILE
  co_await out.write_some(std::string("gone"));
#endif
}
