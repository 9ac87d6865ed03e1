#pragma once
/// What libuv answers when something outside the program went wrong.

#include <source_location>
#include <string>
#include <string_view>
#include <system_error>

#include "gauntlet/error.hpp"
#include "gauntlet/outcome.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::uv {

/// libuv's numbers that are not an errno. All others are std::errc's, negated.
enum class errc {
  unknown = -4094,         ///< UV_UNKNOWN
  eof = -4095,             ///< UV_EOF; the wrapper tells the end of a stream as a value
  eai_addrfamily = -3000,  ///< getaddrinfo and getnameinfo, from here on
  eai_again = -3001,
  eai_badflags = -3002,
  eai_canceled = -3003,
  eai_fail = -3004,
  eai_family = -3005,
  eai_memory = -3006,
  eai_nodata = -3007,
  eai_noname = -3008,
  eai_overflow = -3009,
  eai_service = -3010,
  eai_socktype = -3011,
  eai_badhints = -3013,
  eai_protocol = -3014,
};

/// Names and messages are libuv's (uv_err_name_r, uv_strerror_r). Compares with std::errc: -ECONNRESET is
/// std::errc::connection_reset; of getaddrinfo's, eai_again is resource_unavailable_try_again, eai_memory is
/// not_enough_memory, eai_canceled is operation_canceled, eai_badflags and eai_badhints are invalid_argument,
/// eai_family and eai_addrfamily are address_family_not_supported, eai_overflow is value_too_large,
/// eai_socktype is wrong_protocol_type and eai_protocol is protocol_not_supported.
const std::error_category& uv_category() noexcept;
/// status: what a function of libuv answered, negative.
std::error_code make_error_code(int status) noexcept;
std::error_code make_error_code(errc code) noexcept;

/// libuv's short name of a code of uv_category ("ECONNRESET", "EAI_NONAME").
std::string error_name(const std::error_code& code);
/// The negative number that libuv has for a system error, or UV_UNKNOWN (uv_translate_sys_error).
int translate_sys_error(int system_error) noexcept;

/// subject() is what it happened to: a path, an address, a kind of handle.
class error : public gauntlet::error {
 public:
  error(int status, std::string_view operation, std::string_view subject, std::source_location where,
        std::string_view detail = {});

  /// What libuv answered, negative.
  int status() const noexcept { return code().value(); }
  std::string name() const { return error_name(code()); }
};

/// What callbacks are told.
template <class T = void>
using outcome = gauntlet::outcome<T, error>;

}  // namespace gauntlet::uv

template <>
struct std::is_error_code_enum<gauntlet::uv::errc> : std::true_type {};

#pragma GCC visibility pop
