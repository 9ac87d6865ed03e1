#include "gauntlet/png/metadata.hpp"

#include <array>

#include "gauntlet/error.hpp"
#include "gauntlet/shim/png.h"

namespace gauntlet::png {

namespace {

// The calendar repeats itself every 400 years, and std::chrono::year ends at 32,767.
constexpr std::int64_t years_of_cycle = 400;
constexpr std::int64_t days_of_cycle = 146097;
constexpr std::chrono::sys_days year_zero{std::chrono::year{0} / 1 / 1};

constexpr bool is_leap(std::int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

constexpr std::int64_t days_of(std::int64_t year, unsigned month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

constexpr std::int64_t days_until(std::int64_t year) {
  const std::chrono::year of_cycle{static_cast<int>(year % years_of_cycle)};
  return year / years_of_cycle * days_of_cycle +
         (std::chrono::sys_days{of_cycle / 1 / 1} - year_zero).count();
}

constexpr std::int64_t seconds_of_day = 86400;
constexpr std::int64_t begin_of_years = std::chrono::sys_seconds{year_zero}.time_since_epoch().count();
constexpr std::int64_t end_of_years = begin_of_years + days_until(65536) * seconds_of_day;

}  // namespace

time time::from(std::chrono::sys_seconds point, std::source_location where) {
  const std::int64_t count = point.time_since_epoch().count();
  if (count < begin_of_years || count >= end_of_years)
    throw misuse("png::time::from", "PNG's years are 0 to 65,535", where);
  const std::int64_t days = (count - begin_of_years) / seconds_of_day;
  std::int64_t year = days / days_of_cycle * years_of_cycle;
  std::int64_t day = days % days_of_cycle;  // libstdc++'s calendar counts with wrap-around
  for (; day >= (is_leap(year) ? 366 : 365); ++year) day -= is_leap(year) ? 366 : 365;
  unsigned month = 1;
  for (; day >= days_of(year, month); ++month) day -= days_of(year, month);
  const std::chrono::hh_mm_ss clock{std::chrono::seconds{(count - begin_of_years) % seconds_of_day}};
  return {.year = static_cast<std::uint16_t>(year),
          .month = static_cast<std::uint8_t>(month),
          .day = static_cast<std::uint8_t>(day + 1),
          .hour = static_cast<std::uint8_t>(clock.hours().count()),
          .minute = static_cast<std::uint8_t>(clock.minutes().count()),
          .second = static_cast<std::uint8_t>(clock.seconds().count())};
}

std::string time::to_rfc1123(std::source_location where) const {
  const gauntlet_png_time raw{
      .year = year, .month = month, .day = day, .hour = hour, .minute = minute, .second = second};
  std::array<char, 29> text{};
  if (gauntlet_png_convert_to_rfc1123(&raw, text.data()) != GAUNTLET_PNG_OK)
    throw misuse("png::time::to_rfc1123", "the time must exist, and its year have at most four digits",
                 where);
  return text.data();
}

std::vector<rgb> grayscale_palette(std::uint8_t bit_depth, std::source_location where) {
  gauntlet_png_palette raw{};
  if (gauntlet_png_build_grayscale_palette(bit_depth, &raw) != GAUNTLET_PNG_OK)
    throw misuse("png::grayscale_palette", "say 1, 2, 4 or 8 bits: other gray images have no palette", where);
  std::vector<rgb> grays;
  for (std::size_t i = 0; i < raw.size; ++i) grays.push_back({raw.rgb[i][0], raw.rgb[i][1], raw.rgb[i][2]});
  return grays;
}

}  // namespace gauntlet::png
