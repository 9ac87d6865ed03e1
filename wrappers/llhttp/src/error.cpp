#include "gauntlet/llhttp/error.hpp"

#include <llhttp.h>

namespace gauntlet::llhttp {
namespace {

constexpr bool is(errc ours, llhttp_errno_t theirs) { return static_cast<int>(ours) == theirs; }
static_assert(is(errc::internal, HPE_INTERNAL) && is(errc::strict, HPE_STRICT) &&
              is(errc::lf_expected, HPE_LF_EXPECTED) &&
              is(errc::unexpected_content_length, HPE_UNEXPECTED_CONTENT_LENGTH) &&
              is(errc::closed_connection, HPE_CLOSED_CONNECTION) &&
              is(errc::invalid_method, HPE_INVALID_METHOD) && is(errc::invalid_url, HPE_INVALID_URL) &&
              is(errc::invalid_constant, HPE_INVALID_CONSTANT) &&
              is(errc::invalid_version, HPE_INVALID_VERSION) &&
              is(errc::invalid_header_token, HPE_INVALID_HEADER_TOKEN) &&
              is(errc::invalid_content_length, HPE_INVALID_CONTENT_LENGTH) &&
              is(errc::invalid_chunk_size, HPE_INVALID_CHUNK_SIZE) &&
              is(errc::invalid_status, HPE_INVALID_STATUS) &&
              is(errc::invalid_eof_state, HPE_INVALID_EOF_STATE) &&
              is(errc::invalid_transfer_encoding, HPE_INVALID_TRANSFER_ENCODING));
static_assert(is(errc::cb_message_begin, HPE_CB_MESSAGE_BEGIN) &&
              is(errc::cb_headers_complete, HPE_CB_HEADERS_COMPLETE) &&
              is(errc::cb_message_complete, HPE_CB_MESSAGE_COMPLETE) &&
              is(errc::cb_chunk_header, HPE_CB_CHUNK_HEADER) &&
              is(errc::cb_chunk_complete, HPE_CB_CHUNK_COMPLETE) && is(errc::paused, HPE_PAUSED) &&
              is(errc::paused_upgrade, HPE_PAUSED_UPGRADE) &&
              is(errc::paused_h2_upgrade, HPE_PAUSED_H2_UPGRADE) && is(errc::user, HPE_USER) &&
              is(errc::cr_expected, HPE_CR_EXPECTED) && is(errc::cb_url_complete, HPE_CB_URL_COMPLETE) &&
              is(errc::cb_status_complete, HPE_CB_STATUS_COMPLETE) &&
              is(errc::cb_header_field_complete, HPE_CB_HEADER_FIELD_COMPLETE) &&
              is(errc::cb_header_value_complete, HPE_CB_HEADER_VALUE_COMPLETE) &&
              is(errc::unexpected_space, HPE_UNEXPECTED_SPACE) && is(errc::cb_reset, HPE_CB_RESET) &&
              is(errc::cb_method_complete, HPE_CB_METHOD_COMPLETE) &&
              is(errc::cb_version_complete, HPE_CB_VERSION_COMPLETE) &&
              is(errc::cb_chunk_extension_name_complete, HPE_CB_CHUNK_EXTENSION_NAME_COMPLETE) &&
              is(errc::cb_chunk_extension_value_complete, HPE_CB_CHUNK_EXTENSION_VALUE_COMPLETE));

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "llhttp"; }

  std::string message(int code) const override {
    const std::string_view known = llhttp::name(static_cast<errc>(code));
    return std::string(known.empty() ? "unknown error" : known);
  }

  std::error_condition default_error_condition(int code) const noexcept override {
    switch (static_cast<errc>(code)) {
      case errc::closed_connection:
        return std::errc::connection_aborted;
      case errc::target_too_long:
      case errc::head_too_large:
      case errc::too_many_headers:
      case errc::chunk_extensions_too_large:
        return std::errc::value_too_large;
      case errc::version_not_supported:
      case errc::transfer_coding_not_supported:
      case errc::paused_h2_upgrade:
        return std::errc::not_supported;
      case errc::strict:
      case errc::lf_expected:
      case errc::cr_expected:
      case errc::unexpected_content_length:
      case errc::unexpected_space:
      case errc::invalid_method:
      case errc::invalid_url:
      case errc::invalid_constant:
      case errc::invalid_version:
      case errc::invalid_header_token:
      case errc::invalid_content_length:
      case errc::invalid_chunk_size:
      case errc::invalid_status:
      case errc::invalid_eof_state:
      case errc::invalid_transfer_encoding:
        return std::errc::illegal_byte_sequence;
      default:  // llhttp's own affairs, and its callbacks'
        return {code, *this};
    }
  }
};

std::string detail_of(std::string_view reason, std::uint64_t offset) {
  std::string text(reason);
  return text.append(" (at byte ").append(std::to_string(offset)).append(")");
}

}  // namespace

const std::error_category& llhttp_category() noexcept {
  static const category instance;
  return instance;
}

std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), llhttp_category()}; }

std::string_view name(errc code) noexcept {
  switch (code) {
    case errc::target_too_long:
      return "target_too_long";
    case errc::head_too_large:
      return "head_too_large";
    case errc::too_many_headers:
      return "too_many_headers";
    case errc::chunk_extensions_too_large:
      return "chunk_extensions_too_large";
    case errc::version_not_supported:
      return "version_not_supported";
    case errc::transfer_coding_not_supported:
      return "transfer_coding_not_supported";
    default:
      break;
  }
  switch (const int number = static_cast<int>(code)) {
#define GAUNTLET_KNOWN(value, name, text) case value:
    HTTP_ERRNO_MAP(GAUNTLET_KNOWN)
#undef GAUNTLET_KNOWN
    // SAFETY: for another number llhttp ends the program.
    return llhttp_errno_name(static_cast<llhttp_errno_t>(number));
    default:
      return {};
  }
}

error::error(errc code, std::string_view operation, std::string_view reason, std::uint64_t offset,
             std::source_location where)
    : gauntlet::error(make_error_code(code), operation, "HTTP message", detail_of(reason, offset), where),
      reason_(std::make_shared<const std::string>(reason)),
      offset_(offset) {}

}  // namespace gauntlet::llhttp
