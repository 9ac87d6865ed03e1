// expected: could not convert
#include <gauntlet/llhttp.hpp>

namespace llhttp = gauntlet::llhttp;

void use() {
  llhttp::callbacks good{.on_headers_complete = [](llhttp::parser&) { return llhttp::body::as_said; }};
#ifdef MUST_NOT_COMPILE
  llhttp::callbacks bad{.on_headers_complete = [](llhttp::parser&) {}};
#endif
}
