#pragma once

#include <cstdint>
#include <optional>
#include <string>

#pragma GCC visibility push(default)

namespace gauntlet::png {

/// What a warning is about.
enum class severity : std::uint8_t {
  metadata,  ///< an ancillary chunk, or the way libpng is used: the pixels are as they were meant
  image,     ///< a chunk of the image itself: pixels may not be as they were meant
  skipped,   ///< a chunk was left out, because it is larger than limits allow
};

/// libpng goes on after what it warns of.
struct warning {
  png::severity severity = png::severity::metadata;
  std::string message{};
  std::string chunk{};       ///< "tEXt", or ""
  std::uint64_t offset = 0;  ///< bytes read or written until then
  std::optional<std::uint32_t> row{};
  std::optional<int> pass{};  ///< of Adam7, 0 to 6
};

}  // namespace gauntlet::png

#pragma GCC visibility pop
