#pragma once
/// What can be wrong with a PNG file, and where in it.

#include <cstdint>
#include <optional>
#include <source_location>
#include <string_view>
#include <system_error>

#include "gauntlet/error.hpp"

#pragma GCC visibility push(default)

struct gauntlet_png_failure;

namespace gauntlet::png {

enum class errc {
  empty = 1,             ///< the source has no byte
  not_a_png,             ///< it does not begin with PNG's signature
  truncated,             ///< it ends inside the file
  corrupted,             ///< libpng refuses the data
  limit_exceeded,        ///< it would pass one of png::limits
  invalid_image,         ///< libpng refuses to write this image or metadata
  incompatible_library,  ///< the libpng that runs is not the one that was compiled against
  unsupported,           ///< this libpng, or its zlib, cannot do it
};

const std::error_category& png_category() noexcept;
std::error_code make_error_code(errc code) noexcept;

/// A limit that was passed.
struct broken_limit {
  std::string_view name{};  ///< the field of png::limits
  std::uint64_t allowed = 0;
  std::uint64_t found = 0;
};

/// code() is an errc, or the system's own (no such file, is a directory, permission denied, not enough
/// memory), or operation_canceled where a stop_token asked to stop. Compares with std::errc where there is a
/// common meaning: empty to corrupted are illegal_byte_sequence, limit_exceeded is value_too_large,
/// invalid_image is invalid_argument, incompatible_library and unsupported are not_supported.
class error : public gauntlet::error {
 public:
  error(std::error_code code, std::string_view operation, std::string_view subject, std::string_view detail,
        std::source_location where);
  error(std::error_code code, std::string_view operation, std::string_view subject,
        const gauntlet_png_failure& failure, std::source_location where);

  /// The chunk that was being read or written ("IDAT"), or "".
  std::string_view chunk() const noexcept { return chunk_; }
  /// Bytes of the file read or written until then.
  std::uint64_t offset() const noexcept { return offset_; }
  /// The row that was being read or written, counted from 0.
  std::optional<std::uint32_t> row() const noexcept { return row_; }
  /// Its pass of Adam7, 0 to 6.
  std::optional<int> pass() const noexcept { return pass_; }
  /// Of errc::limit_exceeded.
  const std::optional<broken_limit>& limit() const noexcept { return limit_; }

 private:
  char chunk_[5] = "";
  std::uint64_t offset_ = 0;
  std::optional<std::uint32_t> row_;
  std::optional<int> pass_;
  std::optional<broken_limit> limit_;
};

}  // namespace gauntlet::png

template <>
struct std::is_error_code_enum<gauntlet::png::errc> : std::true_type {};

#pragma GCC visibility pop
