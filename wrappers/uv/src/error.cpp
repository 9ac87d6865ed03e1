#include "gauntlet/uv/error.hpp"

#include <uv.h>

#include <array>

namespace gauntlet::uv {
namespace {

static_assert(static_cast<int>(errc::unknown) == UV_UNKNOWN && static_cast<int>(errc::eof) == UV_EOF);
static_assert(static_cast<int>(errc::eai_addrfamily) == UV_EAI_ADDRFAMILY &&
              static_cast<int>(errc::eai_again) == UV_EAI_AGAIN &&
              static_cast<int>(errc::eai_badflags) == UV_EAI_BADFLAGS &&
              static_cast<int>(errc::eai_canceled) == UV_EAI_CANCELED &&
              static_cast<int>(errc::eai_fail) == UV_EAI_FAIL &&
              static_cast<int>(errc::eai_family) == UV_EAI_FAMILY &&
              static_cast<int>(errc::eai_memory) == UV_EAI_MEMORY &&
              static_cast<int>(errc::eai_nodata) == UV_EAI_NODATA &&
              static_cast<int>(errc::eai_noname) == UV_EAI_NONAME &&
              static_cast<int>(errc::eai_overflow) == UV_EAI_OVERFLOW &&
              static_cast<int>(errc::eai_service) == UV_EAI_SERVICE &&
              static_cast<int>(errc::eai_socktype) == UV_EAI_SOCKTYPE &&
              static_cast<int>(errc::eai_badhints) == UV_EAI_BADHINTS &&
              static_cast<int>(errc::eai_protocol) == UV_EAI_PROTOCOL);

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "uv"; }

  std::string message(int status) const override {
    std::array<char, 128> text{};
    return uv_strerror_r(status, text.data(), text.size());
  }

  std::error_condition default_error_condition(int status) const noexcept override {
    switch (static_cast<errc>(status)) {
      case errc::eai_again:
        return std::errc::resource_unavailable_try_again;
      case errc::eai_memory:
        return std::errc::not_enough_memory;
      case errc::eai_canceled:
        return std::errc::operation_canceled;
      case errc::eai_badflags:
      case errc::eai_badhints:
        return std::errc::invalid_argument;
      case errc::eai_family:
      case errc::eai_addrfamily:
        return std::errc::address_family_not_supported;
      case errc::eai_overflow:
        return std::errc::value_too_large;
      case errc::eai_socktype:
        return std::errc::wrong_protocol_type;
      case errc::eai_protocol:
        return std::errc::protocol_not_supported;
      case errc::unknown:
      case errc::eof:
      case errc::eai_fail:
      case errc::eai_nodata:
      case errc::eai_noname:
      case errc::eai_service:
        return {status, *this};
    }
    if (status >= 0) return {status, *this};
    // Where there is errno, libuv's numbers are errno's, negated.
    return std::generic_category().default_error_condition(-status);
  }
};

}  // namespace

const std::error_category& uv_category() noexcept {
  static const category instance;
  return instance;
}

std::error_code make_error_code(int status) noexcept { return {status, uv_category()}; }
std::error_code make_error_code(errc code) noexcept { return make_error_code(static_cast<int>(code)); }

std::string error_name(const std::error_code& code) {
  std::array<char, 64> text{};
  return uv_err_name_r(code.value(), text.data(), text.size());
}

int translate_sys_error(int system_error) noexcept { return uv_translate_sys_error(system_error); }

error::error(int status, std::string_view operation, std::string_view subject, std::source_location where,
             std::string_view detail)
    : gauntlet::error(make_error_code(status), operation, subject, detail, where) {}

}  // namespace gauntlet::uv
