#pragma once
/// What can be wrong with the bytes of an HTTP message, and where in them.

#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>

#include "gauntlet/error.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::llhttp {

/// llhttp's numbers (HPE_*, llhttp_errno_t), and from 1000 on those of request_reader.
enum class errc {
  internal = 1,
  strict = 2,
  lf_expected = 3,
  unexpected_content_length = 4,  ///< twice, or beside Transfer-Encoding
  closed_connection = 5,          ///< bytes behind a message that was to be the last
  invalid_method = 6,
  invalid_url = 7,
  invalid_constant = 8,  ///< not "HTTP/" where it must stand
  invalid_version = 9,
  invalid_header_token = 10,
  invalid_content_length = 11,
  invalid_chunk_size = 12,
  invalid_status = 13,
  invalid_eof_state = 14,  ///< the stream ends inside a message
  invalid_transfer_encoding = 15,
  cb_message_begin = 16,  ///< a callback has failed; what it threw came out of execute()
  cb_headers_complete = 17,
  cb_message_complete = 18,
  cb_chunk_header = 19,
  cb_chunk_complete = 20,
  paused = 21,  ///< not failures, these three: execute() tells them as a value
  paused_upgrade = 22,
  paused_h2_upgrade = 23,
  user = 24,
  cr_expected = 25,
  cb_url_complete = 26,
  cb_status_complete = 27,
  cb_header_field_complete = 28,
  cb_header_value_complete = 29,
  unexpected_space = 30,
  cb_reset = 31,
  cb_method_complete = 32,
  cb_version_complete = 33,
  cb_chunk_extension_name_complete = 34,
  cb_chunk_extension_value_complete = 35,

  target_too_long = 1000,         ///< request_limits::target_bytes
  head_too_large,                 ///< request_limits::header_bytes
  too_many_headers,               ///< request_limits::headers
  chunk_extensions_too_large,     ///< of one chunk; request_limits::header_bytes
  version_not_supported,          ///< neither HTTP/1.1 nor HTTP/1.0
  transfer_coding_not_supported,  ///< another than "chunked"
};

/// Names are llhttp's (llhttp_errno_name). Compares with std::errc where there is a common meaning:
/// closed_connection is connection_aborted; the limits are value_too_large; version_not_supported,
/// transfer_coding_not_supported and paused_h2_upgrade are not_supported; all else that is wrong with the
/// bytes is illegal_byte_sequence.
const std::error_category& llhttp_category() noexcept;
std::error_code make_error_code(errc code) noexcept;

/// llhttp's name of it: "HPE_INVALID_METHOD". Of request_reader's own, the name above. Empty for a number
/// that is none.
std::string_view name(errc code) noexcept;

class error : public gauntlet::error {
 public:
  /// offset: how many bytes of the stream were accepted.
  error(errc code, std::string_view operation, std::string_view reason, std::uint64_t offset,
        std::source_location where);

  /// llhttp's sentence: "Invalid char in url path" (llhttp_get_error_reason).
  const std::string& reason() const noexcept { return *reason_; }
  /// Bytes that were accepted before, since the parser was made or reset. What a callback refuses, as a
  /// limit, is noticed where a piece ends.
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  std::shared_ptr<const std::string> reason_;  // shared, so that copying never throws
  std::uint64_t offset_ = 0;
};

}  // namespace gauntlet::llhttp

template <>
struct std::is_error_code_enum<gauntlet::llhttp::errc> : std::true_type {};

#pragma GCC visibility pop
