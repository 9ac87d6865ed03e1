#pragma once
/// What file_source and file_sink share.

#include <cerrno>
#include <source_location>
#include <string_view>
#include <system_error>

#include "gauntlet/png/error.hpp"

namespace gauntlet::png::detail {

inline constexpr std::size_t buffer_size = 65536;

[[noreturn]] inline void throw_system(int code, std::string_view operation, std::string_view subject,
                                      std::source_location where) {
  throw error(std::error_code(code, std::generic_category()), operation, subject, "", where);
}

}  // namespace gauntlet::png::detail
