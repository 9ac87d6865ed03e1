#include "gauntlet/png/metadata.hpp"

#include <array>
#include <limits>

#include "gauntlet/error.hpp"
#include "gauntlet/shim/png.h"

namespace gauntlet::png {

time time::from(std::chrono::sys_seconds point, std::source_location where) {
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  const int year = static_cast<int>(date.year());
  if (year < 0 || year > std::numeric_limits<std::uint16_t>::max())
    throw misuse("png::time::from", "PNG's years are 0 to 65,535", where);
  return {.year = static_cast<std::uint16_t>(year),
          .month = static_cast<std::uint8_t>(static_cast<unsigned>(date.month())),
          .day = static_cast<std::uint8_t>(static_cast<unsigned>(date.day())),
          .hour = static_cast<std::uint8_t>(clock.hours().count()),
          .minute = static_cast<std::uint8_t>(clock.minutes().count()),
          .second = static_cast<std::uint8_t>(clock.seconds().count())};
}

std::string time::to_rfc1123(std::source_location where) const {
  const gauntlet_png_time raw{
      .year = year, .month = month, .day = day, .hour = hour, .minute = minute, .second = second};
  std::array<char, 29> text{};
  if (gauntlet_png_convert_to_rfc1123(&raw, text.data()) != GAUNTLET_PNG_OK)
    throw misuse("png::time::to_rfc1123", "there is no such time, or its year has more than four digits",
                 where);
  return text.data();
}

std::vector<rgb> grayscale_palette(std::uint8_t bit_depth, std::source_location where) {
  gauntlet_png_palette raw{};
  if (gauntlet_png_build_grayscale_palette(bit_depth, &raw) != GAUNTLET_PNG_OK)
    throw misuse("png::grayscale_palette", "a palette is for 1, 2, 4 or 8 bits", where);
  std::vector<rgb> grays;
  for (std::size_t i = 0; i < raw.size; ++i) grays.push_back({raw.rgb[i][0], raw.rgb[i][1], raw.rgb[i][2]});
  return grays;
}

}  // namespace gauntlet::png
