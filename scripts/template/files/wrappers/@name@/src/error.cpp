#include "gauntlet/@name@/error.hpp"

#include <string>

namespace gauntlet::@name@ {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "@name@"; }

  std::string message(int code) const override {
    const std::string_view known = @name@::name(static_cast<errc>(code));
    return std::string(known.empty() ? "unknown error" : known);
  }
};

}  // namespace

const std::error_category& @name@_category() noexcept {
  static const category instance;
  return instance;
}

std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), @name@_category()}; }

std::string_view name(errc code) noexcept {
  switch (code) {
    case errc::failed:
      return "failed";
  }
  return {};
}

error::error(errc code, std::string_view operation, std::string_view subject, std::string_view detail,
             std::source_location where)
    : gauntlet::error(make_error_code(code), operation, subject, detail, where) {}

}  // namespace gauntlet::@name@
