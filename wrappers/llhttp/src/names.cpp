#include <llhttp.h>

#include "gauntlet/llhttp/method.hpp"
#include "gauntlet/llhttp/parser.hpp"

namespace gauntlet::llhttp {

static_assert(static_cast<int>(method::delete_) == HTTP_DELETE &&
              static_cast<int>(method::msearch) == HTTP_MSEARCH &&
              static_cast<int>(method::pri) == HTTP_PRI && static_cast<int>(method::query) == HTTP_QUERY);

// SAFETY (both): for a number that it does not know llhttp ends the program, so it is asked only for those of
// its own lists.

std::string_view name(method value) noexcept {
  switch (const int number = static_cast<int>(value)) {
#define GAUNTLET_KNOWN(value, name, text) case value:
    HTTP_ALL_METHOD_MAP(GAUNTLET_KNOWN)
#undef GAUNTLET_KNOWN
    return llhttp_method_name(static_cast<llhttp_method_t>(number));
    default:
      return {};
  }
}

std::string_view status_name(int status_code) noexcept {
  switch (status_code) {
#define GAUNTLET_KNOWN(value, name, text) case value:
    HTTP_STATUS_MAP(GAUNTLET_KNOWN)
#undef GAUNTLET_KNOWN
    return llhttp_status_name(static_cast<llhttp_status_t>(status_code));
    default:
      return {};
  }
}

}  // namespace gauntlet::llhttp
