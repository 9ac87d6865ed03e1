#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gauntlet/error.hpp"
#include "write_metadata.hpp"

namespace gauntlet::png::detail {
namespace {

std::uint32_t number_at(const std::vector<std::byte>& data, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = (number << 8U) | std::to_integer<std::uint32_t>(data[i]);
  return number;
}

/// Four letters as ICC.1 has them.
constexpr std::uint32_t tag(const char (&letters)[5]) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = (number << 8U) | static_cast<unsigned char>(letters[i]);
  return number;
}

void require_profile_size(const std::vector<std::byte>& data, std::source_location where) {
  if (data.size() < 132 || data.size() > 0x7FFFFFFF)
    refuse_metadata("an ICC profile has at least 132 bytes, and at most 2 GiB", where);
  const std::uint32_t said = number_at(data, 0);
  if (said != data.size())
    refuse_metadata("an ICC profile begins with its size: this one says " + std::to_string(said) +
                        ", and has " + std::to_string(data.size()),
                    where);
  if (data[8] > std::byte{3} && data.size() % 4 != 0)
    refuse_metadata("an ICC profile of version 4 is filled up to a multiple of four bytes", where);
}

void require_profile_tags(const std::vector<std::byte>& data, std::source_location where) {
  const std::size_t tags = number_at(data, 128);
  if (tags > (data.size() - 132) / 12)
    refuse_metadata("the ICC profile is shorter than its table of tags", where);
  for (std::size_t i = 0; i < tags; ++i) {
    const std::size_t start = number_at(data, 132 + 12 * i + 4);
    const std::size_t length = number_at(data, 132 + 12 * i + 8);
    if (start > data.size() || length > data.size() - start)
      refuse_metadata("the ICC profile ends before its tag number " + std::to_string(i) + " does", where);
  }
}

}  // namespace

void require_profile(const std::vector<std::byte>& data, bool is_gray, std::source_location where) {
  require_profile_size(data, where);
  require_profile_tags(data, where);
  if (number_at(data, 36) != tag("acsp"))
    refuse_metadata("this is no ICC profile: \"acsp\" does not stand in its bytes 36 to 39", where);
  if (number_at(data, 64) >= 0xFFFF) refuse_metadata("an ICC profile's rendering intent is 0 to 3", where);
  if (number_at(data, 16) != (is_gray ? tag("GRAY") : tag("RGB ")))
    refuse_metadata(is_gray ? "a gray image takes an ICC profile for GRAY"
                            : "a colour image takes an ICC profile for RGB",
                    where);
  const std::uint32_t kind = number_at(data, 12);
  if (kind == tag("abst") || kind == tag("link"))
    refuse_metadata("an image takes the ICC profile of a device, neither an abstract one nor a device link",
                    where);
  const std::uint32_t connection = number_at(data, 20);
  if (connection != tag("XYZ ") && connection != tag("Lab "))
    refuse_metadata("an ICC profile connects to XYZ or Lab", where);
}

}  // namespace gauntlet::png::detail
