#pragma once
/// How a file is read: how strict, how much, and what is kept. For decoder and push_decoder alike.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory_resource>
#include <string>
#include <vector>

#include "gauntlet/png/limits.hpp"
#include "gauntlet/png/metadata.hpp"
#include "gauntlet/stop_token.hpp"

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// What to do about a chunk whose checksum is wrong. (png_set_crc_action)
enum class crc_action : std::uint8_t {
  standard = 0,  ///< critical chunks: error; others: warn_discard
  error = 1,
  warn_discard = 2,  ///< not for critical chunks
  warn_use = 3,
  quiet_use = 4,
};

/// Which unknown chunks become metadata. (png_set_keep_unknown_chunks)
enum class keep_chunks : std::uint8_t {
  none = 1,
  ancillary = 2,  ///< an unknown critical chunk is an error
  all = 3,
};

struct chunk_policy {
  std::string name{};  ///< also of one that libpng knows: it is then treated as unknown
  keep_chunks keep = keep_chunks::all;
};

struct decoder_options {
  png::limits limits{};
  crc_action critical_crc = crc_action::standard;
  crc_action ancillary_crc = crc_action::standard;
  /// A bad Adler-32 behind the pixels is not looked at; errc::unsupported if libpng or zlib cannot.
  bool ignore_adler32 = false;
  /// Errors that libpng can go on after are warnings; else errors. (png_set_benign_errors)
  bool benign_errors_are_warnings = true;
  /// Pixels beyond the palette are warned of at the end. (png_set_check_for_invalid_index)
  bool check_for_invalid_index = true;
  keep_chunks unknown_chunks = keep_chunks::none;
  std::vector<chunk_policy> chunks{};  ///< by name, before unknown_chunks
  /// Sees each unknown chunk as it comes; true if that was all, false to have it kept or not as above. What
  /// it throws comes out of the call that read the chunk. (png_set_read_user_chunk_fn)
  std::function<bool(const unknown_chunk&)> on_unknown_chunk{};
  std::uint8_t signature_bytes = 0;      ///< how many bytes of the signature were read before: 0 to 8
  std::size_t buffer_size = 0;           ///< of compressed data read at once; 0: libpng's 8192
  bool maximum_inflate_window = false;   ///< for files that claim too small a window
  bool skip_srgb_profile_check = false;  ///< PNG_SKIP_sRGB_CHECK_PROFILE
  bool allow_mng_features = false;       ///< empty palettes and filter 64, as embedded in MNG
  stop_token stop{};                     ///< looked at between rows; then std::errc::operation_canceled
  /// Where libpng and zlib get their memory; must outlive the decoder. Null: malloc.
  std::pmr::memory_resource* memory = nullptr;
};

}  // namespace gauntlet::png

#pragma GCC visibility pop
